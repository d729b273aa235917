"""Chapters of a narration: where each begins, and the form that players take."""

import re
import unicodedata
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from narrated.printable import encodable

CHAPTERS_SUFFIX = ".chapters.json"
"""Suffix of the file with a narration's chapters, in Podcasting 2.0's format."""
FORMAT_VERSION = "1.2.0"
MOST_CHAPTERS = 255
"""The contents of an ID3 tag, and those of Nero in an m4a, count in one byte."""
MOST_TITLE_BYTES = 127
"""Players that read Nero's chapters take the length as a signed byte."""
LEAST_S = 1.0
"""A shorter chapter joins its neighbour."""

_PARTS_OF_LETTERS = {"Mn", "Mc", "Me", "Cf"}
"""Signs that belong to the letter before them: accents, joiners."""
_WEB_ADDRESS = re.compile(r"https?://[^\s@\x00-\x1f\x7f\ud800-\udfff]+", re.IGNORECASE)
"""Without a name and a password."""
_LONGEST_ADDRESS = 2000


class Chapter(msgspec.Struct, frozen=True):
    """A chapter of a narration."""

    title: str
    start_s: float
    end_s: float = 0.0
    image: str = ""
    """The address of the picture that it shows, as the author wrote it."""
    picture: bytes | None = None
    """That picture as a small JPEG."""


def settled(chapters: Iterable[Chapter], duration_s: float) -> tuple[Chapter, ...]:
    """Return the chapters as players get them: without gaps, none too short, from the beginning.

    `chapters` are in order, with their starts. One alone is no chapter.
    """
    kept: list[Chapter] = []
    for each in chapters:
        chapter = replace(each, title=cut_title(each.title), start_s=round(each.start_s, 3))
        if not chapter.title or len(kept) == MOST_CHAPTERS:
            continue
        if not kept:
            chapter = replace(chapter, start_s=0.0)
        elif chapter.start_s - kept[-1].start_s < LEAST_S:
            if len(kept) == 1:  # the title stays the first
                continue
            chapter = replace(chapter, start_s=kept.pop().start_s)
        kept.append(chapter)
    if kept and duration_s - kept[-1].start_s < LEAST_S:
        kept.pop()
    if len(kept) < 2:
        return ()
    ends = [*(later.start_s for later in kept[1:]), round(duration_s, 3)]
    return tuple(replace(each, end_s=end_s) for each, end_s in zip(kept, ends, strict=True))


def cut_title(title: str) -> str:
    """Return a title on one line, cut where it gets too long, between two letters."""
    clean = " ".join(encodable(title).split())
    content = clean.encode()
    if len(content) <= MOST_TITLE_BYTES:
        return clean
    cut = content[:MOST_TITLE_BYTES].decode(errors="ignore")
    while cut and unicodedata.category(clean[len(cut)]) in _PARTS_OF_LETTERS:
        cut = cut[:-1]
    return cut.rstrip()


def chapters_json(chapters: Iterable[Chapter]) -> bytes:
    """Encode chapters as application/json+chapters 1.2.

    It names a picture only by an address of the web: a player finds no other.
    """
    written = [
        {"startTime": each.start_s, "title": each.title}
        | ({"img": each.image} if _is_of_the_web(each.image) else {})
        for each in chapters
    ]
    content = msgspec.json.encode({"version": FORMAT_VERSION, "chapters": written})
    return msgspec.json.format(content, indent=2) + b"\n"


def _is_of_the_web(address: str) -> bool:
    return len(address) <= _LONGEST_ADDRESS and bool(_WEB_ADDRESS.fullmatch(address))
