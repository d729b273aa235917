"""The text of a post as HTML, in its structure, with its spoken sentences marked."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from narrated.post_html.block_groups import block_groups, part_of
from narrated.post_html.footnote_markup import FootnoteMarkup
from narrated.post_html.inline_markup import (
    ID_PREFIX,
    InlineMarkup,
    MarkedText,
    attributes,
    language_attributes,
    words,
)
from narrated.post_html.link_targets import web_target
from narrated.post_html.sentence_marks import TITLE, Node, mark_sentences, numbered_nodes
from narrated.post_html.shown_text import text_of_spans
from narrated.post_html.spoken_sentences import SpokenSentence
from narrated.post_html.text_forms import PageCopies
from narrated.reading import document as doc
from narrated.reading.document import plain
from narrated.script.announcements import PICTURE
from narrated.script.inline_text import UNDESCRIBED
from narrated.script.script import Captions
from narrated.script.traversal import title_block

MOST_HTML_BYTES = 1 << 20
"""Bound on the text: a book of twenty hours. What is left out is an ellipsis."""
_MOST_LEVELS = 30
"""Blocks that are nested deeper stand side by side."""
_DESCRIBED = (f"{PICTURE}:", f"{PICTURE},")
_ELLIPSIS = "<p>…</p>"
_EMBEDDED = frozenset(("iframe", "video", "audio", "embed", "object"))
_LANGUAGE_OF_CODE = re.compile(r"[A-Za-z0-9#+_.-]{1,30}")
_KIND = re.compile(r"\w+")
_BOXES = {True: "☑", False: "☐"}
_SLUG_DROPPED = re.compile(r"[^\w\- ]+")
_LONGEST_SLUG = 100


def page_text(
    document: doc.Document,
    sentences: Iterable[SpokenSentence],
    captions: Captions,
    copies: PageCopies,
    language: str,
) -> str:
    """Write a document as HTML.

    Its elements are ours, and nothing is the author's but words and safe targets of links. A
    spoken sentence is `<span class="s" data-s="12">`, and a row of a table `<tr class="s" …>`; an
    element of the class `announced` stands for the sentences in its `data-s`. A text begins with
    its title as `<h1>`. `copies` are those of pictures, with their addresses on the page.
    """
    return _TextWriter(document, sentences, captions, copies, language).html()


class _TextWriter:
    def __init__(
        self,
        document: doc.Document,
        sentences: Iterable[SpokenSentence],
        captions: Captions,
        copies: PageCopies,
        language: str,
    ) -> None:
        self._document, self._captions = document, captions
        self._nodes = numbered_nodes(document.blocks)
        self._inner: dict[int, list[int]] = defaultdict(list)
        for node in self._nodes:
            self._inner[node.outer].append(node.number)
        self._title = None if document.kind == "picture" else title_block(document)
        sentences = list(sentences)
        self._words = {each.number: each.words for each in sentences}
        self._marks = mark_sentences(self._nodes, self._title_spans(), sentences, copies)
        self._notes = FootnoteMarkup(_labels(self._nodes))
        self._anchors = _anchors(self._nodes)
        self._inline = InlineMarkup(copies, self._anchor, self._notes.call)
        self._levels: list[int] = []
        self._language = language_attributes(language)

    def html(self) -> str:
        """Write the title, the blocks and the footnotes, as long as they are not too long."""
        title = ""
        if self._document.kind != "picture" and self._document.title:
            content = self._inline.spans(self._title_spans(), self._text(TITLE))
            id = "" if self._title is None else f' id="{_heading_id(self._title)}"'
            title = f"<h1{id}{self._language}{self._announced(TITLE)}>{content}</h1>\n"
        limit = _SizeLimit(MOST_HTML_BYTES - len(title.encode()))
        outer = [number for number in self._inner[-1] if number != self._title]
        blocks = [*limit.within(self._siblings(outer, 0))]
        notes = self._notes.items(self._note, is_whole=not limit.is_reached)
        items = "".join(limit.within(notes))
        if items:
            blocks.append(f'<section class="footnotes"><ol>\n{items}</ol></section>\n')
        if limit.is_reached:
            blocks.append(_ELLIPSIS)
        return f"{title}<div{self._language}>\n{''.join(blocks)}</div>\n"

    def _title_spans(self) -> tuple[doc.Spans, ...]:
        if self._title is not None:
            block = self._nodes[self._title].block
            assert isinstance(block, doc.Heading), "title_block finds headings"
            return block.spans
        return self._document.title_spans or (doc.Text(self._document.title),)

    def _anchor(self, name: str) -> str:
        number = self._anchors.get(unquote(name).casefold())
        return "" if number is None else _heading_id(number)

    def _text(self, number: int) -> MarkedText:
        return MarkedText(self._marks.ranges.get(number, ()))

    def _announced(self, number: int, classes: str = "") -> str:
        """Write the classes of a block, and the sentences for which it stands as a whole."""
        numbers = self._marks.whole.get(number, ())
        names = " ".join(filter(None, (classes, "announced" if numbers else "")))
        return attributes(names, numbers)

    def _block(self, number: int, level: int) -> str:
        """Write a block with all blocks inside, and the end of a line."""
        block = self._nodes[number].block
        if level > _MOST_LEVELS and self._inner.get(number):
            return self._inside(number, level)
        match block:
            case doc.Heading(spans=spans):
                return self._heading(block.level, spans, number)
            case doc.Paragraph(spans):
                return self._paragraph(spans, number)
            case doc.Listing():
                return self._listing(block, number, level)
            case doc.Quote():
                inside = self._inside(number, level)
                return f"<blockquote{self._announced(number)}>\n{inside}</blockquote>\n"
            case doc.Admonition():
                return self._admonition(block, number, level)
            case doc.Code(text, language):
                return self._code(text, language, number)
            case doc.Math(text):
                begin = f"<pre{self._announced(number, 'math')}><code>"
                return f"{begin}{self._text(number).words(text)}</code></pre>\n"
            case doc.Table():
                return self._table(block, number)
            case doc.Picture():
                return self._picture(block, number)
            case doc.Rule():
                return f"<hr{self._announced(number)}>\n"
            case doc.Unspoken(kind, _, text) if kind in _EMBEDDED and web_target(text):
                return f"<p>{self._inline.anchor(text, words(text))}</p>\n"
        return self._nothing(number)

    def _nothing(self, number: int) -> str:
        """Write what is no text; the number of a list's item may be said of it alone.

        A footnote is none here: it follows the text.
        """
        numbers = self._marks.whole.get(number, ())
        is_marked = numbers and not isinstance(self._nodes[number].block, doc.Footnote)
        return f"<span{attributes('announced', numbers)}></span>" if is_marked else ""

    def _inside(self, number: int, level: int) -> str:
        return "".join(self._siblings(self._inner[number], level + 1))

    def _siblings(self, numbers: Sequence[int], level: int) -> Iterator[str]:
        """Write blocks that stand side by side: some are shown as parts of others."""
        left = iter(numbers)
        for kind, size in block_groups(self._nodes[each].block for each in numbers):
            group = [*islice(left, size)]
            if kind == "definitions":
                yield f"<dl>\n{''.join(map(self._definition, group))}</dl>\n"
            elif kind == "captioned":
                yield self._captioned(group)
            else:
                yield self._block(group[0], level)

    def _definition(self, number: int) -> str:
        paragraph = self._nodes[number].block
        assert isinstance(paragraph, doc.Paragraph), "no other block is a part"
        content = self._inline.spans(paragraph.spans, self._text(number))
        tag = "dt" if paragraph.part == "term" else "dd"
        return f"<{tag}{self._announced(number)}>{content}</{tag}>\n"

    def _captioned(self, numbers: Sequence[int]) -> str:
        """Write a picture or a table with its caption."""
        (number,) = (each for each in numbers if not part_of(self._nodes[each].block))
        captions = [each for each in numbers if each != number]
        caption = "<br>".join(map(self._caption, captions))
        block = self._nodes[number].block
        if isinstance(block, doc.Table):
            return self._table(block, number, caption)
        assert isinstance(block, doc.Picture), "no other block has a caption"
        return self._picture(block, number, caption)

    def _caption(self, number: int) -> str:
        paragraph = self._nodes[number].block
        assert isinstance(paragraph, doc.Paragraph), "no other block is a part"
        content = self._inline.spans(paragraph.spans, self._text(number))
        announced = self._announced(number)
        return f"<span{announced}>{content}</span>" if announced else content

    def _heading(self, author_level: int, spans: tuple[doc.Spans, ...], number: int) -> str:
        """Write a heading at the level below the one that it belongs to: none is left out."""
        while self._levels and self._levels[-1] >= author_level:
            self._levels.pop()
        self._levels.append(author_level)
        tag = f"h{min(6, len(self._levels) + 1)}"
        content = self._inline.spans(spans, self._text(number))
        id = _heading_id(number)
        return f'<{tag} id="{id}"{self._announced(number)}>{content}</{tag}>\n'

    def _paragraph(self, spans: tuple[doc.Spans, ...], number: int) -> str:
        announced = self._announced(number)
        content = self._inline.spans(spans, self._text(number))
        return f"<p{announced}>{content}</p>\n" if content or announced else ""

    def _listing(self, listing: doc.Listing, number: int, level: int) -> str:
        tag = "ol" if listing.ordered else "ul"
        start = f' start="{listing.start}"' if listing.ordered and listing.start != 1 else ""
        inner = iter(self._inner[number])
        items = "".join(
            self._item(item, [next(inner) for _ in item.blocks], level) for item in listing.items
        )
        return f"<{tag}{start}{self._announced(number)}>\n{items}</{tag}>\n"

    def _item(self, item: doc.Item, inner: Sequence[int], level: int) -> str:
        """Write an item; its paragraph stands in it as it is if it has no other."""
        box = "" if item.done is None else f'<span class="box">{_BOXES[item.done]}</span> '
        match item.blocks:
            case [doc.Paragraph(spans, part=""), *others] if not any(map(_is_loose, others)):
                content = self._inline.spans(spans, self._text(inner[0]))
                begin = f"<li{self._announced(inner[0], 'task' if box else '')}>{box}"
                rest = "".join(self._block(each, level + 1) for each in inner[1:])
                return f"{begin}{content}{rest}</li>\n"
        content = "".join(self._block(each, level + 1) for each in inner)
        return f"<li{attributes('task' if box else '')}>{box}{content}</li>\n"

    def _admonition(self, admonition: doc.Admonition, number: int, level: int) -> str:
        title = self._inline.spans(admonition.title, self._text(number))
        if not "".join(piece.text for piece in text_of_spans(admonition.title, {})).strip():
            title = words(" ".join(_KIND.findall(admonition.kind)).capitalize())
        head = f'<p class="admonition-title">{title}</p>\n' if title else ""
        begin = f"<div{self._announced(number, 'admonition')}>\n"
        return f"{begin}{head}{self._inside(number, level)}</div>\n"

    def _code(self, text: str, language: str, number: int) -> str:
        if not text.strip():
            return self._nothing(number)
        named = f' title="{language}"' if _LANGUAGE_OF_CODE.fullmatch(language) else ""
        content = self._text(number).words(text)
        return f"<pre{named}{self._announced(number)}><code>{content}</code></pre>\n"

    def _table(self, table: doc.Table, number: int, caption: str = "") -> str:
        head = "".join(self._cell(cell, is_heading=True) for cell in table.header)
        head = f"<thead><tr>{head}</tr></thead>\n" if head else ""
        body = "".join(self._row(row, number, at) for at, row in enumerate(table.rows))
        body = f"<tbody>\n{body}</tbody>" if body else ""
        begin = f'<div class="table"><table{self._announced(number)}>'
        caption = f"<caption>{caption}</caption>" if caption else ""
        return f"{begin}{caption}{head}{body}</table></div>\n"

    def _row(self, row: Iterable[doc.Cell], number: int, place: int) -> str:
        cells = "".join(self._cell(cell) for cell in row)
        numbers = self._marks.rows.get((number, place), ())
        return f"<tr{attributes('s' if numbers else '', numbers)}>{cells}</tr>\n"

    def _cell(self, cell: doc.Cell, *, is_heading: bool = False) -> str:
        content = self._inline.spans(cell.spans, MarkedText(()))
        sizes = (("colspan", cell.columns), ("rowspan", cell.rows))
        told = "".join(f' {name}="{size}"' for name, size in sizes if size > 1)
        if content and (is_heading or cell.is_heading):
            return f'<th scope="{"col" if is_heading else "row"}"{told}>{content}</th>'
        return f"<td{told}>{content}</td>"

    def _picture(self, picture: doc.Picture, number: int, caption: str = "") -> str:
        described = self._captions.get(picture.source, UNDESCRIBED).text or self._heard_of(number)
        label = picture.title or picture.alt or described
        begin = f"<figure{self._announced(number)}>"
        if caption:
            alt = picture.alt or label
            if picture.source in self._inline.copies:
                shown = self._inline.picture(picture.source, alt)
            else:
                shown = self._inline.anchor(picture.source, words(alt or PICTURE))
            return f"{begin}{shown}<figcaption>{caption}</figcaption></figure>\n"
        if picture.source not in self._inline.copies:
            content = self._inline.anchor(picture.source, words(label or PICTURE))
            return f"{begin}<figcaption>{content}</figcaption></figure>\n"
        alt = picture.alt or described
        shown = self._inline.picture(picture.source, "" if alt == label else alt)
        caption = f"<figcaption>{words(label)}</figcaption>" if label else ""
        return f"{begin}{shown}{caption}</figure>\n"

    def _heard_of(self, number: int) -> str:
        """Return the description of a picture as it was said; it has no other of before."""
        said = (self._words[each] for each in self._marks.whole.get(number, ()))
        return next((each for each in said if each.startswith(_DESCRIBED)), "")

    def _note(self, number: int) -> str:
        """Write the content of a footnote."""
        announced, content = self._announced(number), self._inside(number, 0)
        return f"<div{announced}>{content}</div>" if announced else content


@dataclass(slots=True)
class _SizeLimit:
    """Lets parts through until they are too long."""

    left: int
    is_reached: bool = False

    def within(self, parts: Iterable[str]) -> Iterator[str]:
        for part in parts:
            self.left -= len(part.encode())
            self.is_reached = self.is_reached or self.left < 0
            if self.is_reached:
                return
            yield part


def _is_loose(block: doc.Blocks) -> bool:
    return not isinstance(block, doc.Listing | doc.Unspoken | doc.Footnote)


def _labels(nodes: Iterable[Node]) -> list[tuple[str, int]]:
    """Return the label and the number of each footnote."""
    return [
        (node.block.label, node.number) for node in nodes if isinstance(node.block, doc.Footnote)
    ]


def _heading_id(number: int) -> str:
    return f"{ID_PREFIX}h{number}"


def _anchors(nodes: Iterable[Node]) -> dict[str, int]:
    """Return the headings by the names that links call them, as GitHub makes them."""
    found: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for node in nodes:
        if isinstance(node.block, doc.Heading):
            slug = _SLUG_DROPPED.sub("", plain(node.block.spans)).strip().casefold()
            slug = slug.replace(" ", "-")[:_LONGEST_SLUG]
            found.setdefault(f"{slug}-{seen[slug]}" if seen[slug] else slug, node.number)
            seen[slug] += 1
    return found
