"""Settings of a post: one schema and one parser, for front matter and for folder settings."""

import math
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading import take_settings
from narrated.reading.yaml_toml import load_yaml

LONGEST_PAUSE_S = 60.0
"""The longest pause that a file may ask for: a pause of a year would fill the disk with silence."""

SLOWEST, FASTEST = 0.5, 2.0
"""The range of `speed`: that in which FFmpeg stretches speech at once."""

_LEXICON = "lexicon.yaml"
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_EMPTY: tuple[object, ...] = ("", "~", "null", [], {})
_SHOWN_CHARACTERS = 60
_ROWS = ("all", "skip")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_DATE_WITH_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d.*")

Choices = Mapping[str, tuple[str, ...]]
"""Allowed values by key: `engine`, `links` and the other words of `reading`, and roles in `pauses`.

A key that is absent here allows any value.
"""


class NarrationSettings(msgspec.Struct, frozen=True):
    """Title, voice, pauses and so on from one file; None, or an empty mapping, if absent."""

    title: str | None = None
    date: str | None = None
    author: str | None = None
    language: str | None = None
    engine: str | None = None
    voice: str | None = None
    """Without an engine in the same file, a voice of the inherited engine."""
    is_voice_loose: bool | None = None
    """True for a `voice` that may be meant for another tool: it stands alone in front matter."""
    speed: float | None = None
    """Times the rate of the engine."""
    lexicon: str | None = None
    """A path relative to the file that names it; it adds to the lexicons of the folders above."""
    narrate: bool | None = None
    review: bool | None = None
    """True if a person reviews the script of a text before it is spoken."""
    album: str | None = None
    gallery: bool | None = None
    """True if the pictures of this folder are one narration; its `title` and `description` are
    those of the gallery, and no post's."""
    links: str | None = None
    code: str | None = None
    tables: str | int | None = None
    """The rows of a table that are said: a number, or a word."""
    footnotes: str | None = None
    numbers: str | None = None
    pauses: dict[str, float] = {}
    """Seconds after a line, by role."""
    dialects: dict[str, bool] = {}
    """Dialects of Markdown that are on or off."""
    pictures: dict[str, str] = {}
    """Folders of the inbox by URL prefix, such as "/static"."""
    description: str | None = None
    tags: tuple[str, ...] | None = None
    cover: str | None = None
    """A picture's reference, as a post's Markdown would have it."""
    slug: str | None = None
    """The name of the post in its address."""
    podcast: bool | None = None
    """True if a folder's settings give a show of its own: `podcast/show_section.py` reads them."""
    takes: dict[str, Any] = {}
    """Settings for the checks of takes: see `take_settings.py`."""
    draft_mark: str | None = None
    """The entry that marks a draft, such as "`draft: true`"; front matter alone has one."""
    publish_at: str | None = None
    """The date of publication with its time of day, as written."""


class _Entry(NamedTuple):
    label: str
    """The name of its text in an error."""
    path: str | None
    """The inbox path of its file; None if unknown: `lexicon_path` then checks a lexicon later."""
    key: str
    value: object

    def error(self, remedy: str) -> SourceError:
        """Return the error for a wrong value; `remedy` says which values are allowed."""
        value = printable(str(self.value))
        if len(value) > _SHOWN_CHARACTERS:
            value = f"{value[:_SHOWN_CHARACTERS]}…"
        return SourceError(f"{self.label}: `{self.key}` is `{value}`.", remedy)


def parse(
    entries: Mapping[str, object], label: str, choices: Choices, path: str | None = None
) -> NarrationSettings:
    """Parse entries whose keys are all in the schema; an empty value counts as absent.

    Raises SourceError with `label`, the key, and the allowed values. `path` is the inbox path.
    """
    found: dict[str, Any] = {}
    for key, value in entries.items():
        field, read = _READERS[key]
        if value not in _EMPTY:
            found[field] = read(_Entry(label, path, key, value), choices)
    return NarrationSettings(**found)


def parse_folder_settings(text: str, path: str, choices: Choices) -> NarrationSettings:
    """Parse a folder's settings file; `path` is its inbox path. Raises SourceError."""
    label = printable(path)
    entries = load_yaml(text, label)
    others = () if "gallery" in entries else _GALLERY_ONLY
    check_keys(entries, label, (key for key in FOLDER_KEYS if key not in others))
    return parse(entries, label, choices, path)


def for_posts(folder: NarrationSettings) -> NarrationSettings:
    """Return what the settings of a folder say about the posts in it, and below."""
    return structs.replace(folder, **dict.fromkeys(("gallery", *_GALLERY_ONLY)))


def check_keys(entries: Mapping[str, object], label: str, known: Iterable[str] = ()) -> None:
    """Raise SourceError for a key that is not known; the default is all of the schema."""
    known = tuple(known or _READERS)
    for key in entries:
        if key not in known:
            problem = f"{label} has an unknown key `{printable(key)}`."
            raise SourceError(problem, f"Known: {', '.join(known)}.")


def merged(layers: Iterable[NarrationSettings]) -> NarrationSettings:
    """Merge settings key by key, pauses and pictures entry by entry: a later layer wins."""
    whole = NarrationSettings()
    for layer in layers:
        given = {key: each for key, each in structs.asdict(layer).items() if each is not None}
        for key in ("pauses", "pictures", "dialects", "takes"):
            kept = {k: v for k, v in getattr(whole, key).items() if k not in given[key]}
            given[key] = kept | given[key]
        whole = structs.replace(whole, **given)
    return whole


def dialects_off(dialects: Mapping[str, bool]) -> frozenset[str]:
    """Return the dialects that are off."""
    return frozenset(dialect for dialect, is_on in dialects.items() if not is_on)


def lexicon_path(file: str, name: str) -> str:
    """Return the inbox path of the lexicon that a file of the inbox names.

    Raises SourceError if the name leads out of the inbox or does not end in lexicon.yaml.
    """
    return _lexicon_path(_Entry(printable(file), file, "lexicon", name))


def is_number(value: object) -> bool:
    """True if a value is written as a finite number."""
    return math.isfinite(_number(value))


def is_lexicon_name(value: object) -> bool:
    """True if a value can only mean one of our lexicons, or is a mistyped name of one."""
    ends = (_LEXICON, _LEXICON.replace(".yaml", ".yml"))
    return isinstance(value, str) and value.strip().lower().endswith(ends)


def truth_of(value: object) -> bool | None:
    """Return the truth that a value is a word for; None for any other value."""
    return _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else None


def is_name(value: object) -> bool:
    """True for a name, or a value of several words: it can be no mistyped truth."""
    return not isinstance(value, str) or value != value.lower() or " " in value.strip()


def without_time(date: str) -> str:
    """Return a date without its time of day, which is not spoken; other dates stay as written."""
    return _DATE_WITH_TIME.sub(r"\1", date)


def _lexicon_path(entry: _Entry) -> str:
    name = str(entry.value)
    folder = posixpath.dirname(entry.path or "")
    path = None if name.startswith("/") else _inbox_path(f"{folder}/{name}")
    if not path or not path.lower().endswith(_LEXICON):
        remedy = f"Allowed: the path of a {_LEXICON} file in the inbox, relative to this file."
        raise entry.error(remedy)
    return path


def _text(entry: _Entry, _choices: Choices) -> str:
    return _joined_text(entry, entry.value)


def _joined_text(entry: _Entry, value: object) -> str:
    if isinstance(value, list) and value:
        return " and ".join(_joined_text(entry, each) for each in value)
    if isinstance(value, dict):
        value = value.get("name")  # author: {name: Ada, email: ...}
    if not isinstance(value, str):
        raise entry.error("Allowed: a plain value.")
    return " ".join(value.split())


def _language(entry: _Entry, choices: Choices) -> str:
    return _text(entry, choices).replace("_", "-")


def _choice(entry: _Entry, choices: Choices) -> str:
    allowed = choices.get(entry.key)
    if allowed is not None and entry.value not in allowed:
        raise entry.error(f"Allowed: {', '.join(allowed)}.")
    return _text(entry, choices)


def _rows(entry: _Entry, choices: Choices) -> str | int:
    value = str(entry.value)
    if value in _ROWS:
        return value
    if not _COUNT.fullmatch(value):
        raise entry.error(f"Allowed: {', '.join(_ROWS)}, or a number of rows such as 5.")
    return int(value)


def _texts(entry: _Entry, _choices: Choices) -> tuple[str, ...]:
    values = entry.value if isinstance(entry.value, list) else [entry.value]
    return tuple(_joined_text(entry, each) for each in values)


def _truth(entry: _Entry, choices: Choices) -> bool:
    truth = truth_of(entry.value)
    if truth is None:
        raise entry.error("Allowed: true, false.")
    return truth


def _lexicon(entry: _Entry, choices: Choices) -> str:
    if entry.path is None:
        return _text(entry, choices)
    _lexicon_path(entry)
    return str(entry.value)


def _pauses(entry: _Entry, choices: Choices) -> dict[str, float]:
    roles = choices.get(entry.key)
    pauses: dict[str, float] = {}
    for role, value in _pairs(entry, "Allowed: a mapping such as {paragraph: 0.5}.").items():
        if roles is not None and role not in roles:
            unknown = f"`{entry.key}` has an unknown role `{printable(role)}`"
            raise SourceError(f"{entry.label}: {unknown}.", f"Known: {', '.join(roles)}.")
        pauses[role] = _seconds(entry._replace(key=f"{entry.key}: {role}", value=value))
    return pauses


def _speed(entry: _Entry, _choices: Choices) -> float:
    speed = _number(entry.value)
    if not SLOWEST <= speed <= FASTEST:  # false for a nan
        raise entry.error(f"Allowed: a number from {SLOWEST:g} to {FASTEST:g}.")
    return speed


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return math.nan


def _seconds(entry: _Entry) -> float:
    seconds = _number(entry.value)
    if not 0 <= seconds <= LONGEST_PAUSE_S:  # false for a nan
        raise entry.error(f"Allowed: seconds, from 0 to {LONGEST_PAUSE_S:g}.")
    return seconds


def _dialects(entry: _Entry, choices: Choices) -> dict[str, bool]:
    known = choices.get(entry.key)
    dialects: dict[str, bool] = {}
    for name, value in _pairs(entry, "Allowed: a mapping such as {obsidian: off}.").items():
        if known is not None and name not in known:
            unknown = f"`{entry.key}` has an unknown dialect `{printable(name)}`"
            raise SourceError(f"{entry.label}: {unknown}.", f"Known: {', '.join(known)}.")
        one = entry._replace(key=f"{entry.key}: {name}", value=value)
        dialects[name] = _truth(one, choices)
    return dialects


def _takes(entry: _Entry, _choices: Choices) -> dict[str, object]:
    takes: dict[str, object] = {}
    for name, value in _pairs(entry, "Allowed: a mapping such as {check: signal}.").items():
        if name not in take_settings.KEYS:
            unknown = f"`{entry.key}` has an unknown key `{printable(name)}`"
            raise SourceError(
                f"{entry.label}: {unknown}.", f"Known: {', '.join(take_settings.KEYS)}."
            )
        takes[name] = take_settings.take_setting(name, value)
        if takes[name] is None:
            one = entry._replace(key=f"{entry.key}: {name}", value=value)
            raise one.error(f"Allowed: {take_settings.ALLOWED[name]}.")
    return takes


def _pictures(entry: _Entry, choices: Choices) -> dict[str, str]:
    folders: dict[str, str] = {}
    for prefix, folder in _pairs(entry, "Allowed: a mapping such as {/static: static}.").items():
        path = _inbox_path(folder)
        if path is None:
            one = entry._replace(key=f"{entry.key}: {printable(prefix)}", value=folder)
            raise one.error("Allowed: a folder of the inbox, relative to its root.")
        folders["/" + prefix.strip("/")] = path
    return folders


def _pairs(entry: _Entry, remedy: str) -> dict[str, str]:
    pairs = entry.value
    if not isinstance(pairs, dict) or not all(isinstance(each, str) for each in pairs.values()):
        raise entry.error(remedy)
    return pairs


def _inbox_path(path: str) -> str | None:
    """Resolve a path to an inbox path, "" for the inbox itself; None if it leads out."""
    inside = posixpath.normpath(path.lstrip("/"))
    if "\0" in path or inside.split("/")[0] == "..":
        return None
    return "" if inside == "." else inside


def _section(entry: _Entry, _choices: Choices) -> bool:
    """Take a section for granted, of which a reader of its own knows what it says."""
    if not isinstance(entry.value, dict):
        raise entry.error("Write keys and values below it, such as `title: My blog`.")
    return True


_READERS: dict[str, tuple[str, Callable[[_Entry, Choices], object]]] = {
    "title": ("title", _text),
    "author": ("author", _text),
    "authors": ("author", _text),
    "date": ("date", lambda entry, choices: without_time(_text(entry, choices))),
    "lang": ("language", _language),
    "language": ("language", _language),
    "engine": ("engine", _choice),
    "voice": ("voice", _text),
    "speed": ("speed", _speed),
    "lexicon": ("lexicon", _lexicon),
    "narrate": ("narrate", _truth),
    "review": ("review", _truth),
    "album": ("album", _text),
    "gallery": ("gallery", _truth),
    "links": ("links", _choice),
    "code": ("code", _choice),
    "tables": ("tables", _rows),
    "footnotes": ("footnotes", _choice),
    "numbers": ("numbers", _choice),
    "pauses": ("pauses", _pauses),
    "pictures": ("pictures", _pictures),
    "dialects": ("dialects", _dialects),
    "description": ("description", _text),
    "tags": ("tags", _texts),
    "cover": ("cover", _text),
    "takes": ("takes", _takes),
    "podcast": ("podcast", _section),
}
_POST_ONLY = ("authors", "tags", "cover")
_GALLERY_ONLY = ("title", "description")
"""Keys of a post that a folder has only if it is a gallery."""
_FOLDER_ONLY = (
    *("album", "gallery", "links", "code", "tables", "footnotes", "numbers", "pauses", "pictures"),
    "dialects",
    "podcast",
)
FRONT_MATTER_KEYS = tuple(key for key in _READERS if key not in _FOLDER_ONLY)
FOLDER_KEYS = tuple(key for key in _READERS if key not in _POST_ONLY)
