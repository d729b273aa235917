"""An episode: all that a feed says of one narration, as the daemon found it in outbox and ledger.

Nothing in it is trusted: anybody who can write to the outbox may have written the manifest.
"""

from collections.abc import Iterable
from itertools import islice

import msgspec

from narrated.audio.chapters import CHAPTERS_SUFFIX
from narrated.audio.formats import FORMATS
from narrated.outbox.manifest import ManifestChapter, ManifestOutput
from narrated.reading.language_tags import language_tag

_SOUND_TYPES = {"m4a": "audio/x-m4a", "opus": "audio/ogg", "ogg": "audio/ogg"}
"""Types of sound that players of podcasts know by another name; none has parameters."""
SOUNDS = {each.suffix: _SOUND_TYPES.get(name, each.media_type) for name, each in FORMATS.items()}
"""The type in a feed of each suffix of sound."""
_TRANSCRIPTS = {
    "text/vtt": "text/vtt",
    "application/x-subrip": "application/x-subrip",
    "application/srt": "application/x-subrip",
    "application/json": "application/json",
}
"""Types of transcripts in manifests, and those that players look for. Players compare the whole
type, so that none has parameters."""

_MOST_MARKS = 1000


class LinkedFile(msgspec.Struct, frozen=True):
    """A file of the outbox that an item links to."""

    path: str
    """Relative to the outbox, with each byte of no UTF-8 as a surrogate."""
    type: str
    bytes: int = 0


class TextBlock(msgspec.Struct, frozen=True, array_like=True):
    """A block of an episode's text: its number, its role, and how it begins."""

    number: int
    role: str
    beginning: str
    picture: str = ""
    """The address of the picture that it describes, as the author wrote it."""


class EpisodeChapter(msgspec.Struct, frozen=True, array_like=True):
    """A chapter, and its begin in the sound."""

    start_s: float
    title: str


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """A narration as an item of a feed."""

    title: str
    guid: str
    dated_s: float
    """Its date in the feed, in seconds since the epoch."""
    duration_s: float
    sound: LinkedFile
    transcripts: tuple[LinkedFile, ...] = ()
    chapters: LinkedFile | None = None
    marks: tuple[EpisodeChapter, ...] = ()
    """The same chapters, for players that look for them in the feed alone."""
    author: str = ""
    language: str = ""
    """Empty if it is the show's."""
    description: str = ""
    """The author's own; empty if the first paragraph is to stand for it."""
    image: str = ""
    """The outbox path of its cover; empty if it has none."""
    blocks: tuple[TextBlock, ...] = ()
    """The blocks of its text, in their order."""


def sound_of(outputs: Iterable[ManifestOutput], folder: str) -> LinkedFile | None:
    """Find the sound among a narration's files; None if there is none."""
    for each in outputs:
        suffix = each.name.rpartition(".")[2]
        if type := SOUNDS.get(f".{suffix}"):
            return LinkedFile(_path(folder, each), type, each.bytes)
    return None


def transcripts_of(outputs: Iterable[ManifestOutput], folder: str) -> tuple[LinkedFile, ...]:
    """Find the transcripts among a narration's files by their types."""
    return tuple(
        LinkedFile(_path(folder, each), _TRANSCRIPTS[each.media_type], each.bytes)
        for each in outputs
        if each.media_type in _TRANSCRIPTS and not each.name.endswith(CHAPTERS_SUFFIX)
    )


def chapters_of(outputs: Iterable[ManifestOutput], folder: str) -> LinkedFile | None:
    """Find the file with the chapters of a narration; None if it has none."""
    found = (each for each in outputs if each.name.endswith(CHAPTERS_SUFFIX))
    types = (LinkedFile(_path(folder, each), "application/json+chapters") for each in found)
    return next(types, None)


def marks_of(chapters: Iterable[ManifestChapter]) -> tuple[EpisodeChapter, ...]:
    """Return the chapters of a manifest for the feed, as far as that stays small."""
    return tuple(EpisodeChapter(each.start_s, each.title) for each in islice(chapters, _MOST_MARKS))


def language_of(written: str, usual: str) -> str:
    """Return a manifest's language if it is one, and not the usual one."""
    return written if written != usual and language_tag(written) == written else ""


def _path(folder: str, output: ManifestOutput) -> str:
    return f"{folder}/{output.name}" if folder else output.name
