"""The daemon's requests for parts of a feed, and for the section of a folder's show."""

from typing import ClassVar

from narrated.podcast.episode import Episode
from narrated.podcast.part_requests import EncodedRequest, PartRequest
from narrated.podcast.show import Show


class FeedRequest(PartRequest, frozen=True):
    """Asks for the item of an episode; without one, for the feed up to its first item."""

    do: ClassVar[str] = "feed"
    show: Show
    newest_s: float = 0.0
    """The date of the newest episode."""
    episode: Episode | None = None


def section_request(path: str, content: bytes) -> EncodedRequest:
    """Ask for the section of a folder's settings file, by its inbox path; the reply is JSON."""
    return {"do": "feed_section", "name": path, "source_bytes": len(content)}, content
