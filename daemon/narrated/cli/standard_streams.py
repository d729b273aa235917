"""The standard streams of a command: closed by its caller, or without room for its output."""

import os
import sys
from contextlib import suppress
from typing import NoReturn

import click

from narrated.cli.command_context import EXIT_FAILED


def open_closed_streams() -> None:
    """Have each stream that is closed lead nowhere.

    Otherwise the next file that is opened gets its number, and is written to as the output.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number is free
        if getattr(sys, name) is None:
            stream = os.fdopen(number, "w" if number else "r", closefd=False)
            setattr(sys, name, stream)


def end_without_output(error: OSError) -> NoReturn:
    """End a command whose output was refused, with a message if there is room for it."""
    with suppress(OSError):
        click.echo(f"narrated: the output could not be written: {error.strerror}.", err=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still buffered
    sys.exit(EXIT_FAILED)
