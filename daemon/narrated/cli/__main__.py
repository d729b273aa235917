"""`python -m narrated.cli`: the command line without its script."""

from narrated.cli.main import main

main()
