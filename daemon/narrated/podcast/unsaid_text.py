"""Finds the words of a page's text that no sentence has: code, rows, captions."""

from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from typing import NamedTuple

from narrated.podcast.page_episode import PageSentence

_INLINE = """
    a abbr b bdi bdo cite code del em i ins kbd mark q s small span strong sub sup td th u
"""
_WITHIN_LINES = frozenset(_INLINE.split())
"""Elements that stand in a line of words; each other one begins a new line, as `<br>` does."""
_VOID = frozenset(("br", "hr", "img"))


class UnsaidLine(NamedTuple):
    """A line of a text that is not said as it is written."""

    start_s: float | None
    """The start of the sentence that stands for it, or of the one before; None before the first."""
    text: str


def unsaid_lines(html: str, sentences: Iterable[PageSentence]) -> list[UnsaidLine]:
    """Return the lines of a text, which is ours, that its sentences do not have."""
    parser = _Unsaid(sentences)
    parser.feed(html)
    parser.close()
    parser.end_line()
    return parser.lines


class _Element(NamedTuple):
    """An open element, with what holds for the words in it."""

    tag: str
    numbers: tuple[int, ...] = ()
    """The sentences that stand for it."""
    is_spoken: bool = False
    """True if they are its own words."""
    is_verbatim: bool = False
    is_left_out: bool = False


class _Unsaid(HTMLParser):
    """Collects the lines of a text without what is said."""

    def __init__(self, sentences: Iterable[PageSentence]) -> None:
        super().__init__()
        self.lines: list[UnsaidLine] = []
        self._said = {each.number: (each.start_s, _letters(each.text)) for each in sentences}
        self._open = [_Element("")]
        self._line: list[str] = []
        self._numbers: tuple[int, ...] = ()
        """The sentences that stand for the line, or the last before it."""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self._border(tag)
        if tag == "img":
            self.handle_data(given.get("alt", ""))
            self.end_line()
        elif tag not in _VOID:
            self._open.append(self._element(tag, given))

    def handle_endtag(self, tag: str) -> None:
        self._border(tag)
        if len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        around = self._open[-1]
        if around.is_left_out or (around.is_spoken and _letters(data) in self._letters_of(around)):
            return
        if around.numbers != self._numbers and around.numbers:
            self.end_line()
            self._numbers = around.numbers
        first, *others = data.split("\n") if around.is_verbatim else (data,)
        self._line.append(first)
        for each in others:
            self.end_line()
            self._line.append(each)

    def end_line(self) -> None:
        """Keep the line that is collected, if it has words that are not said."""
        text, self._line = " ".join("".join(self._line).split()), []
        letters = _letters(text)
        if letters and not any(letters in self._said[each][1] for each in self._numbers):
            starts = [self._said[each][0] for each in self._numbers]
            self.lines.append(UnsaidLine(starts[0] if starts else None, text))

    def _element(self, tag: str, given: dict[str, str]) -> _Element:
        around = self._open[-1]
        is_verbatim = around.is_verbatim or tag == "pre"
        is_left_out = around.is_left_out or (tag == "a" and given.get("href", "").startswith("#"))
        known = [int(each) for each in given.get("data-s", "").split() if each.isdecimal()]
        numbers = tuple(each for each in known if each in self._said)
        if not numbers:
            return around._replace(tag=tag, is_verbatim=is_verbatim, is_left_out=is_left_out)
        self.end_line()
        self._numbers = numbers
        is_spoken = "announced" not in given.get("class", "").split()
        return _Element(tag, numbers, is_spoken, is_verbatim, is_left_out)

    def _border(self, tag: str) -> None:
        """End a line where an element does; a cell of a row stands apart from the next."""
        if tag not in _WITHIN_LINES:
            self.end_line()
        elif tag in ("td", "th"):
            self._line.append(" ")

    def _letters_of(self, element: _Element) -> str:
        return "".join(self._said[each][1] for each in element.numbers)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
