"""Gives a post's first paragraph as it is written: it describes the post where nobody else does."""

from itertools import pairwise

from narrated.reading import document as doc
from narrated.reading.document import plain
from narrated.script.inline_text import find_spans
from narrated.script.script import Line, Role, Script, Sentence
from narrated.script.traversal import numbered_blocks

_OTHER = (Role.TITLE, Role.BYLINE, Role.HEADING, Role.NOTICE, Role.CODE, Role.TABLE)
_WRITTEN = ("written", "both")
_LONGEST = 1000


def first_paragraph(script: Script) -> str:
    """Return the words of the first paragraph, cut where they get long; empty if there is none."""
    first = _first_line(script)
    if first is None:
        return ""
    parts = [each for each in script.lines if each.id == first.id and each.block == first.block]
    return _cut(" ".join(" ".join(map(_written, parts)).split()))


def _first_line(script: Script) -> Line | None:
    inside = (line for line in script.lines if line.block >= 0 and line.role not in _OTHER)
    return next((line for line in inside if line.text.strip()), None)


def _cut(words: str) -> str:
    if len(words) <= _LONGEST:
        return words
    cut = words[:_LONGEST]
    return (cut.rpartition(" ")[0] or cut) + "…"


def first_without_pictures(document: doc.Document, script: Script) -> str:
    """Return the words of the first paragraph, if pictures in it are told in the voice's words."""
    first = _first_line(script)
    blocks = dict(numbered_blocks(document)) if first else {}
    block = blocks.get(first.block) if first else None
    if not isinstance(block, doc.Paragraph) or not any(find_spans(block.spans, doc.InlinePicture)):
        return ""
    return _cut(plain(block.spans))


def _written(line: Line) -> str:
    """Return the words of a line as they stand in the source."""
    begins = line.sentences or (Sentence(0),)
    ends = [*(after.start for _, after in pairwise(begins)), len(line.text)]
    written = ""
    for one, end in zip(begins, ends, strict=True):
        joint = "" if one.without_space in _WRITTEN else " "
        written += joint + (one.written or line.text[one.start : end].strip())
    return written.strip()
