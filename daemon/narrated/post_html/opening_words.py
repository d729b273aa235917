"""The words of a text's first paragraph, as they are written: they describe its episode."""

from collections.abc import Sequence
from html.parser import HTMLParser

_PARAGRAPHS = ("p", "li")
_HEADINGS = tuple(f"h{level}" for level in range(1, 7))
_BLOCKS = frozenset(
    (*_PARAGRAPHS, *_HEADINGS, "ul", "ol", "dl", "dt", "dd", "blockquote", "div", "section",
     "table", "pre", "figure", "hr")
)  # fmt: skip
_SILENT = frozenset((*_HEADINGS, "pre", "table", "figure", "del"))
"""Elements whose words are no running text."""
_SILENT_CLASSES = frozenset(("admonition-title", "box", "call", "picture"))
_VOID = ("br", "hr", "img")
_PIECE = 1 << 14
"""Characters that are read before the words may be found."""


def opening_words(html: str) -> str:
    """Return the words of the first paragraph of the page's HTML; empty if it has none.

    Pictures inside it, calls of footnotes, and what is struck out are left out.
    """
    reader = _OpeningReader()
    for begin in range(0, len(html), _PIECE):
        if reader.is_done:
            break
        reader.feed(html[begin : begin + _PIECE])
    return reader.words


class _OpeningReader(HTMLParser):
    """Reads HTML of ours, in which each element but a void one has its end."""

    def __init__(self) -> None:
        super().__init__()
        self.is_done = False
        self._written: list[str] = []
        self._is_paragraph = False
        self._silent: list[str] = []
        """The open elements, from one that is silent on."""

    @property
    def words(self) -> str:
        return " ".join("".join(self._written).split())

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if tag in _BLOCKS:
            self._end_paragraph()
            self._is_paragraph = tag in _PARAGRAPHS
        if "footnotes" in classes:
            self.is_done = True
        if tag in _VOID:
            self._written.append(" ")
        elif self._silent or tag in _SILENT or _SILENT_CLASSES.intersection(classes):
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            self._silent.pop()
        if tag in _BLOCKS:
            self._end_paragraph()

    def handle_data(self, data: str) -> None:
        if self._is_paragraph and not self._silent and not self.is_done:
            self._written.append(data)

    def _end_paragraph(self) -> None:
        self._is_paragraph = False
        self.is_done = self.is_done or bool(self.words)
