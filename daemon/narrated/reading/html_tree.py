"""Builds Beautiful Soup's tree of a page in about a third of the time that its own builder takes.

A page comes from the same parser, so the tree is the same. Beautiful Soup passes each element
through seven calls, which serve XML, filters and other parsers too; here one call makes it.
"""

from collections.abc import Mapping
from io import StringIO
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.builder._lxml import LXMLTreeBuilder
from bs4.element import Comment, Doctype, NavigableString, PageElement

_SPACES = " \n\t\f\r"
_OWN = ("name", "attrs", "contents", "parent", "previous_element", "next_element")
_SIBLINGS = ("previous_sibling", "next_sibling")
"""Fields of an element that each one has for itself; the others are the same for nearly all."""
_FIRST, _LAST = "first_line", "last_line"


def tree_of(html: str) -> BeautifulSoup:
    """Parse HTML as a browser does, whatever it holds."""
    return BeautifulSoup(html, builder=_Builder)


def lines_of(node: PageElement) -> tuple[int, int] | None:
    """Return the first and the last line of an element or a text, from 1; None if unknown.

    Those of an element are the lines of its tag, and of the last text or tag in it.
    """
    noted = node.__dict__
    first, last = noted.get(_FIRST), noted.get(_LAST)
    if first and last and last > first:
        return first, last
    return (first, first) if first else None


class _Element(Tag):
    """An element whose common fields are those of its class."""


_MODEL = BeautifulSoup("<html></html>", "lxml").contents[0]
for _field, _value in vars(_MODEL).items():
    if _field not in (*_OWN, *_SIBLINGS):
        setattr(_Element, _field, _value)


class _Builder(LXMLTreeBuilder):
    """Links each element and string to its neighbours as the parser tells of it."""

    _last: PageElement | None = None
    _open: list[Tag]
    _texts: list[str]
    _keeping: int = 0
    """The number of open elements that keep their white space."""
    _line = 0
    """The line that is parsed."""
    _text_line = 0
    """The line of the last tag or comment, after which a text begins."""
    _last_line = 0
    """The last line with a tag or a word."""

    def feed(self, markup: Any) -> None:
        """Parse a page."""
        assert self.soup is not None
        self._last, self._open, self._texts, self._keeping = None, [self.soup], [], 0
        listed = (self.cdata_list_attributes or {}).values()
        self._listed = frozenset(name for names in listed for name in names)
        self._feed_lines(markup)
        self._end_text()
        self._last, self._open = None, []

    def _feed_lines(self, markup: str) -> None:
        """Feed the parser one line at a time: it tells of a tag as soon as it has its line."""
        self.parser = self.parser_for(None)
        self.parser.feed("")  # an empty page is one, too
        for self._line, line in enumerate(StringIO(markup, newline="\n"), start=1):
            self.parser.feed(line)
        self.parser.close()

    def start(self, tag: Any, attrib: Mapping[Any, Any]) -> None:  # type: ignore[override]
        """Add an element."""
        if self._texts:
            self._end_text()
        one = _Element.__new__(_Element)
        one.name = tag
        one.attrs = self._attributes(tag, attrib) if attrib else {}
        one.contents = []
        self._link(one)
        self._open.append(one)
        if tag in self.string_containers:
            one.interesting_string_types = {self.string_containers[tag]}
        if tag in self.preserve_whitespace_tags:
            self._keeping += 1
        self._text_line = self._last_line = one.__dict__[_FIRST] = self._line
        if self.can_be_empty_element(tag):
            one.can_be_empty_element = True
            self.set_up_substitutions(one)

    def end(self, tag: Any) -> None:
        """Close an element, and those left open in it."""
        if self._texts:
            self._end_text()
        is_open = self._open[-1].name == tag or any(one.name == tag for one in self._open[1:])
        while is_open and len(self._open) > 1:
            one = self._open.pop()
            one.__dict__[_LAST] = self._last_line
            closed = one.name
            if closed in self.preserve_whitespace_tags:
                self._keeping -= 1
            is_open = closed != tag
        self._text_line = self._line

    def data(self, data: Any) -> None:
        """Add to the text at this place."""
        self._texts.append(data)

    def comment(self, text: Any) -> None:
        """Add a comment."""
        self._add_apart(text, Comment)

    def pi(self, target: str, data: str) -> None:
        """Add an instruction to programs."""
        self._add_apart(f"{target} {data}", self.processing_instruction_class)

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Add the kind of the page."""
        self._add_apart(str(Doctype.for_name_and_ids(name, pubid, system)), Doctype)

    def _add_apart(self, text: str, kind: type[NavigableString]) -> None:
        if self._texts:
            self._end_text()
        self._texts.append(text)
        self._text_line = self._line - text.count("\n")
        self._end_text(kind)
        self._text_line = self._line

    def _end_text(self, kind: type[NavigableString] = NavigableString) -> None:
        """Make one string of the pieces of a text; of white space, one sign stays."""
        if not self._texts:
            return
        text = self._texts[0] if len(self._texts) == 1 else "".join(self._texts)
        self._texts = []
        if not self._keeping and not text.strip(_SPACES):
            text = "\n" if "\n" in text else " "
        if kind is NavigableString:
            kind = self._kind_here()
        one = str.__new__(kind, text)
        one.hidden = False
        if "\n" in text:
            self._note_lines(one, text)
        elif text != " ":
            self._last_line = one.__dict__[_FIRST] = self._text_line
        self._link(one)

    def _note_lines(self, one: NavigableString, text: str) -> None:
        """Note the lines of a text's words."""
        if words := text.strip(_SPACES):
            first = self._text_line + text.count("\n", 0, text.index(words[0]))
            self._last_line = first + words.count("\n")
            one.__dict__[_FIRST], one.__dict__[_LAST] = first, self._last_line

    def _kind_here(self) -> type[NavigableString]:
        """Return the class of a text: those of scripts and the like have their own."""
        for around in reversed(self._open):
            if around.name in self.string_containers:
                return self.string_containers[around.name]
        return NavigableString

    def _link(self, one: PageElement) -> None:
        """Put an element or a string after all others, into the element that is open."""
        parent = self._open[-1]
        siblings = parent.contents
        before = siblings[-1] if siblings else None
        one.parent, one.previous_sibling, one.previous_element = parent, before, self._last
        one.next_sibling = one.next_element = None
        if before is not None:
            before.next_sibling = one
        if self._last is not None:
            self._last.next_element = one
        self._last = one
        siblings.append(one)

    def _attributes(self, tag: str, attrib: Mapping[str, str]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, value in attrib.items():
            is_qualified = name[0] == "{" and "}" in name
            given[name.partition("}")[2] if is_qualified else name] = value
        if self._listed.isdisjoint(given):
            return given
        return dict(self._replace_cdata_list_attribute_values(tag, given))
