"""Runs the command line as `python -m narrated.cli`."""

from narrated.cli.entry_point import run

run()
