"""The bracket expressions of a pattern of .gitignore, `[a-z]` or `[!s]`, as git reads them."""

import re
from collections.abc import Iterator

PLACE = "\ufffd"
"""Stands for a bracket expression in a pattern: no pattern that is taken has this character."""
_NOTHING = r"[^\x00-\x{10FFFF}]"
_POSIX = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "xdigit": "0-9a-fA-F",
    "space": r" \t\n\r",
    "blank": r" \t",
    "punct": r"!-.:-@\[-`{-~",
    "cntrl": r"\x00-\x1f\x7f",
    "graph": "!-.0-~",
    "print": " -.0-~",
}
# Git's reading goes from left to right, and never back: so the groups are atomic.
_ITEM = re.compile(
    r"(?>\[:(?P<posix>[^\]]*):\]|(?P<low>\\.|[^\\])-(?P<high>\\.|[^\]\\])|(?P<one>\\.|[^\\]))",
    re.DOTALL,
)
_ITEM_TEXT = re.sub(r"\?P<\w+>", "?:", _ITEM.pattern)
_TOKEN = re.compile(
    rf"\\.|(?>\[(?P<negation>[!^]?)(?P<items>{_ITEM_TEXT}(?:(?!\]){_ITEM_TEXT})*+)\])|\[",
    re.DOTALL,
)


def without_brackets(pattern: str) -> tuple[str, list[str]]:
    """Put `PLACE` for each bracket expression; also return these in the spelling of RE2, in order.

    None of them matches a slash. Errors: ValueError for one that git does not take.
    """
    found: list[str] = []

    def place(token: re.Match[str]) -> str:
        if token[0].startswith("\\"):
            return token[0]
        found.append(_for_re2(token))
        return PLACE

    text = _TOKEN.sub(place, pattern)
    if any("/" in token[0] for token in _TOKEN.finditer(pattern)) and "/" not in text[:-1]:
        text = _anchored(text)  # to git any slash is one, also in brackets
    return text, found


def with_brackets(expression: str, found: list[str]) -> str:
    """Put the bracket expressions back, in order."""
    parts = expression.split(PLACE)
    return parts[0] + "".join(map("".join, zip(found, parts[1:], strict=True)))


def _anchored(pattern: str) -> str:
    return f"!/{pattern[1:]}" if pattern.startswith("!") else f"/{pattern}"


def _for_re2(token: re.Match[str]) -> str:
    if token["items"] is None:
        raise ValueError("a bracket is not closed")
    members = "".join(map(_member, _ITEM.finditer(token["items"])))
    if token["negation"]:
        return f"[^/{members}]"
    return f"[{members}]" if members else _NOTHING


def _member(item: re.Match[str]) -> str:
    if item["posix"] is not None:
        if item["posix"] not in _POSIX:
            raise ValueError("no such class")
        return _POSIX[item["posix"]]
    low, high = item["low"] or item["one"], item["high"] or item["one"]
    return "".join(_ranges(ord(low[-1]), ord(high[-1])))


def _ranges(low: int, high: int) -> Iterator[str]:
    """Yield a range without the slash. Errors: ValueError if it is turned round."""
    if low > high:
        raise ValueError("a range is turned round")
    slash = ord("/")
    parts = ((low, min(high, slash - 1)), (max(low, slash + 1), high))
    for first, last in parts if low <= slash <= high else ((low, high),):
        if first <= last:
            yield rf"\x{{{first:X}}}-\x{{{last:X}}}"
