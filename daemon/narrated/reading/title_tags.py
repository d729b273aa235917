"""Tells formatting in a title from words: `A <b>bold</b> title`, and `The <div> element`."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from narrated.reading.html_element_names import names

_FORMATTING = names("""
    a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q rp rt ruby s samp
    small span strike strong sub sup time tt u var
    """)
"""Inline elements whose words are read: a pair of their tags is no word itself."""
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
_BARE = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*>")
_KEPT = re.compile(r"""\s(?:lang|href)\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'=<>`]+)""", re.I)
"""Attributes that hide no words."""
_BREAKS = ("br", "wbr")


def keep_tags_as_words(tokens: Sequence[Token]) -> None:
    """Turn what is in angle brackets into words, but pairs of formatting, and breaks of a line."""
    for token in tokens:
        children = token.children or []
        paired = set(_paired(children))
        for at, child in enumerate(children):
            if child.type != "html_inline" or _is_break(children, at):
                continue
            if at in paired:
                child.content = _without_looks(child.content)
            else:
                is_name = _BARE.fullmatch(child.content) and _stands_apart(children, at)
                child.type = "code_inline" if is_name else "text"  # the voice says names alone


def _paired(tokens: Sequence[Token]) -> Iterator[int]:
    """Give the places of the tags that format words between them."""
    opened: dict[str, list[int]] = defaultdict(list)
    for at, token in enumerate(tokens):
        found = _TAG.match(token.content) if token.type == "html_inline" else None
        name = found[2].lower() if found else ""
        if not found or name not in _FORMATTING:
            continue
        if not found[1]:
            opened[name].append(at)
        elif opened[name] and at - opened[name][-1] > 1:
            yield from (opened[name].pop(), at)


def _is_break(tokens: Sequence[Token], at: int) -> bool:
    """True for `One<br>two`; `The <br> element` names it."""
    found = _TAG.match(tokens[at].content)
    return bool(found and found[2].lower() in _BREAKS and not _stands_apart(tokens, at))


def _stands_apart(tokens: Sequence[Token], at: int) -> bool:
    before = tokens[at - 1].content if at else ""
    after = tokens[at + 1].content if at + 1 < len(tokens) else ""
    return not before[-1:].strip() and not after[:1].strip()


def _without_looks(tag: str) -> str:
    """Write a tag without its classes and styles: they could hide its words."""
    found = _TAG.match(tag)
    assert found, "it is one of a pair"
    kept = "" if found[1] else "".join(_KEPT.findall(tag))
    return f"{found[0]}{kept}>"
