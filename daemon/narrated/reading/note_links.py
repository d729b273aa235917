"""Finds the links within a page that call a footnote, or lead back from one to its call.

Authors write them by hand, and converters without a class: a number, a sign, an arrow or "back".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum, auto
from itertools import islice

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement

from narrated.reading.html_element_names import BLOCKS, HEADINGS

_LONGEST, _MOST_INSIDE, _MOST_AROUND = 40, 20, 8
_VARIANTS = re.compile("[\ufe0e\ufe0f\u200d\u200b\u2060]")
_SIGNS = r"[*†‡§¶‖^#⁂※🔗⚓]{1,4}"
_ARROWS = r"[↩↪↑⇑⬆⇧⏎↵⤴⤶⮌⮐⬑↖⇖▲△^🔙🔝⤾↶⇱⌃]{1,3}\d{0,2}"
_BACK = (
    r"(?:(?:go|jump|click)\s+)?(?:back|return|retour|zurück)(?:\s+up)?"
    r"(?:\s+to\s+(?:the\s+)?(?:text|top|article|post|content|reference|main text))?"
    r"(?:\s+\d{1,3})?|jump\s+up|top"
)
_NUMBER = r"\d{1,3}|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}"
_LABEL = rf"(?:(?:foot|end)?note\s*|fn\s*)?(?:{_NUMBER})|[a-z]{{1,2}}|[ivx]{{1,5}}|{_SIGNS}"
_KINDS = (
    ("ARROW", rf"[\[(|]?\s*(?:{_ARROWS}\s*(?:{_BACK})?|(?:{_BACK})\s*{_ARROWS})\s*[\])|]?"),
    ("BACK", rf"[\[(|]?\s*(?:{_BACK})\s*[\])|.]?"),
    ("NUMBER", rf"(?:{_NUMBER})[.:)]?|(?:foot|end)note\s+(?:{_NUMBER})"),
    ("LABEL", rf"[\[(|{{]\s*(?:{_LABEL})\s*[\])|}}]\.?|\^(?:{_NUMBER})\^?"),
    ("SIGN", _SIGNS),
    ("LETTER", r"[a-z]"),
)
_TEXT = re.compile("|".join(f"(?P<{name}>{form})" for name, form in _KINDS), re.I)
_NOTE_NAME = re.compile(
    r"(?:foot|end|side|margin)[-_]?note|footnt|\A_?(?:user-content-)?(?:"
    r"fn|ftn|edn|sdfoot|sdend|cmnt|note[-_:\d]|note\Z|n\d|cite|ref[-_:\d]|ref\Z|foot[-_:\d]|foot\Z"
    r"|back[-_:\d]|r\d|en[-_:\d]|easy-foot|bib)",
    re.I,
)
"""Names that authors and converters give to notes and to the places that call them."""
_GLUED = re.compile(r"[^\s\[({|/,;:–—-]\Z|\w[,;:]\Z")
_JOINING = re.compile(r"[\s,;|/&–-]*\Z")
_FIRST = re.compile(r"[\s\W_]*(?:\d{1,3}[\s\W_]*)?\Z")


class LinkText(StrEnum):
    """Kinds of text that a call or a way back can have."""

    NUMBER = auto()
    """A bare number, which may also be a word of the sentence."""
    LABEL = auto()
    """A number or letter in brackets."""
    LETTER = auto()
    """A bare letter."""
    SIGN = auto()
    """A star, a dagger and similar ones."""
    ARROW = auto()
    """An arrow, which leads back."""
    BACK = auto()
    """The word "back"."""


@dataclass(frozen=True, slots=True)
class NoteLink:
    """A silent link: a call, or a way back; `label` is its number or sign."""

    tag: Tag
    position: int
    target: str
    label: str
    leads_back: bool = False


@dataclass(slots=True)
class PageLinks:
    """The places that a page's links can lead to, and its links whose text is a sign."""

    places: dict[str, tuple[int, Tag]] = field(default_factory=dict)
    """The first element of each id or name, with its position in the page."""
    signs: list[tuple[int, Tag, LinkText]] = field(default_factory=list)
    raised: list[tuple[int, Tag]] = field(default_factory=list)
    """The <sup> elements without a link."""


def page_links(tree: BeautifulSoup) -> PageLinks:
    """Collect the places and the sign-like links of a page, in one pass."""
    found = PageLinks()
    tags = (one for one in tree.descendants if isinstance(one, Tag))
    for position, tag in enumerate(tags):
        for key in ("id", "name"):
            if name := tag.attrs.get(key):
                found.places.setdefault(str(name), (position, tag))
        if tag.name == "a" and (kind := _sign_like(tag)):
            found.signs.append((position, tag, kind))
        elif tag.name == "sup" and _holds_a_text(tag) and not _is_within(tag, "a"):
            found.raised.append((position, tag))
    return found


def silent_links(links: PageLinks) -> Iterator[NoteLink]:
    """Yield the links that call a note or lead back from one, in the page's order."""
    answered = _answered(links)
    decided: dict[int, bool] = {}
    for position, tag, kind in links.signs:
        target = fragment_of(tag)
        before = text_before(tag)
        silent = _is_silent(tag, kind, target, before)
        if not silent and kind is LinkText.NUMBER:
            silent = target in answered or _GLUED.search(before) is not None
        if kind is LinkText.NUMBER and not _named_like_a_note(target):
            # The second of two numbers, as in `pages [1](#p1), [2](#p2)`, is like the first.
            neighbour = _link_before(tag, before)
            silent = decided.get(id(neighbour), silent) if neighbour else silent
        decided[id(tag)] = silent
        if silent:
            place = links.places.get(target)
            back = kind in (LinkText.ARROW, LinkText.BACK) or (place and place[0] < position)
            back = back or target.startswith("footnote-anchor")  # Substack's, also without a place
            yield NoteLink(tag, position, target, label_of(tag), bool(back))


def fragment_of(tag: Tag) -> str:
    """Return the place that a link within the page leads to; "" for another link."""
    href = str(tag.attrs.get("href", ""))
    start, hash_, fragment = href.partition("#")
    return fragment if hash_ and (not start or _named_like_a_note(fragment)) else ""


def label_of(tag: Tag) -> str:
    """Return the number or the sign of a call, without its brackets."""
    text = _VARIANTS.sub("", tag.get_text()).strip()
    return text.strip("[](){}|^. ") or text


def starts(block: Tag, place: Tag) -> bool:
    """True if nothing but a number and signs stands before a place in its block."""
    return bool(_FIRST.match(_limited(block, place)))


def _limited(block: Tag, place: Tag) -> str:
    text = ""
    for node in islice(block.descendants, _LONGEST):
        if node is place:
            return text
        if isinstance(node, NavigableString):
            text += node
        if len(text) > _LONGEST:
            break
    return "a"  # no number


def _named_like_a_note(target: str) -> bool:
    return _NOTE_NAME.search(target) is not None


def _sign_like(tag: Tag) -> LinkText | None:
    to_top = tag.attrs.get("href") == "#"
    if not fragment_of(tag) and not _is_empty_call(tag) and not to_top:
        return None
    text = ""
    for count, one in enumerate(tag.descendants):
        text += one if isinstance(one, NavigableString) else ""
        if count >= _MOST_INSIDE or len(text) > _LONGEST:
            return None
    found = _TEXT.fullmatch(" ".join(_VARIANTS.sub("", text).split()))
    kind = LinkText(str(found.lastgroup).lower()) if found and found.lastgroup else None
    return None if to_top and kind not in (LinkText.ARROW, LinkText.BACK) else kind


def _is_empty_call(tag: Tag) -> bool:
    """True for a call that a script of the page answers, as some plugins write it."""
    names = tag.get_attribute_list("class")
    return not tag.attrs.get("href") and any("footnote" in str(name) for name in names)


def _is_silent(tag: Tag, kind: LinkText, target: str, before: str) -> bool:
    if kind in (LinkText.ARROW, LinkText.SIGN, LinkText.LABEL):
        return True
    if kind is not LinkText.LETTER and (_named_like_a_note(target) or _is_empty_call(tag)):
        return True
    if kind is LinkText.BACK:
        return _in_brackets(tag) or _ends_block(tag) or bool(before and _FIRST.match(before))
    return _is_within(tag, "sup") or tag.find("sup") is not None


def _holds_a_text(tag: Tag) -> bool:
    return len(tag.contents) == 1 and isinstance(tag.contents[0], NavigableString)


def _is_within(tag: Tag, name: str) -> bool:
    return any(one.name == name for one in islice(tag.parents, _MOST_AROUND))


def _in_brackets(tag: Tag) -> bool:
    return tag.get_text().strip()[:1] in ("[", "(", "|")


def _answered(links: PageLinks) -> set[str]:
    """The places of notes whose way back leads to a place right at the call."""
    names = {
        str(name): fragment_of(tag)
        for _, tag, kind in links.signs
        for name in (tag.attrs.get("id"), tag.attrs.get("name"))
        if name and kind is LinkText.NUMBER
    }
    return {target for target in names.values() if target in names}


def _link_before(tag: Tag, before: str) -> Tag | None:
    sibling = tag.previous_sibling
    if isinstance(sibling, NavigableString) and _JOINING.match(sibling):
        sibling = sibling.previous_sibling
    return sibling if isinstance(sibling, Tag) and sibling.name == "a" and before else None


def text_before(tag: Tag) -> str:
    """Return the last letters before an element in its line; "" at the start of its block."""
    node: PageElement | None = tag
    for _ in range(_LONGEST):
        before = node.previous_element if node is not None else None
        if before is None or (isinstance(before, Tag) and before.name in BLOCKS):
            return ""
        if isinstance(before, Tag) and before.name == "br":
            return ""
        if type(before) is NavigableString and before:
            return str(before)[-4:]
        node = before
    return ""


def _ends_block(tag: Tag) -> bool:
    """True if only signs stand after a link in its block."""
    block = next((one for one in tag.parents if one.name in BLOCKS), None)
    if block is None or block.name in HEADINGS:
        return False
    inside = {id(one) for one in tag.descendants}
    node: PageElement | None = tag.next_element
    for _ in range(_LONGEST):
        if node is None or (isinstance(node, Tag) and node.name in (*BLOCKS, "br")):
            return True
        if isinstance(node, NavigableString) and id(node) not in inside:
            if "\n" in node and not node.split("\n", 1)[0].strip():
                return True
            if any(sign.isalnum() for sign in node):
                return False
        node = node.next_element
    return False
