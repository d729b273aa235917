"""Lines of an edited file as they were written, where the person changed nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from narrated.script.review.line_tags import shown_pause_s
from narrated.script.review.review_script import ReviewLine, are_same_words

_NONE = ReviewLine("")


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
            parted = _PartedLine(line, written.text)
            yield _restored(line, written)
        else:
            parted = _PartedLine()
            yield line


@dataclass(slots=True)
class _PartedLine:
    """A line that a person may have parted: the other parts have no brackets."""

    line: ReviewLine = _NONE
    _words: str = ""
    """Its words of before."""
    _end: int = 0

    def goes_on(self, part: ReviewLine) -> bool:
        """True if a line is the next part of this one; it has its role and its voice."""
        if part.id or part.pause_s is not None or not self._words:
            return False
        at = self._words.find(part.text, self._end)
        self._end = at + len(part.text)
        return at >= 0


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
