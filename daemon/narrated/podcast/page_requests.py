"""The daemon's requests for parts of the page, and a parser's answer."""

from typing import ClassVar

import msgspec

from narrated.podcast.episode import TextBlock
from narrated.podcast.page_episode import PageEpisode
from narrated.podcast.part_requests import PartRequest
from narrated.podcast.show import Show


class PageParts(msgspec.Struct, frozen=True):
    """A parser's answer: what the page has of an episode."""

    entry: bytes = b""
    """Its part of the list."""
    script: bytes = b""
    """The content of its own file."""
    words: bytes = b""
    """Its part of a search script."""


class PageRequest(PartRequest, frozen=True):
    """Asks for the parts of an episode; without one, for the page up to its first entry."""

    do: ClassVar[str] = "page"
    podcast: Show | None = None
    """That of the root, which names the page."""
    shows: tuple[Show, ...] = ()
    """Those with a feed."""
    searches: tuple[int, ...] = ()
    """The numbers of the search scripts that stand."""
    episode: PageEpisode | None = None
    """Without sentences and text, which follow."""
    blocks: tuple[TextBlock, ...] = ()
    """The blocks of its text, as its manifest has them."""


def decoded_parts(answer: bytes) -> PageParts:
    """Read a parser's answer."""
    return msgspec.msgpack.decode(answer, type=PageParts)
