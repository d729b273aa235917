"""The configuration of a command, from its click context, and its exit code on failure."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from narrated.config.values import Config

EXIT_FAILED = 1


def configuration(ctx: click.Context) -> "Config":
    """Load the configuration. Raises ConfigurationError if there is none."""
    from narrated.config.file import find_file, load

    return load(find_file(ctx.find_root().obj))


def configuration_if_any(ctx: click.Context) -> "Config | None":
    """Load the configuration; None if there is none and the command line names none."""
    from narrated.config.file import load_optional

    return load_optional(ctx.find_root().obj)
