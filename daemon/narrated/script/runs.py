"""Group blocks into runs: code, pictures or links with nothing said between them.

A run may be told once, as a narrator does: "Four pieces of code, forty lines in all."
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from narrated.reading import document as doc
from narrated.reading.document import plain
from narrated.script.inline_text import find_spans
from narrated.script.model_free_caption import is_model_free
from narrated.script.script import Caption
from narrated.script.traversal import count_blocks

NumberedBlock = tuple[int, doc.Blocks]

_SEPARATORS = re.compile(r"[\s|·•,;:/>»«<–—\-()\[\]]*")
_ADDRESS = re.compile(r"(?:[a-z][a-z+.-]{0,20}://|www\.|mailto:)\S+", re.IGNORECASE)
_NAVIGATION = re.compile(
    r"(?:here|link|this|source|home|next|previous|prev|back|top|up|more|read more|permalink|edit"
    r"|share|tweet|reply|subscribe|rss|feed|atom|index|skip to content|back to top|\W*\d*\W*)",
    re.IGNORECASE,
)
_NAME_OF_FILE = re.compile(
    r"(?:img|dsc[nf]?|pxl|image|photo|picture|pic|screenshot|untitled)?[\s_.()\d-]*"
    r"(?:\.(?:jpe?g|png|gif|webp|bmp|tiff?))?",
    re.IGNORECASE,
)
_SIGNS_OF_A_NAME = re.compile(r"[\d_-]")
"""A label that is the file's name without these is a word: "cat" of cat.png."""
_WORDS_OF_A_TITLE = 3
"""A link of fewer words names a place; it is no title that a listener would miss."""
_PLACES_BY_LIST = {False: 3, True: 6}
"""So many links that name places are told once: in paragraphs, and in a list."""
_TITLES_ONE_IN = 4
"""Links are read if more than one in four has a title."""


class RunKind(StrEnum):
    """The kind of the blocks in a run."""

    CODE = "code"
    PICTURES = "pictures"
    LINKS = "links"


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring blocks of one kind; any other block is a run of its own, without a kind."""

    kind: RunKind | None
    blocks: list[NumberedBlock]
    silent: list[NumberedBlock] = field(default_factory=list)
    """Blocks between them that are never said, such as comments."""


def group_runs(blocks: Iterable[doc.Blocks], number: int) -> Iterator[Run]:
    """Group sibling blocks, with their numbers; `number` is that of the first."""
    run = Run(None, [])
    waiting: list[NumberedBlock] = []
    for at, block in _numbered(blocks, number):
        if _is_silent(block):
            waiting.append((at, block))
            continue
        kind, leaves = _kind_and_leaves(at, block)
        if kind is not None and kind is run.kind:
            run.blocks.extend(leaves)
            run.silent.extend(waiting)
        else:
            yield from _ended(run, waiting)
            run = Run(kind, leaves)
        waiting = []
    yield from _ended(run, waiting)


def links_inside(block: doc.Blocks) -> list[doc.Link] | None:
    """Give the links of a paragraph or a list that is nothing but links; None for another."""
    if isinstance(block, doc.Paragraph):
        return _links_of_spans(block.spans)
    if not isinstance(block, doc.Listing):
        return None
    found: list[doc.Link] = []
    for item in block.items:
        for inner in item.blocks:
            links = links_inside(inner) if item.done is None else None
            if links is None:
                return None
            found += links
    return found or None


def say_little(run: Run) -> bool:
    """True if a run of links is told once: addresses, a table of contents, navigation, a farm."""
    links = [link for _, block in run.blocks for link in links_inside(block) or ()]
    labels = [plain(link.spans) for link in links if not link.target.startswith("#")]
    named = [label for label in labels if not _is_bare(label)]
    titles = sum(len(label.split()) >= _WORDS_OF_A_TITLE for label in named)
    is_list = any(isinstance(block, doc.Listing) for _, block in run.blocks)
    fewest = _PLACES_BY_LIST[is_list] if named else 2
    return len(links) >= fewest and titles * _TITLES_ONE_IN <= len(links)


def shows_nothing_said(picture: doc.Picture, caption: Caption) -> bool:
    """True if a picture has neither caption nor title, and no label but a file's name.

    A description without a model is no caption here: its colours tell nothing of a gallery.
    """
    alt = picture.alt.strip()
    name = picture.source.rpartition("/")[2]
    is_named = bool(alt) and alt.lower() != name.lower() and not _NAME_OF_FILE.fullmatch(alt)
    is_stem = alt.lower() == name.rpartition(".")[0].lower()
    is_named = is_named and not (is_stem and _SIGNS_OF_A_NAME.search(alt))
    is_captioned = bool(caption.text.strip()) and not is_model_free(caption.text)
    return not (is_captioned or picture.title.strip() or is_named)


def split_pictures(run: Run, silent: Sequence[bool]) -> Iterator[list[NumberedBlock]]:
    """Split a run of pictures: neighbours without words are told together, others alone."""
    together: list[NumberedBlock] = []
    for numbered, is_silent in zip(run.blocks, silent, strict=True):
        if is_silent:
            together.append(numbered)
            continue
        if together:
            yield together
        together = []
        yield [numbered]
    if together:
        yield together


def _numbered(blocks: Iterable[doc.Blocks], number: int) -> Iterator[NumberedBlock]:
    for block in blocks:
        yield number, block
        number += count_blocks(block)


def _ended(run: Run, waiting: list[NumberedBlock]) -> Iterator[Run]:
    if run.blocks:
        yield run
    yield from (Run(None, [one]) for one in waiting)


def _is_silent(block: doc.Blocks) -> bool:
    if isinstance(block, doc.Code):
        return not block.text.strip()
    return isinstance(block, doc.Unspoken | doc.Footnote)


def _kind_and_leaves(number: int, block: doc.Blocks) -> tuple[RunKind | None, list[NumberedBlock]]:
    """Give the kind of a block, and the blocks of a run in it: a gallery may be a list."""
    if kind := _kind(block):
        return kind, [(number, block)]
    leaves = list(_leaves_of_list(number, block))
    kinds = {_kind(leaf) for _, leaf in leaves}
    if len(kinds) == 1 and (kind := kinds.pop()) in (RunKind.CODE, RunKind.PICTURES):
        return kind, leaves
    return None, [(number, block)]


def _leaves_of_list(number: int, block: doc.Blocks) -> Iterator[NumberedBlock]:
    if not isinstance(block, doc.Listing) or block.ordered:
        return
    if all(item.done is None for item in block.items):
        yield from _numbered((each for item in block.items for each in item.blocks), number + 1)


def _kind(block: doc.Blocks) -> RunKind | None:
    if isinstance(block, doc.Code):
        return None if _is_silent(block) else RunKind.CODE
    if isinstance(block, doc.Picture):
        return RunKind.PICTURES
    return RunKind.LINKS if links_inside(block) else None


def _links_of_spans(spans: tuple[doc.Spans, ...]) -> list[doc.Link] | None:
    found: list[doc.Link] = []
    for span in _without_languages(spans):
        if isinstance(span, doc.Link) and not any(find_spans(span.spans, doc.InlinePicture)):
            found.append(span)
        elif isinstance(span, doc.Text):
            for word in span.text.split():  # most paragraphs end it at their first word
                if _ADDRESS.fullmatch(word):
                    found.append(_bare_link(word))
                elif not _SEPARATORS.fullmatch(word):
                    return None
        elif not isinstance(span, doc.LineBreak):
            return None
    return found or None


def _without_languages(spans: Iterable[doc.Spans]) -> Iterator[doc.Spans]:
    for span in spans:
        if isinstance(span, doc.Foreign | doc.Formatted):
            yield from _without_languages(span.spans)
        else:
            yield span


def _bare_link(address: str) -> doc.Link:
    return doc.Link((doc.Text(address),), address)


def _is_bare(label: str) -> bool:
    """True if a link's words are an address, a sign, a number, or a word of navigation."""
    return bool(_ADDRESS.fullmatch(label) or _NAVIGATION.fullmatch(label))
