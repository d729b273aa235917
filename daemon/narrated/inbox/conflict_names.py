"""Tells a conflicting copy by its name, as synchronisers write it in many languages."""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("conflict_names.toml")
_SUFFIXES = r"(?:\ ?\(\d+\))?(?:\.[^.()\[\]]{1,16}){0,2}\Z"
"""A number and the file's own suffix may follow a mark."""
_SAID = re.compile(rf"[(\[]((?:[^()\[\]]|[(\[][^()\[\]]*[)\]])*)[)\]]{_SUFFIXES}", re.DOTALL)
"""The text in the last parentheses; the owner's name may have parentheses of its own."""
_DATE = re.compile(
    r"(?<!\d)(?:\d{4}[-_.年]\d{1,2}[-_.月]\d{1,2}|\d{1,2}[-_.]\d{1,2}[-_.]\d{4}|\d{8,14})"
)
_SPACED = ("LATIN", "CYRILLIC", "GREEK")
"""Scripts that part words, so that `copy` is no part of `copyright`."""
_LETTER = r"[^\W\d_]"
_NO_LINK = "of|and|or|on|the|about|against|for|del|della|du|des|d|y|e|und|et|vom|von|zur|über"
"""Words that a person puts between the two, and no tool."""


def is_conflict_name(name: str) -> bool:
    """True if a file of this name is a synchroniser's copy of another version."""
    if _marks().search(name):
        return True
    said = _SAID.search(name)
    return said is not None and _tells_copy(said[1])


def _tells_copy(said: str) -> bool:
    """True if both words stand side by side, and a date or an owner as tools write them."""
    both = _both_words()
    if _DATE.search(said):
        return both.search(said) is not None
    _, owned, rest = said.replace("’", "'").rpartition("'s ")
    if owned:
        return both.fullmatch(rest) is not None
    return said.casefold() == "conflicted copy"


@cache
def _marks() -> re.Pattern[str]:
    marks = "|".join(copy["mark"] for copy in _table()["copies"])
    return re.compile(f"(?:{marks}){_SUFFIXES}", re.IGNORECASE | re.DOTALL)


@cache
def _both_words() -> re.Pattern[str]:
    """A word for a conflict and one for a copy, in any order, at most one word apart."""
    words = _table()["words"]
    conflict = "|".join(_begun(word) + rf"{_LETTER}*" for word in words["conflict"])
    copy = "|".join(_begun(word) + _ended(word) for word in words["copy"])
    joined = "|".join(word + _ended(word) for word in words["copy"])
    gap = rf"[\s_-]*(?:(?!(?:{_NO_LINK})\s)\w+[\s_-]+)?"
    compound = rf"(?:{'|'.join(words['conflict'])})s?(?:{joined})"
    either = f"(?:{conflict}){gap}(?:{copy})|(?:{copy}){gap}(?:{conflict})"
    return re.compile(f"{either}|{compound}", re.IGNORECASE)


def _begun(word: str) -> str:
    return rf"(?<!{_LETTER}){word}" if _is_spaced(word) else word


def _ended(word: str) -> str:
    return rf"(?!{_LETTER})" if _is_spaced(word) else ""


def _is_spaced(word: str) -> bool:
    return unicodedata.name(word[0]).startswith(_SPACED)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
