"""Runs the command line as `python -m narrated.cli`."""

from narrated.cli.main import main

main()
