"""An episode as the page shows it."""

from hashlib import sha256

import msgspec

from narrated.podcast.episode import LinkedFile

PAGE_NAME = "index.html"
PAGE_FOLDER = "index.files"
"""The folder beside the page with all that belongs to it, named as browsers name such folders."""
SMALL_SIDE = 320
"""The most pixels a side of a cover in the list."""

_KEY_DIGITS = 16


class PageSentence(msgspec.Struct, frozen=True, array_like=True):
    """A sentence: its number in the manifest, when it is heard, and its words as written."""

    number: int
    start_s: float
    end_s: float
    text: str


class PageChapter(msgspec.Struct, frozen=True, array_like=True):
    """A chapter and its start."""

    start_s: float
    title: str


class PageDoubt(msgspec.Struct, frozen=True, array_like=True):
    """A part whose take is doubtful: when it is heard, and what is wrong with it in plain words."""

    start_s: float
    end_s: float
    told: str


class PageEpisode(msgspec.Struct, frozen=True, kw_only=True):
    """A narration on the page. Paths are the outbox's, as in `LinkedFile`."""

    key: str
    """Hexadecimal digits made of the guid: the name of its script, and its place in addresses."""
    guid: str = ""
    title: str
    dated_s: float
    duration_s: float
    sound: LinkedFile
    show: str = ""
    """The title of its show."""
    folder: str = ""
    """The folder of its show, which no other show has."""
    author: str = ""
    language: str = ""
    description: str = ""
    """Plain text."""
    cover: str = ""
    small_cover: str = ""
    """A JPEG of some 320 pixels a side."""
    kind: str = "post"
    """`post`, `picture`, or `gallery`."""
    html: str = ""
    """Its text: elements that we wrote, and escaped words."""
    sentences: tuple[PageSentence, ...] = ()
    doubts: tuple[PageDoubt, ...] = ()
    """Its doubtful takes, in the order of time."""
    chapters: tuple[PageChapter, ...] = ()
    files: tuple[LinkedFile, ...] = ()
    """Its transcripts and chapters."""
    picture: str = ""
    """The copy of the loose picture that it is of; else empty."""
    pictures: tuple[str, ...] = ()
    """The copies of the pictures that its text shows."""


def page_key(guid: str) -> str:
    """Return the key of an episode by its number in the world; the same for ever."""
    return sha256(guid.encode("utf-8", "surrogateescape")).hexdigest()[:_KEY_DIGITS]
