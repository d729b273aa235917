"""Requests for a part of feed or page, as they go to a parser: all content is untrusted."""

import json
from typing import Any, ClassVar, Self

import msgspec

FEED_TURN = "//feed/"
"""The folder whose turn these requests have at the parsers: the inbox has none of this name."""

EncodedRequest = tuple[dict[str, Any], bytes]
"""Header and payload."""


class PartRequest(msgspec.Struct, frozen=True):
    """A request, which goes with all that may hold the text of its episode."""

    do: ClassVar[str]
    """The parser's name of what is asked for."""

    def encode(
        self, sentences: bytes = b"null", plan: bytes = b"", text: bytes = b""
    ) -> EncodedRequest:
        """Give header and payload.

        The text of an episode is the `KeptText` of its job, or in its manifest's sentences. One of
        before there were sentences has it in the stored plan of its job.
        """
        written = json.dumps(msgspec.to_builtins(self)).encode("ascii")  # names may not be Unicode
        pieces = (written, sentences, plan, text)
        header = {"do": self.do, "name": "an episode", "sizes": [*map(len, pieces)]}
        return header, b"".join(pieces)

    @classmethod
    def decode(cls, header: dict[str, Any], payload: bytes) -> tuple[Self, bytes, bytes, bytes]:
        """Give the request, the sentences, the plan, and the text."""
        pieces, begin = [], 0
        for size in header["sizes"]:
            pieces.append(payload[begin : begin + size])
            begin += size
        written, sentences, plan, text = pieces
        return msgspec.convert(json.loads(written), cls), sentences, plan, text
