"""Find the lines of a script that begin a chapter: the title, headings, and pictures."""

from collections.abc import Iterable, Mapping

from narrated.reading import document as doc
from narrated.reading.document import plain
from narrated.script import announcements
from narrated.script.inline_text import UNDESCRIBED
from narrated.script.script import Captions, ChapterStart, Line, Role, Script
from narrated.script.traversal import count_blocks, numbered_blocks, same_words

DEEPEST_LEVEL = 3
"""A heading below this level begins no chapter."""
MOST_HEADINGS = 100
"""Of a text with more headings, the upper levels alone begin chapters."""

MOST_CHARACTERS = 256
"""A title is cut when it is written; a hostile one shall not fill the plan before."""
LONGEST_ADDRESS = 2000
"""The longest that browsers share; a picture with a longer one is not named."""


def chapter_starts(
    document: doc.Document, script: Script, captions: Captions
) -> tuple[ChapterStart, ...]:
    """Find where the chapters of a text begin; a picture of its own has none."""
    lines = script.units
    if document.kind == "picture" or not lines:
        return ()
    headings = _headings(document, lines)
    pictures = {
        number: block
        for number, block in numbered_blocks(document)
        if isinstance(block, doc.Picture)
    }
    first, *others = lines
    starts = [ChapterStart(first.id, document.title[:MOST_CHARACTERS])]
    for line in others:
        if line.role is Role.HEADING and line.block in headings:
            title = plain(headings[line.block].spans)
            starts.append(ChapterStart(line.id, title[:MOST_CHARACTERS]))
        elif line.role is Role.PICTURE and line.block in pictures:
            picture = pictures[line.block]
            title = _picture_title(picture, captions)[:MOST_CHARACTERS]
            starts.append(ChapterStart(line.id, title, _short_address(picture)))
    return tuple(starts)


def _headings(document: doc.Document, lines: Iterable[Line]) -> Mapping[int, doc.Heading]:
    """Give the spoken headings of the levels that begin chapters, by the numbers of their blocks.

    A heading inside a quotation, a list or a note is no section of the text.
    """
    spoken = {line.block for line in lines if line.role is Role.HEADING}
    found: dict[int, doc.Heading] = {}
    number = 0
    for block in document.blocks:
        if isinstance(block, doc.Heading) and number in spoken and _is_chapter(block, document):
            found[number] = block
        number += count_blocks(block)
    deepest = _deepest_level([heading.level for heading in found.values()])
    return {number: heading for number, heading in found.items() if heading.level <= deepest}


def _is_chapter(heading: doc.Heading, document: doc.Document) -> bool:
    is_title = same_words(plain(heading.spans), document.title)
    return heading.level <= DEEPEST_LEVEL and not is_title


def _deepest_level(levels: list[int]) -> int:
    """The deepest level that leaves at most MOST_HEADINGS; the uppermost stays in any case."""
    few = [level for level in set(levels) if sum(each <= level for each in levels) <= MOST_HEADINGS]
    return max(few, default=min(levels, default=0))


def _short_address(picture: doc.Picture) -> str:
    return picture.source if len(picture.source) <= LONGEST_ADDRESS else ""


def _picture_title(picture: doc.Picture, captions: Captions) -> str:
    caption = captions.get(picture.source, UNDESCRIBED).text
    titles = (" ".join(title.split()) for title in (picture.alt, picture.title, caption))
    return next(filter(None, titles), announcements.PICTURE)
