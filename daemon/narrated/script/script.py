"""A Script: what is said, in order, with every pause; a pure value, writable to a file."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec


class Role(StrEnum):
    """What a line is in the reading; it decides its pause and may decide its speaker."""

    TITLE = "title"
    BYLINE = "byline"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    QUOTE = "quote"
    CODE = "code"
    TABLE = "table"
    PICTURE = "picture"
    FOOTNOTE = "footnote"
    MATH = "math"
    NOTICE = "notice"  # an announcement of ours, such as the end of a long quotation


class Speaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who says a line: an engine, one of its voices, and the engine's own options."""

    engine: str = "espeak"
    voice: str = "en-us"
    options: dict[str, str | int | float | bool] = {}


class ReadingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything besides the source, its captions and the lexicon that decides what is said."""

    language: str = "en"
    speakers: dict[str, Speaker] = msgspec.field(default_factory=lambda: {"narrator": Speaker()})
    """By name; `narrator` is always there, and `quote` may say the quotations."""
    links: Literal["text", "announce"] = "text"
    code: Literal["announce", "read", "skip"] = "announce"
    footnotes: Literal["paragraph", "end", "skip"] = "paragraph"
    pauses: dict[str, float] = {}
    """Seconds after a line, by role, where they differ from our own."""


class Caption(msgspec.Struct, frozen=True):
    """What is known of a picture: its description, or the reason why there is none."""

    text: str = ""
    missing: str = ""


class Line(msgspec.Struct, frozen=True):
    """One thing said in one breath of meaning: a heading, a paragraph, a list item."""

    id: str
    """Stable: made from the line's own words and role, not from its place."""
    block: int
    """Which block of the document it comes from, counted at any depth in the order of the source;
    -1 for a title from elsewhere, and the byline."""
    role: Role
    text: str
    pause_s: float
    """Silence after the line."""
    speaker: str = "narrator"
    language: str = "en"


class Skip(msgspec.Struct, frozen=True):
    """Something of the source that is not said, and why."""

    block: int
    kind: str
    reason: str
    text: str = ""
    """A short beginning of it, to recognise it by."""


class Script(msgspec.Struct, frozen=True):
    """What is said, in order, and what is not."""

    lines: tuple[Line, ...]
    skipped: tuple[Skip, ...]


class Chunk(msgspec.Struct, frozen=True):
    """A text that one engine can say in one go."""

    line: str
    """The id of the line it is a piece of."""
    block: int
    role: Role
    text: str
    pause_s: float
    """Silence after the chunk: the line's own after its last, a breath before the others."""
    speaker: str = "narrator"
    language: str = "en"


class ShownPicture(msgspec.Struct, frozen=True):
    """A picture that a document shows, as the author wrote its source."""

    source: str
    alt: str = ""
    title: str = ""


class LexiconReference(msgspec.Struct, frozen=True):
    """A lexicon that is named, as it is written there."""

    name: str
    by: int = -1
    """Which of the folders' settings names it, counted from the root; -1 for the source itself."""


class ResolvedOverrides(msgspec.Struct, frozen=True):
    """What holds for a source besides its own words, by its folders and the configuration."""

    settings: ReadingSettings = ReadingSettings()
    album: str = ""
    """Empty where no folder names one."""
    pictures: dict[str, str] = {}
    """Folders of the inbox by the prefix that means each in the source."""
    lexicons: tuple[LexiconReference, ...] = ()
    """In order: a later one's word wins."""


class Draft(msgspec.Struct, frozen=True):
    """A source made ready to be spoken: what the editor gives back."""

    kind: Literal["text", "picture"]
    title: str
    author: str
    date: str
    language: str
    narrate: bool
    """False where the author's front matter says so, or a folder's settings."""
    speakers: dict[str, Speaker]
    """The settings' speakers with the front matter's wishes applied."""
    shown: tuple[ShownPicture, ...]
    script: Script
    chunks: tuple[Chunk, ...]
    surroundings: ResolvedOverrides = ResolvedOverrides()


Captions = Mapping[str, Caption]
"""By picture source, as the author wrote it."""
