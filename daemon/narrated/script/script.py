"""The Script, its lines, skips and chunks, and its settings; all can be stored."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Literal

import msgspec

from narrated.engines.interface import Mark
from narrated.reading.narration_settings import FASTEST, SLOWEST
from narrated.script.spoken_numbers import NumberStyle
from narrated.script.take_check_settings import NO_CHECKS, TakeCheckSettings


class Role(StrEnum):
    """Role of a line; it decides the pause and may decide the speaker."""

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
    NOTICE = "notice"  # an announcement, such as the end of a long quotation


Speed = Annotated[float, msgspec.Meta(ge=SLOWEST, le=FASTEST)]
"""Times the rate at which an engine speaks. It stretches takes, and is no part of their keys."""


class Speaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An engine, one of its voices, options of the engine, and a speed."""

    engine: str = ""
    """Empty if nobody named one: see `default_voice.py`."""
    voice: str = ""
    """Empty if the engine chooses."""
    options: dict[str, str | int | float | bool] = {}
    speed: Speed | None = None
    """None: the narrator's, or 1 for the narrator."""


class ReadingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings that decide a script, besides the source, its captions and the lexicon."""

    language: str = "en"
    speakers: dict[str, Speaker] = msgspec.field(default_factory=lambda: {"narrator": Speaker()})
    """By name: `narrator` is required; `quote` may speak the quotations, `heading` the headings,
    `caption` the pictures of a text; and a language tag names the speaker of a language."""
    default_engine: str = "espeak"
    """The engine of a speaker that nobody gave one. Plans and manifests of before there was another
    do not have it."""
    narrators_rate: bool = False
    """True if an engine that hurries speaks at its rate for a narrator. Plans and manifests of
    before there was one do not have it."""
    steady_takes: bool = False
    """True if engines speak with the options that make fewer takes go wrong. Plans and manifests of
    before there were any do not have it."""
    voices_of_languages: bool = False
    """True if a voice that nobody named is one of the text's language. Plans and manifests of
    before, which took an American one for the configured language, do not have it."""
    marked_languages: bool = False
    """True if words that are marked as of another language are said in it. Plans and manifests of
    before that was so do not have it."""
    links: Literal["fold", "text", "announce"] = "fold"
    code: Literal["fold", "announce", "read", "skip", "first-line"] = "fold"
    tables: Literal["all", "skip"] | Annotated[int, msgspec.Meta(ge=1)] = 5
    """The rows of a table that are said; of a table a little longer, all are said."""
    footnotes: Literal["paragraph", "end", "skip"] = "paragraph"
    numbers: NumberStyle = "british"
    pauses: dict[str, float] = {}
    """Seconds after a line, by role; other roles keep the defaults."""
    dialects: dict[str, bool] = {}
    """Dialects of Markdown, by name, that are on or off; all others are on."""
    intro: str = ""
    """A sentence that is said before a text; empty for none."""
    outro: str = ""
    """A sentence that is said after it."""
    takes: TakeCheckSettings = NO_CHECKS
    """The checks of its takes. Plans and manifests of before there were any do not have them."""


class Caption(msgspec.Struct, frozen=True):
    """The description of a picture, or the reason for its absence."""

    text: str = ""
    missing: str = ""


Forms = Literal["", "spoken", "written", "both"]
"""Some of the two forms of a sentence."""


class Sentence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A sentence of a spoken text: where it begins, and its words in the source."""

    start: int
    """The place of its first character in the spoken text."""
    written: str = ""
    """Its words as they stand in the source; empty if they are the spoken ones."""
    goes_on: bool = False
    """True for the rest of a sentence that begins in the chunk before."""
    without_space: Forms = ""
    """The forms that have no space before it in the source, in a line that is cut into chunks."""


class Line(msgspec.Struct, frozen=True):
    """One unit of the text: a heading, a paragraph, a list item; or a part of it in one language.

    All parts of a unit have its id, one after the other.
    """

    id: str
    """Stable: a hash of the line's words and role, not of its place."""
    block: int
    """Number of its block in the document, counted at any depth in the order of the source;
    -1 for a title from outside the text, and the byline."""
    role: Role
    text: str
    pause_s: float
    """Silence after the line."""
    speaker: str = "narrator"
    language: str = "en"
    marks: tuple[Mark, ...] = ()
    """Parts of the text that a voice may need in other letters, in order."""
    sentences: tuple[Sentence, ...] = ()
    """In order; none if the text is one sentence, written as it is spoken, and in plans of before
    there were sentences."""


class Skip(msgspec.Struct, frozen=True):
    """A part of the source left out of the script, and the reason."""

    block: int
    kind: str
    reason: str
    text: str = ""
    """Its first words."""


class Script(msgspec.Struct, frozen=True):
    """The lines in order, and the skips."""

    lines: tuple[Line, ...]
    skipped: tuple[Skip, ...]

    @property
    def units(self) -> list[Line]:
        """The lines, and the first part of those that are in several languages."""
        return [next(parts) for _, parts in groupby(self.lines, lambda line: line.id)]


class Chunk(msgspec.Struct, frozen=True):
    """A text that an engine speaks as one request."""

    line: str
    """The id of its line."""
    block: int
    role: Role
    text: str
    pause_s: float
    """Silence after the chunk: the line's pause after the last one, else a breath."""
    speaker: str = "narrator"
    language: str = "en"
    marks: tuple[Mark, ...] = ()
    """Parts of the text that a voice may need in other letters, in order."""
    sentences: tuple[Sentence, ...] = ()
    """In order; none if the text is one sentence, written as it is spoken, and in plans of before
    there were sentences."""


class ChapterStart(msgspec.Struct, frozen=True):
    """A line that begins a chapter: the title, a heading or a picture."""

    line: str
    """The id of the line."""
    title: str
    """As the author wrote it."""
    picture: str = ""
    """The address of the picture, as the author wrote it; empty for a heading."""


class ShownPicture(msgspec.Struct, frozen=True):
    """A picture shown in a document; `source` is as the author wrote it."""

    source: str
    alt: str = ""
    title: str = ""


class LexiconReference(msgspec.Struct, frozen=True):
    """A lexicon named by a source or a folder, as written there."""

    name: str
    by: int = -1
    """Index of the folder settings that name it, counted from the root; -1: the source itself."""


class ResolvedOverrides(msgspec.Struct, frozen=True):
    """Settings of a source from its folders and the configuration, merged."""

    settings: ReadingSettings = ReadingSettings()
    album: str = ""
    """Empty if no folder names one."""
    pictures: dict[str, str] = {}
    """Inbox folders by their path prefixes in the source."""
    lexicons: tuple[LexiconReference, ...] = ()
    """In order: a later lexicon wins."""


class Draft(msgspec.Struct, frozen=True, rename={"overrides": "surroundings"}):
    """A parsed source with its script and chunks; the parser returns it."""

    kind: Literal["text", "picture", "gallery"]
    title: str
    author: str
    date: str
    language: str
    narrate: bool
    """False if the front matter or a folder's settings say so."""
    speakers: dict[str, Speaker]
    """The settings' speakers, changed by the front matter, and those of the languages inside."""
    shown: tuple[ShownPicture, ...]
    script: Script
    chunks: tuple[Chunk, ...]
    overrides: ResolvedOverrides = ResolvedOverrides()
    is_blank: bool = False
    """True for front matter alone; `narrate` is False then."""
    description: str = ""
    tags: tuple[str, ...] = ()
    cover: str = ""
    """The picture that the front matter names for it, as written there; empty if none."""
    loose_voice: str = ""
    """A voice that its front matter may mean for another tool; empty if there is none, or if the
    engine has it."""
    narrator_otherwise: Speaker | None = None
    """The narrator without `loose_voice`; None if there is no such voice."""
    not_spoken_by: str = ""
    """The narrator's engine, if it does not speak the language: another one speaks instead."""
    unvoiced: tuple[str, ...] = ()
    """Languages inside that no voice speaks: the post's voice reads their words."""
    draft_mark: str = ""
    """The entry of its front matter that marks a draft; empty if there is none."""
    publish_at: str = ""
    """The date of publication with its time of day, as written; empty if it is `date`."""
    slug: str = ""
    """The name of the post in its address; empty if it has none of its own."""
    chapters: tuple[ChapterStart, ...] = ()
    """The starts of its chapters, in order. Plans of before there were chapters have none."""
    block_lines: tuple[tuple[int, int], ...] = ()
    """First and last line in the source of each block, by its number; NOWHERE if they are not
    known. Plans of before there were sentences have none."""
    opening: str = ""
    """The words of its first paragraph, if pictures in it are told in the voice's words."""
    held_back: str = ""
    """Why it is not narrated yet; empty if nothing holds it back, or in a plan."""
    review: bool | None = None
    """True if a person is to review its script; None if neither it nor its folders say so."""
    is_reviewed: bool = False
    """True if it has the lines of a script file."""
    script_file: str = ""
    """The text of the script file that a person is to look at; empty if nobody need."""
    script_conflicts: tuple[str, ...] = ()
    """Sentences on where its script file and the post do not go together."""
    pronounced: tuple[tuple[str, str], ...] = ()
    """Words, and how they are said, from its script file."""

    @property
    def awaits_review(self) -> bool:
        """True if a person is to see its script before it is spoken."""
        return bool(self.script_file) and not self.is_reviewed

    def speed(self, chunk: Chunk) -> float:
        """Return the speed of a chunk: its speaker's, or else the narrator's."""
        own = self.speakers[chunk.speaker].speed
        return own or self.speakers["narrator"].speed or 1.0

    @property
    def mean_speed(self) -> float:
        """The speed of the whole: its length at speed 1, over its length."""
        lengths = [(len(chunk.text), self.speed(chunk)) for chunk in self.chunks]
        heard = sum(length / speed for length, speed in lengths)
        return sum(length for length, _ in lengths) / heard if heard else 1.0


NOWHERE = (0, 0)
"""The lines of a block whose place in the source is not known."""

Captions = Mapping[str, Caption]
"""By picture source, as the author wrote it."""
