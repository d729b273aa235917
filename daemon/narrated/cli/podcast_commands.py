"""Commands for the podcast."""

import click

from narrated.cli.command_context import CommandContext, exit_unless, print_lines
from narrated.cli.command_group import CommandGroup

# Commands import their modules when they run: see main.py.


@click.group(cls=CommandGroup)
def podcast() -> None:
    """Check the podcast that the outbox is."""


@podcast.command()
@click.pass_obj
def check(context: CommandContext) -> None:
    """Check the feed by the rules of Apple, Spotify, players and Podcasting 2.0.

    It names the files that Apple refuses. Exits with 1 if somebody refuses the feed or an episode.
    """
    from narrated.doctor.finding import Severity
    from narrated.doctor.podcast_feed import check_podcast
    from narrated.terminal.command_reports import finding_lines

    is_well = True
    for finding in check_podcast(context.config):
        print_lines(finding_lines(finding))
        is_well = is_well and finding.severity != Severity.WRONG
    exit_unless(is_well)
