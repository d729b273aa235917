"""The context of each command: its configuration, the daemon's client, and its output."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from narrated.config.values import Config
    from narrated.terminal.daemon_client import DaemonClient

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # as a shell has it

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@dataclass(frozen=True, slots=True)
class CommandContext:
    """The configuration that the command line names, loaded when a command needs it.

    Raises ConfigurationError if it cannot be used.
    """

    path: Path | None
    streams: tuple[int, int] | None = None
    """A worker's own descriptors for frames in and out; None for other commands."""

    @property
    def config(self) -> "Config":
        """The configuration; a command that needs one fails without."""
        from narrated.config.file import find_file, load

        return load(find_file(self.path))

    @property
    def config_if_any(self) -> "Config | None":
        """The configuration; None if there is none and the command line names none."""
        from narrated.config.file import load_optional

        return load_optional(self.path)

    def client(self, config: "Config | None") -> "DaemonClient":
        """The client of the daemon that serves a configuration."""
        from narrated.terminal.daemon_client import DaemonClient

        return DaemonClient(config)

    def daemon_client(self, *, warns: bool = True) -> "DaemonClient":
        """The client of the daemon that runs on the file, also if it would refuse the file now.

        `warns` says so on stderr. Errors: ConfigurationError if no daemon runs on it either.
        """
        from narrated.config.file import find_file
        from narrated.terminal.daemon_client import DaemonClient

        client = DaemonClient.of_file(find_file(self.path))
        if warns and client.refusal:
            click.echo(f"narrated: {client.refusal}", err=True)
        return client


def print_lines(lines: Iterable[str]) -> None:
    """Print each line as soon as it is there."""
    for line in lines:
        click.echo(line)


def print_json(value: Any) -> None:
    """Print a value for programs."""
    click.echo(json.dumps(value, indent=2))


def exit_unless(well: bool) -> None:
    """Exit with EXIT_FAILED if the command failed, as it printed."""
    if not well:
        raise click.exceptions.Exit(EXIT_FAILED)
