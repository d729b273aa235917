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


@podcast.command()
@click.option("--new", is_flag=True, help="Make another one; the address of before is no more.")
@click.pass_obj
def token(context: CommandContext, new: bool) -> None:
    """Print the address of a private podcast, with a token in it that nobody guesses.

    The first call makes the token. `narrated serve` then answers to this address alone.
    """
    from narrated.terminal.podcast_token import token_lines

    print_lines(token_lines(context.config, new=new))
