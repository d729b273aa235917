"""Lines of an edited file as they were written, where the person changed nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from msgspec.structs import replace

from narrated.script.review.line_tags import shown_pause_s
from narrated.script.review.review_script import ReviewLine, are_same_words

_NONE = ReviewLine("")
_MOST_MISSES = 100
"""New lines between two parts of one; no person writes so many, and each costs a search."""


def restored_lines(lines: Sequence[ReviewLine], base: Sequence[ReviewLine]) -> Iterator[ReviewLine]:
    """Undo what an editor changed by itself, and leave each id to one line.

    `base` are the lines as they were written.
    """
    own = {one.id: one for one in base}
    chosen = _chosen(lines, own)
    parted = _PartedLine()
    for line in lines:
        if parted.goes_on(line):
            whole = parted.line
            yield replace(line, role=whole.role, speaker=whole.speaker, parted_from=whole.id)
        elif line.id and chosen[line.id] is not line:
            yield replace(line, id="")
        elif written := own.get(line.id):
            parted = _PartedLine.of(line, written.text)
            yield _restored(line, written)
        else:
            parted = _PartedLine()
            yield line


@dataclass(slots=True)
class _PartedLine:
    """A line that a person may have parted: the other parts have no brackets, and no mark."""

    line: ReviewLine = _NONE
    _lost: str = ""
    """The words that it may have lost since it was written."""
    _end: int = 0
    _misses: int = 0

    @classmethod
    def of(cls, line: ReviewLine, words: str) -> Self:
        """Find what a line has lost of its words of before, at their end."""
        if words.startswith(line.text):
            return cls(line, words[len(line.text) :])
        is_end_kept = words.rpartition(" ")[2] == line.text.rpartition(" ")[2]
        return cls(line, "" if is_end_kept or are_same_words(line.text, words) else f" {words}")

    def goes_on(self, part: ReviewLine) -> bool:
        """True if a line is the next part of this one; it has its role and its voice."""
        if not part.is_bare or not self._lost or self._misses > _MOST_MISSES:
            return False
        at = self._lost.find(f" {part.text}", self._end)
        end = at + len(part.text) + 1
        if at < 0 or self._lost[end : end + 1].isalnum():
            self._misses += 1
            return False
        self._end = end
        return True


def _chosen(
    lines: Sequence[ReviewLine], base: Mapping[str, ReviewLine]
) -> Mapping[str, ReviewLine]:
    """Choose the line of each id: of several the first that has its words, else the first."""
    chosen: dict[str, ReviewLine] = {}
    for line in lines:
        first, written = chosen.setdefault(line.id, line), base.get(line.id)
        if first is not line and written and line.text == written.text != first.text:
            chosen[line.id] = line
    return chosen


def _restored(line: ReviewLine, written: ReviewLine) -> ReviewLine:
    is_same_pause = line.pause_s is None or line.pause_s == shown_pause_s(written.pause_s or 0.0)
    return replace(
        line,
        text=written.text if are_same_words(line.text, written.text) else line.text,
        pause_s=written.pause_s if is_same_pause else line.pause_s,
        source=written.source,
    )
