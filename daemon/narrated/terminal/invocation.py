"""What every command has in common: the configuration that it is for, and how it may end."""

from typing import TYPE_CHECKING

import click

from narrated.errors import ConfigurationError

if TYPE_CHECKING:
    from narrated.config.values import Config

EXIT_FAILED = 1
EXIT_CONFIGURATION = 3
EXIT_ALREADY_RUNNING = 4
EXIT_STORAGE = 5


def configuration(ctx: click.Context) -> "Config":
    """The configuration in force; ConfigurationError where there is none."""
    from narrated.config.file import find, load

    return load(find(ctx.find_root().obj))


def configuration_if_any(ctx: click.Context) -> "Config | None":
    """The configuration in force; None where there is none and none was named."""
    import os

    from narrated.config.file import find, load

    named = ctx.find_root().obj
    try:
        path = find(named)
    except ConfigurationError:
        if named or os.environ.get("NARRATED_CONFIG"):
            raise
        return None
    return load(path)
