"""The parts of a feed as bytes: the daemon puts them together, and parses none of them."""

import re
import uuid
from urllib.parse import urlsplit

from narrated.outbox.podcast_files import FEED_NAME
from narrated.podcast.show import Show

MARK = b"<!-- Written by narrated: it replaces this file at each change of the outbox. -->"
"""Tells a feed of ours from one of somebody else, which stays."""
FEED_END = b"</channel>\n</rss>\n"
ITEM_END = b"</item>\n"
MOST_HEAD_BYTES = 1 << 16
"""The beginning of a feed, in which its mark and its number stand."""

_GUID = re.compile(rb"<podcast:guid>([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})</podcast:guid>")
_NAMESPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
"""That of https://podcastindex.org/namespace/1.0#guid."""


def new_guid(show: Show) -> str:
    """Make the number of a show: that of its address, or a random one if it has none yet."""
    if not show.base_url:
        return str(uuid.uuid4())
    parts = urlsplit(show.base_url)
    address = f"{parts.netloc}{parts.path}{FEED_NAME}"
    return str(uuid.uuid5(_NAMESPACE, address))


def guid_in(head: bytes) -> str:
    """Return the number of the show that a feed of ours is of; empty if it says none."""
    found = _GUID.search(head) if MARK in head else None
    return found[1].decode() if found else ""


def numbered(item: bytes, number: int) -> bytes:
    """Give an item its number in a show whose episodes have an order."""
    tag = b"<itunes:episode>%d</itunes:episode>\n" % number
    return item.removesuffix(ITEM_END) + tag + ITEM_END
