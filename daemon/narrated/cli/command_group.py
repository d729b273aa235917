"""A group of commands, whose help is as wide as the terminal and never cut."""

import shutil
from typing import Any

import click

_NARROWEST, _WIDEST = 40, 80
_MARGIN = 2
_NO_LIMIT = 10_000


class CommandGroup(click.Group):
    """Lists each command with its whole summary, wrapped."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands. Click's own cuts a summary that is longer than its line."""
        commands = [self.commands[name] for name in self.list_commands(ctx)]
        rows = [(each.name or "", each.get_short_help_str(_NO_LIMIT)) for each in commands]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line, with help that fits the terminal."""
        options.setdefault("terminal_width", _help_width())
        return super().main(*args, **options)


def _help_width() -> int:
    """The width of help: the terminal's, within bounds. Click's own is never less than 50."""
    columns = shutil.get_terminal_size((_WIDEST, 0)).columns
    return min(max(columns, _NARROWEST), _WIDEST) - _MARGIN
