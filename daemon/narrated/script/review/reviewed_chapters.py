"""The chapters of a script that a person edited."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from narrated.script.chapter_starts import MOST_CHARACTERS, MOST_HEADINGS
from narrated.script.review.script_of_draft import written_words
from narrated.script.script import ChapterStart, Draft, Line, Role

Units = Sequence[Sequence[Line]]


def reviewed_chapters(
    draft: Draft, units: Units, changed: Mapping[str, bool]
) -> tuple[ChapterStart, ...]:
    """Give the chapters in the order of the edited script's units.

    `changed` has the ids of the lines with another role or with words of the person: True for those
    that had the role before.
    """
    if not draft.chapters:
        return ()
    return tuple(_starts(draft, units, changed))


def _starts(draft: Draft, units: Units, changed: Mapping[str, bool]) -> Iterator[ChapterStart]:
    first, *others = draft.chapters
    starts = {start.line: start for start in others}
    yield replace(first, line=units[0][0].id, title=_whole_title(draft, units, changed))
    added = MOST_HEADINGS
    for number, parts in enumerate(units):
        line = parts[0]
        if line.id == first.line or not number:
            continue
        title = " ".join(map(written_words, parts))[:MOST_CHARACTERS]
        if (start := starts.get(line.id)) and line.role in (Role.HEADING, Role.PICTURE):
            is_reworded = line.role is Role.HEADING and line.id in changed
            yield replace(start, title=title) if is_reworded else start
        elif line.role is Role.HEADING and changed.get(line.id) is False and added:
            added -= 1
            yield ChapterStart(line.id, title)


def _whole_title(draft: Draft, units: Units, changed: Mapping[str, bool]) -> str:
    """Give the title of the first chapter: the post's, or the person's words for it."""
    titles = (parts for parts in units if parts[0].role is Role.TITLE and parts[0].id in changed)
    own = next((" ".join(map(written_words, parts)) for parts in titles), "")
    return own[:MOST_CHARACTERS] or draft.chapters[0].title
