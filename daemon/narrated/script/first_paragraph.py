"""Gives a post's first paragraph as it is written: it describes the post where nobody else does."""

from itertools import pairwise

from narrated.script.script import Line, Role, Script, Sentence

_OTHER = (Role.TITLE, Role.BYLINE, Role.HEADING, Role.NOTICE, Role.CODE, Role.TABLE)
_WRITTEN = ("written", "both")
_LONGEST = 1000


def first_paragraph(script: Script) -> str:
    """Return the words of the first paragraph, cut where they get long; empty if there is none."""
    inside = (line for line in script.lines if line.block >= 0 and line.role not in _OTHER)
    first = next((line for line in inside if line.text.strip()), None)
    if first is None:
        return ""
    parts = [each for each in script.lines if each.id == first.id and each.block == first.block]
    words = " ".join(" ".join(map(_written, parts)).split())
    if len(words) <= _LONGEST:
        return words
    cut = words[:_LONGEST]
    return (cut.rpartition(" ")[0] or cut) + "…"


def _written(line: Line) -> str:
    """Return the words of a line as they stand in the source."""
    begins = line.sentences or (Sentence(0),)
    ends = [*(after.start for _, after in pairwise(begins)), len(line.text)]
    written = ""
    for one, end in zip(begins, ends, strict=True):
        joint = "" if one.without_space in _WRITTEN else " "
        written += joint + (one.written or line.text[one.start : end].strip())
    return written.strip()
