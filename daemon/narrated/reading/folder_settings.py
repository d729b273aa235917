"""A folder's settings: what holds for all sources in it and below, unless one says otherwise."""

import math
import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.yaml_mapping import mapping

LONGEST_PAUSE_S = 60.0
"""Settings come from outside: a pause of a year would fill the disk with silence."""

_LEXICON = "lexicon.yaml"
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NOTHING = ("", "~", "null")
_SHOWN_CHARACTERS = 60

Choices = Mapping[str, tuple[str, ...]]
"""What `links`, `code`, `footnotes` may be, `engine` too, and the roles that `pauses` are for."""


class FolderSettings(msgspec.Struct, frozen=True):
    """What a folder says; None, or an empty mapping, where it says nothing."""

    author: str | None = None
    date: str | None = None
    language: str | None = None
    engine: str | None = None
    voice: str | None = None
    """Without an engine beside it, a voice of the engine that is in force above."""
    narrate: bool | None = None
    album: str | None = None
    links: str | None = None
    code: str | None = None
    footnotes: str | None = None
    pauses: dict[str, float] = {}
    """Seconds after a line, by role."""
    pictures: dict[str, str] = {}
    """Folders of the inbox by the prefix, "/static", that means each in a post."""
    lexicon: str | None = None
    """As it is written, from where the settings lie; it adds to those of folders above."""


class _SettingsEntry(NamedTuple):
    """One entry of a settings file, as its author wrote it."""

    file: str
    key: str
    value: object

    def wrong(self, remedy: str) -> SourceError:
        """The error for a value that cannot be used; `remedy` says what is allowed."""
        value = printable(str(self.value))
        if len(value) > _SHOWN_CHARACTERS:
            value = f"{value[:_SHOWN_CHARACTERS]}…"
        return SourceError(f"{printable(self.file)}: `{self.key}` is `{value}`.", remedy)


def parse(text: str, file: str, choices: Choices) -> FolderSettings:
    """Read the settings that stand in a file of the inbox.

    Raises SourceError that names the file by its inbox path, the key, and what is allowed.
    """
    found: dict[str, Any] = {}
    for key, value in mapping(text, printable(file)).items():
        field, read = _READERS.get(key, ("", _text))
        if not field:
            problem = f"{printable(file)} has an unknown key `{printable(key)}`."
            raise SourceError(problem, f"Known: {', '.join(_READERS)}.")
        if value not in _NOTHING and value not in ([], {}):
            found[field] = read(_SettingsEntry(file, key, value), choices)
    return FolderSettings(**found)


def merged(folders: Iterable[FolderSettings]) -> FolderSettings:
    """Put settings together, from the root down: key by key a deeper one wins.

    Pauses and pictures are told apart by their own keys.
    """
    whole = FolderSettings()
    for deeper in folders:
        whole = msgspec.structs.replace(whole, **_joined(whole, deeper))
    return whole


def lexicon_of(file: str, name: str) -> str:
    """Give the inbox path of a lexicon that a file of the inbox names.

    Raises SourceError where that leads out of the inbox, or is no lexicon by its name.
    """
    place = None if name.startswith("/") else _inside(f"{posixpath.dirname(file)}/{name}")
    if not place or not place.lower().endswith(_LEXICON):
        remedy = f"Allowed: a file in the inbox, written from here, whose name ends in {_LEXICON}."
        raise _SettingsEntry(file, "lexicon", name).wrong(remedy)
    return place


def _joined(higher: FolderSettings, deeper: FolderSettings) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for key in FolderSettings.__struct_fields__:
        value = getattr(deeper, key)
        if isinstance(value, dict):
            kept = {k: v for k, v in getattr(higher, key).items() if k not in value}
            said[key] = kept | value
        elif value is not None:
            said[key] = value
    return said


def _text(entry: _SettingsEntry, choices: Choices) -> str:
    value = entry.value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " and ".join(value)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        value = value["name"]  # author: {name: Ada, email: ...}
    if not isinstance(value, str):
        raise entry.wrong("Allowed: a plain value.")
    return " ".join(value.split())


def _choice(entry: _SettingsEntry, choices: Choices) -> str:
    allowed = choices[entry.key]
    if entry.value not in allowed:
        raise entry.wrong(f"Allowed: {', '.join(allowed)}.")
    return str(entry.value)


def _truth(entry: _SettingsEntry, choices: Choices) -> bool:
    truth = _TRUTHS.get(entry.value.lower()) if isinstance(entry.value, str) else None
    if truth is None:
        raise entry.wrong("Allowed: true, false.")
    return truth


def _pauses(entry: _SettingsEntry, choices: Choices) -> dict[str, float]:
    roles = choices[entry.key]
    pauses: dict[str, float] = {}
    for role, value in _pairs(entry, "Allowed: a mapping such as {paragraph: 0.5}.").items():
        if role not in roles:
            problem = f"{printable(entry.file)}: `{entry.key}` knows no `{printable(role)}`."
            raise SourceError(problem, f"Known: {', '.join(roles)}.")
        pauses[role] = _seconds(entry._replace(key=f"{entry.key}: {role}", value=value))
    return pauses


def _seconds(entry: _SettingsEntry) -> float:
    try:
        seconds = float(str(entry.value))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST_PAUSE_S:  # never true of a nan
        raise entry.wrong(f"Allowed: seconds, from 0 to {LONGEST_PAUSE_S:g}.")
    return seconds


def _pictures(entry: _SettingsEntry, choices: Choices) -> dict[str, str]:
    roots: dict[str, str] = {}
    for prefix, folder in _pairs(entry, "Allowed: a mapping such as {/static: static}.").items():
        place = _inside(folder)
        if place is None:
            told = entry._replace(key=f"{entry.key}: {printable(prefix)}", value=folder)
            raise told.wrong("Allowed: a folder of the inbox, written from its root.")
        roots["/" + prefix.strip("/")] = place
    return roots


def _pairs(entry: _SettingsEntry, remedy: str) -> dict[str, str]:
    pairs = entry.value
    if not isinstance(pairs, dict) or not all(isinstance(one, str) for one in pairs.values()):
        raise entry.wrong(remedy)
    return pairs


def _lexicon(entry: _SettingsEntry, choices: Choices) -> str:
    name = str(entry.value)
    lexicon_of(entry.file, name)
    return name


def _inside(path: str) -> str | None:
    """The inbox path that is meant, "" for the inbox itself; None where it leads out."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return None if "\0" in path else "/".join(parts)


_READERS: dict[str, tuple[str, Callable[[_SettingsEntry, Choices], object]]] = {
    "author": ("author", _text),
    "date": ("date", _text),
    "lang": ("language", _text),
    "language": ("language", _text),
    "engine": ("engine", _choice),
    "voice": ("voice", _text),
    "lexicon": ("lexicon", _lexicon),
    "narrate": ("narrate", _truth),
    "album": ("album", _text),
    "links": ("links", _choice),
    "code": ("code", _choice),
    "footnotes": ("footnotes", _choice),
    "pauses": ("pauses", _pauses),
    "pictures": ("pictures", _pictures),
}
