"""Commands for the podcast."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from narrated.cli.command_context import CommandContext, exit_unless, print_lines
from narrated.cli.command_group import CommandGroup
from narrated.printable import printable

if TYPE_CHECKING:
    from narrated.doctor.finding import Finding

# Commands import their modules when they run: see main.py.


@click.group(cls=CommandGroup)
def podcast() -> None:
    """Check the podcast that the outbox is, or make its address private."""


@podcast.command()
@click.argument("url", required=False, metavar="[URL]")
@click.pass_obj
def check(context: CommandContext, url: str | None) -> None:
    """Check the feed by the rules of Apple, Spotify, players and Podcasting 2.0.

    It names the files that Apple refuses, and those that the page names in vain. With a URL, the
    address of a feed.xml, it asks the server for the feed and for each file in it, as players do:
    lengths, types, ranges, redirects. Exits with 1 if somebody refuses the feed or an episode.
    """
    from narrated.doctor.finding import Severity
    from narrated.terminal.command_reports import finding_lines

    is_well = True
    for finding in _findings(context, url):
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


def _findings(context: CommandContext, url: str | None) -> "Iterator[Finding]":
    if url is None:
        from narrated.doctor.podcast_feed import check_podcast
        from narrated.doctor.podcast_page import check_page

        yield from check_podcast(context.config)
        yield from check_page(context.config)
        return
    from narrated.server_check.feed_check import check_served_podcast
    from narrated.server_check.http_client import is_web_address
    from narrated.terminal.progress_bars import ServerCheckProgress

    if not is_web_address(url):
        raise click.BadParameter(f"{printable(url)} is no address of http or https.")
    yield from check_served_podcast(url, ServerCheckProgress())
