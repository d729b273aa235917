"""A show: all that a feed says of itself, before its first episode."""

import hashlib
import json

import msgspec

from narrated.outbox.podcast_files import FEED_NAME
from narrated.podcast.categories import Category

COVER_SIDE = 1400
"""The pixels a side of each cover: Apple takes 1400 to 3000."""
NO_ADDRESS = (
    "The feed has no web address, so its links are relative. gPodder follows them, and AntennaPod"
    " plays the folder itself; AntennaPod, newsboat, Apple and Spotify cannot subscribe."
)
NO_ADDRESS_REMEDY = (
    "Set `podcast: {base_url: …}` to the address where the outbox is served: docs/serving.md."
)
FEED_VERSION = 6
"""Raised when an item's bytes change for the same episode, so that all are made again."""


class Show(msgspec.Struct, frozen=True, kw_only=True):
    """A podcast, as its feed names it."""

    title: str
    folder: str = ""
    """The folder of the outbox whose episodes it has; empty for all of it."""
    author: str = ""
    description: str = ""
    language: str = "en"
    categories: tuple[Category, ...] = ()
    explicit: bool = False
    owner_name: str = ""
    owner_email: str = ""
    base_url: str = ""
    """The address of its folder, with a slash at its end; empty if nobody serves it."""
    link: str = ""
    """The address of its website."""
    type: str = "episodic"
    guid: str = ""
    """Its number in the world; empty until it is given."""
    picture: str = ""
    """The file of its cover on this machine; empty if it has none."""
    inbox_picture: str = ""
    """The inbox path of its cover; without either the cover is drawn from the title."""
    image: str = ""
    """The outbox path of its cover; empty if it has none yet."""

    @property
    def feed_path(self) -> str:
        """The outbox path of the feed."""
        return f"{self.folder}/{FEED_NAME}" if self.folder else FEED_NAME

    @property
    def digest(self) -> str:
        """A digest of all that the items depend on besides their episodes."""
        of_items = (FEED_VERSION, self.folder, self.base_url, self.language, self.explicit)
        written = json.dumps(of_items, separators=(",", ":"))  # a folder's name may be no Unicode
        return hashlib.sha256(written.encode("ascii")).hexdigest()[:16]
