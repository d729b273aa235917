"""The daemon's requests for parts of the page, as they go to a parser: all content is untrusted."""

import json
from typing import Any, Self

import msgspec

from narrated.podcast.episode import TextBlock
from narrated.podcast.feed_requests import EncodedRequest
from narrated.podcast.page_episode import PageEpisode
from narrated.podcast.show import Show


class PageParts(msgspec.Struct, frozen=True):
    """A parser's answer: what the page has of an episode."""

    entry: bytes = b""
    """Its part of the list."""
    script: bytes = b""
    """The content of its own file."""
    words: bytes = b""
    """Its part of a search script."""


class PageRequest(msgspec.Struct, frozen=True):
    """Asks for the parts of an episode; without one, for the page up to its first entry."""

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

    def encode(
        self, sentences: bytes = b"null", plan: bytes = b"", text: bytes = b""
    ) -> EncodedRequest:
        """Give header and payload: the manifest's sentences, the job's plan, the `KeptText`."""
        written = json.dumps(msgspec.to_builtins(self)).encode("ascii")  # names may not be Unicode
        pieces = (written, sentences, plan, text)
        return {"do": "page", "name": "an episode", "sizes": [*map(len, pieces)]}, b"".join(pieces)

    @classmethod
    def decode(cls, header: dict[str, Any], payload: bytes) -> tuple[Self, bytes, bytes, bytes]:
        """Give the request, the sentences, the plan, and the text."""
        pieces, begin = [], 0
        for size in header["sizes"]:
            pieces.append(payload[begin : begin + size])
            begin += size
        written, sentences, plan, text = pieces
        return msgspec.convert(json.loads(written), cls), sentences, plan, text


def decoded_parts(answer: bytes) -> PageParts:
    """Read a parser's answer."""
    return msgspec.msgpack.decode(answer, type=PageParts)
