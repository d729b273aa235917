"""The daemon's requests for parts of a feed, as they go to a parser: all content is untrusted."""

import json
from typing import Any, Self

import msgspec

from narrated.podcast.episode import Episode
from narrated.podcast.show import Show

FEED_TURN = "//feed/"
"""The folder whose turn these requests have at the parsers: the inbox has none of this name."""

EncodedRequest = tuple[dict[str, Any], bytes]
"""Header and payload."""


class FeedRequest(msgspec.Struct, frozen=True):
    """Asks for the item of an episode; without one, for the feed up to its first item."""

    show: Show
    newest_s: float = 0.0
    """The date of the newest episode."""
    episode: Episode | None = None

    def encode(
        self, sentences: bytes = b"null", plan: bytes = b"", text: bytes = b""
    ) -> EncodedRequest:
        """Give header and payload.

        The text of an episode is the `KeptText` of its job, or in its manifest's sentences. One of
        before there were sentences has it in the stored plan of its job.
        """
        written = json.dumps(msgspec.to_builtins(self)).encode("ascii")  # names may not be Unicode
        pieces = (written, sentences, plan, text)
        return {"do": "feed", "name": "an episode", "sizes": [*map(len, pieces)]}, b"".join(pieces)

    @classmethod
    def decode(cls, header: dict[str, Any], payload: bytes) -> tuple[Self, bytes, bytes, bytes]:
        """Give the request, the sentences, the plan, and the text."""
        pieces, begin = [], 0
        for size in header["sizes"]:
            pieces.append(payload[begin : begin + size])
            begin += size
        written, sentences, plan, text = pieces
        return msgspec.convert(json.loads(written), cls), sentences, plan, text


def section_request(path: str, content: bytes) -> EncodedRequest:
    """Ask for the section of a folder's settings file, by its inbox path; the reply is JSON."""
    return {"do": "feed_section", "name": path, "source_bytes": len(content)}, content
