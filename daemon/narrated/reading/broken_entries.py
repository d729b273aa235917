"""Reads broken front matter entry by entry: one bad line must not cost the others.

Common are a title with a colon (`title: Rust: a review`), a template that no tool has filled in
(`title: {{ .Title }}`), and lists behind tabs.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from narrated.errors import SourceError

_LONGEST_ENTRY = 4_000
_MOST_BROKEN = 20
_SHOWN = 100
_QUOTED = re.compile(r"(?P<sign>[\"'])(?P<text>(?:(?!(?P=sign)).)*)(?P=sign)")


class EntryForm(NamedTuple):
    """The syntax of an entry at the beginning of a line, and the loader of one or more entries."""

    opening: re.Pattern[str]
    """Its groups a, b and c are spellings of the key."""
    load: Callable[[str], dict[str, object]]


def read_entries(
    text: str, form: EntryForm, is_known: Callable[[str], bool]
) -> tuple[dict[str, object], list[str]]:
    """Read each entry by itself; returns the entries, and the parts that cannot be read.

    Only entries with a known key are loaded, the first of each key: so a long text costs little.
    """
    entries: dict[str, object] = {}
    broken: list[str] = []
    for key, value_at, part in _split(text, form.opening):
        if not key or key in entries:
            broken.append(part)
        elif not is_known(key):
            entries[key] = " ".join(part[value_at : value_at + _SHOWN].split())
        elif (found := _loaded(key, part, value_at, form)) is not None:
            entries[key] = found
        elif (found := _loaded(key, _first_line(part), value_at, form)) is not None:
            entries[key] = found
            broken.append(part[len(_first_line(part)) :])
        else:
            broken.append(part)
    shown = [" ".join(part[: 2 * _SHOWN].split())[:_SHOWN] for part in broken[:_MOST_BROKEN]]
    return entries, [each for each in shown if each]


def _split(text: str, opening: re.Pattern[str]) -> Iterator[tuple[str, int, str]]:
    """Split a text before each line that opens an entry: keys, offsets of values, and parts."""
    key, value_at, lines = "", 0, [""]
    for line in text.splitlines(keepends=True):
        if found := opening.match(line):
            yield key, value_at, "".join(lines)
            key, value_at, lines = _key(found), found.end(), []
        lines.append(line)
    yield key, value_at, "".join(lines)


def _first_line(part: str) -> str:
    """Return an entry without the lines that follow it, one of which may be the broken one."""
    return part.partition("\n")[0]


def _key(found: re.Match[str]) -> str:
    return (found["a"] or found["b"] or found["c"] or "").strip()


def _loaded(key: str, part: str, value_at: int, form: EntryForm) -> object:
    """Load one entry; a value on one line that cannot be loaded stays as written."""
    if len(part) > _LONGEST_ENTRY:
        return None
    for text in (part, part.expandtabs(2)):
        try:
            return form.load(text).get(key)
        except SourceError:
            continue
    value = part[value_at:].strip().rstrip(",")
    if "\n" in value:
        return None
    quoted = _QUOTED.fullmatch(value)
    if quoted is None and value[:1] in ('"', "'") and value.count(value[0]) == 1:
        return value[1:]  # a quotation mark that nothing closes
    return quoted["text"] if quoted else value
