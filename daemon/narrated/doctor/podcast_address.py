"""Checks that players can find the podcast."""

from collections.abc import Iterator

from narrated.config.podcast import show_of
from narrated.config.values import Config
from narrated.doctor.finding import Finding, warning, well
from narrated.outbox.podcast_files import FEED_NAME
from narrated.podcast.show import NO_ADDRESS, NO_ADDRESS_REMEDY

_NAME = "podcast"


def check_podcast_address(config: Config) -> Iterator[Finding]:
    """Tell where the podcast's feed is; without an address, what works all the same."""
    show = show_of(config)
    if show is None:
        return
    if not show.base_url:
        yield warning(_NAME, NO_ADDRESS, NO_ADDRESS_REMEDY)
        return
    feed = f"{show.base_url}{FEED_NAME}"
    told = f"Players subscribe to {feed}; `narrated podcast check {feed}` asks it as they do."
    yield well(_NAME, told)
