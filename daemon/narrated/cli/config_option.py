"""What every command has in common: the configuration that it is for, and how it may end."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from narrated.config.values import Config

EXIT_FAILED = 1
EXIT_CONFIGURATION = 3
EXIT_ALREADY_RUNNING = 4
EXIT_STORAGE = 5


def configuration(ctx: click.Context) -> "Config":
    """The configuration in force; ConfigurationError where there is none."""
    from narrated.config.file import find_file, load

    return load(find_file(ctx.find_root().obj))


def configuration_if_any(ctx: click.Context) -> "Config | None":
    """The configuration in force; None where there is none and none was named."""
    from narrated.config.file import load_optional

    return load_optional(ctx.find_root().obj)
