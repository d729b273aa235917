"""Lines of an edited file as they were written, where the person changed nothing."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from narrated.script.review.line_tags import shown_pause_s
from narrated.script.review.review_script import ReviewLine, are_same_words


def restored_lines(lines: Sequence[ReviewLine], base: Sequence[ReviewLine]) -> Iterator[ReviewLine]:
    """Undo what an editor changed by itself, and leave each id to one line.

    `base` are the lines as they were written.
    """
    own = {one.id: one for one in base}
    chosen = _chosen(lines, own)
    for line in lines:
        if line.id and chosen[line.id] is not line:
            yield replace(line, id="")
        elif written := own.get(line.id):
            yield _restored(line, written)
        else:
            yield line


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
