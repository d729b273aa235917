"""The daemon's requests for parts of a feed, as they go to a parser: all content is untrusted."""

import json
from typing import Any, Self

import msgspec

from narrated.podcast.episode import Episode
from narrated.podcast.show import Show


class FeedRequest(msgspec.Struct, frozen=True):
    """Asks for the item of an episode; without one, for the feed up to its first item."""

    show: Show
    newest_s: float = 0.0
    """The date of the newest episode."""
    episode: Episode | None = None

    def encode(self, plan: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Give header and payload; the stored plan of an episode's job has its text."""
        written = json.dumps(msgspec.to_builtins(self)).encode("ascii")  # names may not be Unicode
        return {"do": "feed", "name": "an episode", "request_bytes": len(written)}, written + plan

    @classmethod
    def decode(cls, header: dict[str, Any], payload: bytes) -> tuple[Self, bytes]:
        """Give the request and the plan."""
        size = header["request_bytes"]
        return msgspec.convert(json.loads(payload[:size]), cls), payload[size:]
