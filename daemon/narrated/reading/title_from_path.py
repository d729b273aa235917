"""Takes a post's title and date from its path, where nothing better names them."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from narrated.reading.text_decoding import cleaned

_DATE = re.compile(r"(?<!\d)(\d{4})[-_/.](\d\d)[-_/.](\d\d)(?!\d)")
# Jekyll takes `2024-2-3-name`; elsewhere in a name, such numbers are a version or a count.
_SHORT_DATE = re.compile(r"(?:(?<=/)|\A)((?:19|20)\d\d)([-/])(\d\d?)\2(\d\d?)(?=[-_ /]|\Z)")
_COMPACT_DATE = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:T?(?:\d{6}|\d{4}))?(?=[-_. ]|\Z)")
_FOLDER_NAMED = re.compile(r"(?:_?index|readme)(?:[._-][a-z]{2}(?:[-_][a-z]{2})?)?", re.I)
_BUNDLE = re.compile(r"index(?:[._-][a-z]{2}(?:[-_][a-z]{2})?)?", re.I)
_MONTH_FOLDER = re.compile(r"(?:.*/)?((?:19|20)\d\d)/(0[1-9]|1[0-2])")
_MOST_PARTS = 5
"""`2024/02/03/my-post/index.md`: a folder farther out is about more than this post."""
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
# A date, a decimal point and `c++` stay; all other joints of a name are spaces.
_JOINTS = re.compile(r"(\d{4}-\d\d-\d\d|(?<=\d)\.(?=\d)|(?<=[A-Za-z])\+\+)|[\s_.+-]+")


class PathFacts(NamedTuple):
    """A title in words, and a date in ISO 8601; "" if the path has none."""

    title: str
    date: str


def path_facts(path: str) -> PathFacts:
    """Return what a path says: `2024-02-03-my-post.md` is "my post", of that day.

    A file called index or README takes its folder's name.
    """
    own = _without_suffix("/".join(path.split("/")[-_MOST_PARTS:]))
    start = own.rfind("/") + 1
    if start and _FOLDER_NAMED.fullmatch(own[start:]):
        own = own[: start - 1]
        start = own.rfind("/") + 1
    found = _found_date(own, start)
    if found is None:
        month = _MONTH_FOLDER.fullmatch(own)
        return PathFacts("-".join(month.groups()) if month else words_of_name(own[start:]), "")
    day, (begin, end) = found
    rest = own[start:]
    if begin <= start < end:
        rest = own[end:]
    elif start < begin and end == len(own):
        rest = own[start:begin]
    has_words = any(sign.isalnum() for sign in rest)
    return PathFacts(words_of_name(rest) if has_words else day, day)


def is_bundle(path: str) -> bool:
    """True for a post that has a folder of its own: `posts/my-post/index.md`."""
    name = _without_suffix(path.rpartition("/")[2])
    return "/" in path and _BUNDLE.fullmatch(name) is not None


def words_of_name(name: str) -> str:
    """Turn a name without its suffix into words: `my-first_post` becomes "my first post"."""
    plain = unquote(name) if _ENCODED.search(name) else name
    words = _JOINTS.sub(lambda joint: joint[1] or " ", cleaned(plain)).strip() or name.strip()
    return (words or "-").encode("utf-8", "replace").decode("utf-8")


def _without_suffix(path: str) -> str:
    pure = PurePosixPath(path)
    return str(pure.with_name(pure.stem)) if pure.stem else path


def _found_date(path: str, start: int) -> tuple[str, tuple[int, int]] | None:
    """Find the date that the name begins with, else the last one of the path."""
    compact = _COMPACT_DATE.match(path, start)
    dates = [each for each in map(_dated, _matches(path, compact)) if each]
    leading = (each for each in dates if each[1][0] <= start < each[1][1])
    return next(leading, dates[-1] if dates else None)


def _matches(path: str, compact: re.Match[str] | None) -> Iterator[re.Match[str]]:
    dates = (*_DATE.finditer(path), *_SHORT_DATE.finditer(path))
    yield from sorted(dates, key=lambda found: found.start())
    if compact:
        yield compact


def _dated(found: re.Match[str]) -> tuple[str, tuple[int, int]] | None:
    year, month, day = (each for each in found.groups() if each not in ("-", "/"))
    try:
        return date(int(year), int(month), int(day)).isoformat(), found.span()
    except ValueError:
        return None
