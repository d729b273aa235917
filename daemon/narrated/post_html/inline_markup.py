"""HTML of the running text in a block: the author's markup, and the marks of its sentences."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from narrated.post_html.link_targets import fragment, web_target
from narrated.post_html.sentence_marks import Range
from narrated.post_html.shown_text import shown_words
from narrated.post_html.text_forms import PageCopies
from narrated.printable import encodable
from narrated.reading import document as doc
from narrated.reading.language_tags import language_tag

ID_PREFIX = "t-"
"""Begins each id, until the key of the episode takes its place."""
_LINK_ATTRIBUTES = 'rel="noopener noreferrer"'
_RIGHT_TO_LEFT = frozenset(("ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"))
_CONTROLS = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)], "�")
_CONTROLS |= {0x0D: "\n", 0x85: "\n"}


class MarkedText:
    """Gives out the text of a block, piece by piece, each with its mark."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._ranges = iter(ranges)
        self._range = next(self._ranges, None)
        self._at = 0

    def words(self, text: str) -> str:
        """Write the next words of the block."""
        return "".join(self._marked(words(piece), numbers) for piece, numbers in self._cut(text))

    def element(self, text: str, element: str) -> str:
        """Write an element that stands for the next text of the block."""
        numbers = next((numbers for _, numbers in self._cut(text) if numbers), ())
        return self._marked(element, numbers)

    def _cut(self, text: str) -> Iterator[tuple[str, Sequence[int]]]:
        done = 0
        numbers: Sequence[int]
        while done < len(text):
            where = self._range
            if where is not None and where.end <= self._at:
                self._range = next(self._ranges, None)
                continue
            if where is None:
                end, numbers = len(text), ()
            elif self._at < where.start:
                end, numbers = done + where.start - self._at, ()
            else:
                end, numbers = done + where.end - self._at, where.numbers
            piece = text[done:end]
            yield piece, numbers
            done += len(piece)
            self._at += len(piece)

    @staticmethod
    def _marked(content: str, numbers: Sequence[int]) -> str:
        return f"<span{attributes('s', numbers)}>{content}</span>" if numbers else content


def words(text: str) -> str:
    """Write words. No quotation mark of theirs can end an attribute, or look as if it did."""
    clean = text if text.isprintable() else encodable(text.translate(_CONTROLS))
    return escape(clean, quote=False).replace('"', "&quot;")


def attributes(classes: str, numbers: Iterable[int] = ()) -> str:
    """Write the classes of an element, and the numbers of its sentences; nothing for none."""
    joined = " ".join(map(str, numbers))
    written = f' class="{classes}"' if classes else ""
    return f'{written} data-s="{joined}"' if joined else written


def language_attributes(language: str) -> str:
    """Write the attributes of words in a language; nothing if it is none."""
    if not language or language_tag(language) != language:
        return ""
    base = language.partition("-")[0].lower()
    return f' lang="{language}" dir="{"rtl" if base in _RIGHT_TO_LEFT else "ltr"}"'


@dataclass(frozen=True, slots=True)
class InlineMarkup:
    """Writes spans."""

    copies: PageCopies
    anchors: Callable[[str], str]
    """Gives the id of the place that a link inside the text leads to; "" if there is none."""
    call: Callable[[str], str]
    """Writes the call of a footnote."""

    def spans(self, spans: Iterable[doc.Spans], text: MarkedText) -> str:
        """Write spans, whose text comes from `text`."""
        return "".join(self._span(span, text) for span in spans)

    def _span(self, span: doc.Spans, text: MarkedText) -> str:
        match span:
            case doc.Emphasis(spans=inner, strong=strong):
                tag = "strong" if strong else "em"
                return f"<{tag}>{self.spans(inner, text)}</{tag}>"
            case doc.Deleted(spans=inner):
                return f"<del>{self.spans(inner, text)}</del>"
            case doc.Formatted(spans=inner, kind=kind, title=title):
                told = f' title="{" ".join(words(title).split())}"' if title else ""
                return f"<{kind}{told}>{self.spans(inner, text)}</{kind}>"
            case doc.Foreign(spans=inner, language=language):
                return f"<span{language_attributes(language)}>{self.spans(inner, text)}</span>"
            case doc.Link(spans=inner, target=target):
                return self.anchor(target, self.spans(inner, text))
            case doc.InlineCode() | doc.InlineMath():
                tag = 'code class="math"' if isinstance(span, doc.InlineMath) else "code"
                return f"<{tag}>{text.words(shown_words(span, self.copies))}</code>"
            case doc.LineBreak():
                text.words(shown_words(span, self.copies))
                return "<br>"
            case doc.InlinePicture(source) if source in self.copies:
                picture = self.picture(source, span.alt or span.title)
                return text.element(shown_words(span, self.copies), picture)
            case doc.InlinePicture(source):
                content = self.anchor(source, text.words(shown_words(span, self.copies)))
                return f'<span class="picture">{content}</span>'
            case doc.FootnoteMark(label):
                return self.call(label)
            case _:
                return text.words(shown_words(span, self.copies))

    def anchor(self, target: str, content: str) -> str:
        """Write a link, or its content alone if it leads to nowhere that a page may lead."""
        if not content:
            return ""
        if address := web_target(target):
            return f'<a href="{escape(address)}" {_LINK_ATTRIBUTES}>{content}</a>'
        if (name := fragment(target)) and (place := self.anchors(name)):
            return f'<a href="#{place}">{content}</a>'
        return content

    def picture(self, source: str, alt: str) -> str:
        """Write a picture that has a copy."""
        copy = self.copies[source]
        size = f' width="{copy.width}" height="{copy.height}"' if copy.width else ""
        alt = " ".join(words(alt).split())
        return f'<img src="{escape(copy.file)}" alt="{alt}"{size} loading="lazy">'
