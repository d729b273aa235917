"""Checks that players can find the podcast."""

from collections.abc import Iterator

from narrated.config.podcast import show_of
from narrated.config.values import Config
from narrated.doctor.finding import Finding, warning, well, wrong
from narrated.errors import StorageError
from narrated.outbox.podcast_files import FEED_NAME
from narrated.podcast.show import NO_ADDRESS, NO_ADDRESS_REMEDY
from narrated.podcast_token import LOST_LINKS, LOST_LINKS_REMEDY, has_lost_links

_NAME = "podcast"


def check_podcast_address(config: Config) -> Iterator[Finding]:
    """Tell where the podcast's feed is; without an address, what works all the same.

    A private podcast's address must have the token, if this account may know it.
    """
    show = show_of(config)
    if show is None:
        return
    if not show.base_url:
        yield warning(_NAME, NO_ADDRESS, NO_ADDRESS_REMEDY)
        return
    if problems := list(check_token(config)):
        yield from problems
        return
    feed = f"{show.base_url}{FEED_NAME}"
    told = f"Players subscribe to {feed}; `narrated podcast check {feed}` asks it as they do."
    yield well(_NAME, told)


def check_token(config: Config) -> Iterator[Finding]:
    """Tell a token that shuts the feed's links, if this account may know it."""
    try:
        if config.podcast and has_lost_links(config.state, config.podcast.base_url):
            yield wrong(_NAME, f"{LOST_LINKS}.", LOST_LINKS_REMEDY)
    except StorageError as error:
        yield wrong(_NAME, error.problem, error.remedy)
