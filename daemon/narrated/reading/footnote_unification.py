"""Turns footnotes that authors and word processors write by hand into elements of ours.

A call becomes a mark, and its note a note, if the note is a block of its own that a link or a
raised number calls. Other calls, and the ways back, fall silent.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise, takewhile

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement

from narrated.reading.html_element_names import HEADINGS, MARK, NOTE, names
from narrated.reading.html_element_names import UNSPOKEN as UNREAD
from narrated.reading.html_inline import is_power
from narrated.reading.html_skipping import UNSPOKEN
from narrated.reading.note_links import (
    NoteLink,
    PageLinks,
    page_links,
    silent_links,
    starts,
    text_before,
)

_BLOCKS = ("li", "p", "div")
_SILENT = [*UNSPOKEN, "pre", NOTE]
_NO_NOTE = [*HEADINGS, "article", "main", "nav", "hr", NOTE]
_CITED = re.compile(r"_?(?:cite|bib|ref)", re.I)
_NOTE = re.compile(
    r"\A_?(?:user-content-)?(?:fn|ftn|edn|sdfoot|sdend|foot|note)|(?:foot|end)[-_]?note|footnt",
    re.I,
)
_ONE_NOTE = re.compile(
    r"_?(?:ftn|sdfootnote|sdendnote|edn|fn|note|footnote|endnote)[-_:]?\d*", re.I
)
_RAISED = re.compile(r"\d{1,3}|[*†‡§¶]{1,3}|\[\d{1,3}\]")
_PLACES = names("""
    fn fn- fn: fn_ note note- footnote footnote- foot- foot ftn ftn- endnote- en
    """)
_HEADING = re.compile(r"(?:foot|end)?[\s-]?notes?\s*:?", re.I)
_LINE_LABEL = re.compile(
    r"(?:\A|\n)[ \t]*(?:[\[(|]?(?:\d{1,3}|[*†‡§¶]{1,3})[\])|.:]?[ \t]*[-–—.:]?[ \t]*)?\Z"
)
_JOINT = re.compile(r"[\s\xa0]*(?:[.:)\]|]+(?=\s|\Z)|[-–—]+)?[\s\xa0]*")
_FLOW = frozenset({"p", "ul", "ol", "blockquote", "pre", "table", "figure", "img", "br"})
_CALLED_BY_NUMBER = "narrated-raised-"
"""Begins the names of notes that begin with a raised number, and have no name of their own."""
_READ = "above footnotes, which are read after their calls"
_MOST_BETWEEN = 40
_MOST_COST = 2_000_000
"""Siblings that may be searched to move elements; a longer search leaves notes in their place."""


@dataclass(slots=True)
class _Note:
    """A note: its block, the place in it that calls lead to, and its first call."""

    target: str
    label: str
    place: Tag
    position: int
    called_at: int
    block: Tag


def unify_footnotes(tree: BeautifulSoup, lower_html: str) -> None:
    """Replace the calls and the notes that a page writes by hand by elements of ours."""
    if "#" not in lower_html and "<sup" not in lower_html:
        return
    links = page_links(tree)
    silent = list(silent_links(links))
    raised = list(_raised_calls(links))
    if silent or raised:
        _Unification(tree, links, silent, raised).unify()


def _raised_calls(links: PageLinks) -> Iterator[NoteLink]:
    """Yield the raised numbers without a link that a note answers; give each note a place."""
    notes: defaultdict[str, list[tuple[int, Tag]]] = defaultdict(list)
    calls: list[tuple[int, Tag, str]] = []
    for position, tag in links.raised:
        label = tag.get_text().strip()
        if not _RAISED.fullmatch(label):
            continue
        if not (before := text_before(tag).rstrip("\n")):
            notes[label.strip("[]")].append((position, tag))
        elif not is_power(before, label) and not before[-1:].isdigit():
            calls.append((position, tag, label.strip("[]")))
    for position, tag, label in calls:
        after = notes.get(label, [])
        at = bisect_right(after, position, key=lambda one: one[0])
        if at < len(after):
            target = f"{_CALLED_BY_NUMBER}{after[at][0]}"
            links.places[target] = after[at]
            yield NoteLink(tag, position, target, label)
        elif name := _named_place(links, label, position):
            yield NoteLink(tag, position, name, label)


def _named_place(links: PageLinks, label: str, position: int) -> str:
    named = (f"{one}{label}" for one in _PLACES)
    return next((one for one in named if links.places.get(one, (0,))[0] > position), "")


@dataclass(slots=True)
class _Unification:
    """Replaces the elements of one page."""

    tree: BeautifulSoup
    links: PageLinks
    silent: list[NoteLink]
    raised: list[NoteLink]
    _cost: int = 0
    _fit: dict[int, bool] = field(default_factory=dict)
    _labels: dict[str, str] = field(default_factory=dict)
    """The label of the note at each place, as a note can have several."""

    def unify(self) -> None:
        """Replace the notes, then their calls and ways back."""
        notes = self._whole_notes(self._found_notes())
        self._fill_bare(notes)
        self._take_following(notes)
        made = [(self._made(note), note.label) for note in self._split(notes)]
        for link in (*self.silent, *self.raised):
            self._silence(link)
        for tag, label in made:
            self._strip_label(tag, label)
        self._drop_headings([tag for tag, _ in made])

    def _found_notes(self) -> list[_Note]:
        """Find the notes that calls lead to, in the page's order."""
        leading_back = {
            id(parent)
            for link in self.silent
            if link.leads_back
            for parent in islice(link.tag.parents, 6)
        }
        found: dict[int, _Note] = {}
        for call in sorted((*self.silent, *self.raised), key=lambda one: one.position):
            if call.target in self._labels or (note := self._note(call, leading_back)) is None:
                continue
            whole = note.block is note.place or starts(note.block, note.place)
            known = found.setdefault(id(note.block) if whole else id(note.place), note)
            self._labels[call.target] = known.target
        return sorted(found.values(), key=lambda one: one.position)

    def _note(self, call: NoteLink, leading_back: set[int]) -> _Note | None:
        position, place = self.links.places.get(call.target, (-1, None))
        if place is None or position < call.position or call.leads_back:
            return None
        block = self._block(place)
        if block is None or _CITED.match(call.target) or call.tag.find_parent(_SILENT):
            return None
        named = (
            call.target.startswith(_CALLED_BY_NUMBER)
            or _NOTE.search(call.target) is not None
            or _begins_with_sign(block, call.label)
        )
        if not (named or id(block) in leading_back) or any(
            block is one for one in call.tag.parents
        ):
            return None
        return _Note(call.target, call.label, place, position, call.position, block)

    def _block(self, place: Tag) -> Tag | None:
        """Return the block that a note fills, or begins a line of."""
        around = (place, *islice(place.parents, 6))
        block = next((one for one in around if one.name in _BLOCKS), None)
        if block is None or not self._fits(block):
            return None
        if block is not place and not (starts(block, place) or _begins_line(block, place)):
            return None
        while (outer := block.parent) and _is_one_note(outer) and starts(outer, block):
            block = outer
        return block if self._fits(block) else None

    def _fits(self, block: Tag) -> bool:
        if id(block) not in self._fit:
            self._fit[id(block)] = (
                block.find(_NO_NOTE) is None and block.find_parent(_SILENT) is None
            )
        return self._fit[id(block)]

    def _whole_notes(self, notes: list[_Note]) -> list[_Note]:
        """Leave out the items of a list that holds more than notes, or that is known as notes."""
        blocks = {id(note.block) for note in notes}
        whole: dict[int, bool] = {}
        for note in notes:
            outer = note.block.parent
            if note.block.name == "li" and outer is not None and id(outer) not in whole:
                items = outer.find_all(True, recursive=False)
                whole[id(outer)] = all(id(item) in blocks for item in items)
        return [
            note
            for note in notes
            if note.block.name != "li" or whole.get(id(note.block.parent), False)
        ]

    def _fill_bare(self, notes: list[_Note]) -> None:
        """Move the paragraph after a note that is only its number into it, as of Substack."""
        blocks = {id(note.block) for note in notes}
        for note in notes:
            words = note.block.find_next_sibling()
            is_bare = note.block.name == "p" and _is_label(note.block, note.label)
            is_whole = is_bare and words and words.name == "p" and id(words) not in blocks
            if is_whole and words and self._affords(note.block.parent, 1):
                note.block.append(words.extract())

    def _take_following(self, notes: list[_Note]) -> None:
        """Move the blocks between two notes into the first, if it was called before both."""
        for note, following in pairwise(notes):
            if note.block.name != "p" or following.called_at > note.position:
                continue
            between: list[PageElement] = []
            node = note.block.next_sibling
            while node is not None and node is not following.block and _flows(node):
                between.append(node)
                node = node.next_sibling if len(between) < _MOST_BETWEEN else None
            if node is following.block and self._affords(note.block, len(between)):
                for each in between:
                    note.block.append(each.extract())

    def _split(self, notes: list[_Note]) -> list[_Note]:
        """Give each note of a paragraph with several, a line each, an element of its own."""
        shared: defaultdict[int, list[_Note]] = defaultdict(list)
        for note in notes:
            shared[id(note.block)].append(note)
        done: list[_Note] = []
        for group in shared.values():
            block = group[0].block
            alone = len(group) == 1 and (block is group[0].place or starts(block, group[0].place))
            if alone:
                done += group
            elif block.name == "p" and self._affords(block, len(block.contents)):
                done += self._parted(block, group)
        return done

    def _parted(self, block: Tag, notes: list[_Note]) -> list[_Note]:
        first = notes[0] if starts(block, notes[0].place) else None
        for note in reversed(notes):
            if note is not first:
                note.block = self._cut(block, _child_around(block, note.place))
        return notes

    def _cut(self, block: Tag, first: Tag) -> Tag:
        """Move a block's content from a child on into a block after it, without its number."""
        before = first.previous_sibling
        if type(before) is NavigableString:
            before.replace_with(_LINE_LABEL.sub("\n", str(before)))
        own = self.tree.new_tag("p")
        for node in reversed([first, *first.next_siblings]):
            own.insert(0, node.extract())
        block.insert_after(own)
        return own

    def _made(self, note: _Note) -> Tag:
        outer = note.block.parent
        if note.block.name == "li" and outer is not None:
            outer.name, outer.attrs = "div", {}
        note.block.name, note.block.attrs = NOTE, {"label": note.target}
        return note.block

    def _silence(self, link: NoteLink) -> None:
        tag = link.tag
        before, after = _string(tag.previous_sibling), _string(tag.next_sibling)
        if before.endswith("[") and after.startswith("]") and self._affords(tag.parent, 2):
            before.replace_with(str(before)[:-1])
            after.replace_with(str(after)[1:])
        # Rename it in place: to remove one of thousands of siblings, all of them are searched.
        tag.clear()
        is_call = link.target and not link.leads_back
        tag.name, tag.attrs = (
            (MARK, {"label": self._labels.get(link.target, link.target)})
            if is_call
            else ("span", {})
        )

    def _strip_label(self, note: Tag, label: str) -> None:
        """Remove the number at the start of a note, and the signs that part it from the words."""
        number = re.compile(rf"[\s\xa0]*[\[(|^]?{re.escape(label)}[\])|^]?(?!\w)")
        beginning = list(islice(note.descendants, 40))
        for node in (one for one in beginning if type(one) is NavigableString):
            text = str(node)
            rest = _JOINT.sub("", number.sub("", text, count=1) if number.match(text) else text, 1)
            if rest != text and self._affords(node.parent, 1):
                node.replace_with(rest)
            if rest.strip():
                return

    def _drop_headings(self, notes: list[Tag]) -> None:
        """Silence each heading "Footnotes" above notes; the last one takes the rest of its text."""
        made = {id(note) for note in notes}
        for note in notes:
            heading = _element_before(note)
            if heading is None or id(heading) in made or not _is_notes_heading(heading):
                continue
            section = list(_section_after(heading))
            rest = list(takewhile(_flows, reversed(section)))[::-1]
            last = section[-len(rest) - 1] if len(rest) < len(section) else heading
            if isinstance(last, Tag) and id(last) in made and self._affords(note.parent, len(rest)):
                for node in rest:
                    last.append(node.extract())
                section = section[: -len(rest)] if rest else section
            if all(_is_note(node, made) for node in section):
                heading.name, heading.attrs = UNREAD, {"kind": "heading", "reason": _READ}

    def _affords(self, parent: Tag | None, moves: int) -> bool:
        self._cost += moves * len(parent.contents if parent else ())
        return self._cost <= _MOST_COST


def _is_label(block: Tag, label: str) -> bool:
    """True if a block holds nothing but the label of its call."""
    texts = list(islice(block.strings, 8))
    return len(texts) < 8 and "".join(texts).strip(" \n[](){}|^.:") == label


def _begins_with_sign(block: Tag, label: str) -> bool:
    """True if a note begins with the sign of its call, as in `* A note`."""
    beginning = islice(block.descendants, 8)
    first = next(
        (str(one) for one in beginning if type(one) is NavigableString and one.strip()), ""
    )
    return bool(label) and not label.isalnum() and first.strip().startswith(label)


def _begins_line(block: Tag, place: Tag) -> bool:
    before = _child_around(block, place).previous_sibling
    if isinstance(before, Tag):
        return before.name == "br"
    return type(before) is NavigableString and _LINE_LABEL.search(str(before)[-40:]) is not None


def _child_around(block: Tag, place: Tag) -> Tag:
    child = place
    while child.parent is not None and child.parent is not block:
        child = child.parent
    return child


def _is_one_note(tag: Tag) -> bool:
    names = [*tag.get_attribute_list("class"), tag.get("id")]
    named = any(_ONE_NOTE.fullmatch(str(name)) for name in names if name)
    return tag.name == "li" or (tag.name == "div" and named)


def _flows(node: PageElement) -> bool:
    if isinstance(node, Tag):
        return node.name in _FLOW
    return not str(node).strip()


def _string(node: PageElement | None) -> NavigableString:
    return node if type(node) is NavigableString else NavigableString("")


def _element_before(tag: Tag) -> Tag | None:
    node = tag.previous_sibling
    for _ in range(_MOST_BETWEEN):
        if node is None:
            parent = tag.parent
            if parent is None or parent.name not in ("div", "section", "ol", "ul"):
                return None
            tag, node = parent, parent.previous_sibling
        elif isinstance(node, Tag) and node.name != "hr":
            return node
        elif not isinstance(node, Tag) and str(node).strip():
            return None
        else:
            node = node.previous_sibling
    return None


def _is_notes_heading(tag: Tag) -> bool:
    return tag.name in {*HEADINGS, "p"} and _HEADING.fullmatch(tag.get_text().strip()) is not None


def _section_after(heading: Tag) -> Iterator[PageElement]:
    for node in heading.next_siblings:
        if isinstance(node, Tag) and node.name in HEADINGS:
            return
        yield node


def _is_note(node: PageElement, made: set[int]) -> bool:
    if not isinstance(node, Tag):
        return not str(node).strip()
    if id(node) in made or node.name in ("hr", "br"):
        return True
    return node.name in ("div", "section") and all(_is_note(one, made) for one in node.children)
