"""Reads the values of a post's metadata in the shapes that blog engines give them.

Each reader returns None for a value that it does not know: another tool's value fails no post.
"""

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import PurePosixPath

from narrated.reading.file_kinds import PICTURES
from narrated.reading.language_tags import language_tag
from narrated.reading.metadata_dates import metadata_date

EMPTY: tuple[object, ...] = ("", "~", "null", [], {})
_TEMPLATE = re.compile(r"\s*(?:\{\{.*\}\}|\{%.*%\}|<%.*%>|\$\{.*\}|`r [^`]*`)\s*", re.S)
_TRUTHS = ("true", "false")
_MOST_TAGS = 50
_MOST_NAMES = 20
_LONGEST_TAG = 100
_LONGEST_ADDRESS = 1000
_DEEPEST = 4
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_ADDRESS = re.compile(r"\s*[<(][^<>()\s]{1,200}@[^<>()\s]{1,200}[>)]|\A\s*https?://\S*\s*\Z")
_AUTHOR_KEYS = ("name", "literal", "full_name", "fullname", "display_name", "label", "key", "id")
_GIVEN_KEYS = ("given", "first", "firstname", "first_name", "given_names", "given_name")
_FAMILY_KEYS = ("family", "last", "lastname", "last_name", "surname", "family_name")
_DATE_KEYS = ("published", "publish", "created", "date", "posted", "start", "iso", "value", "$date")
_TEXT_KEYS = ("text", "name", "title", "rendered", "plain", "value")
_PICTURE_KEYS = ("image", "src", "path", "file", "filename", "url", "feature", "teaser", "relative")


def text_value(value: object) -> str | None:
    """Return words: a text, or the one text of a list or a mapping."""
    value = _unwrapped(value)
    if isinstance(value, dict):
        value = next((value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str)), None)
    if not isinstance(value, str) or _is_foreign(value):
        return None
    return " ".join(value.split()) or None


def author_value(value: object) -> str | None:
    """Return the authors, joined by "and"; each is a text or a mapping with a name."""
    names = list(dict.fromkeys(filter(None, _authors(value, 0))))[:_MOST_NAMES]
    return " and ".join(names) or None


def date_value(value: object) -> str | None:
    """Return a date; of a mapping or a list, the day of publication, else of creation."""
    if isinstance(value, dict):
        lower = {key.lower(): each for key, each in value.items() if isinstance(key, str)}
        values: Iterable[object] = (lower.get(key) for key in _DATE_KEYS)
    else:
        value = _unwrapped(value)
        values = value if isinstance(value, list) else [value]
    texts = (each for each in values if isinstance(each, str) and not _is_foreign(each))
    return next(filter(None, map(metadata_date, texts)), None)


def language_value(value: object) -> str | None:
    """Return a language tag."""
    text = text_value(value)
    return language_tag(text) if text else None


def tags_value(value: object, key: str = "keywords") -> tuple[str, ...] | None:
    """Return tags. Jekyll and Obsidian part `tags` and `categories` at spaces, others at commas."""
    if isinstance(value, str):
        value = _parted(value, key)
    if not isinstance(value, list):
        return None
    # Hexo's categories are lists of lists.
    flat = (one for each in value for one in (each if isinstance(each, list) else [each]))
    texts = map(text_value, islice(flat, 2 * _MOST_TAGS))
    tags = (each.strip("#,;\"' ")[:_LONGEST_TAG] for each in texts if each)
    return tuple(dict.fromkeys(filter(None, tags)))[:_MOST_TAGS] or None


def cover_value(value: object) -> str | None:
    """Return the reference of a picture that may lie in the inbox, as written."""
    value = _unwrapped(value)
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = next((value[key] for key in _PICTURE_KEYS if isinstance(value.get(key), str)), None)
    if not isinstance(value, str):
        return None
    source = value.strip().removeprefix("!").strip("[]<>\"' ").partition("|")[0]
    path = re.split(r"[?#]", source, maxsplit=1)[0]
    is_picture = PurePosixPath(path).suffix.lower() in PICTURES and len(source) < _LONGEST_ADDRESS
    return source if is_picture and not _REMOTE.match(source) and not _is_foreign(source) else None


def slug_value(value: object) -> str | None:
    """Return the last part of a slug, if it has letters."""
    text = text_value(value) or ""
    last = text.strip("/").rpartition("/")[2]
    return last if any(sign.isalpha() for sign in last) else None


def _unwrapped(value: object) -> object:
    """Return the value in a list of one, such as Obsidian's `[[Page]]` without quotation marks."""
    for _ in range(_DEEPEST):
        if not isinstance(value, list) or len(value) != 1:
            break
        value = value[0]
    return value


def _authors(value: object, depth: int) -> list[str | None]:
    if isinstance(value, list) and depth < _DEEPEST:
        return [name for each in value[:_MOST_NAMES] for name in _authors(each, depth + 1)]
    if isinstance(value, dict) and depth < _DEEPEST:
        return _author_of(value, depth)
    if not isinstance(value, str) or _is_foreign(value):
        return []
    return [_name(each) for each in value.split(";")]


def _author_of(value: dict[str, object], depth: int) -> list[str | None]:
    for key in _AUTHOR_KEYS:
        if value.get(key) not in (None, *EMPTY):
            return _authors(value[key], depth + 1)
    if value and all(isinstance(each, dict) for each in value.values()):  # {ada: {name: Ada}}
        return _authors(list(value.values()), depth + 1)
    parts = (
        next((str(value[key]) for key in keys if isinstance(value.get(key), str)), "")
        for keys in (_GIVEN_KEYS, _FAMILY_KEYS)
    )
    return [_name(" ".join(parts))]


def _name(text: str) -> str | None:
    """Return a name without an address; numbers name nobody."""
    name = " ".join(_ADDRESS.sub("", text).split()).strip(",")
    return name if any(sign.isalpha() for sign in name) else None


def _parted(text: str, key: str) -> list[str]:
    if _is_foreign(text):
        return []
    if text.startswith(":") and text.endswith(":"):  # Org's `:rust:gpu:`
        return text.split(":")
    signs = (
        r"[,;]" if re.search(r"[,;]", text) else r"\s" if key in ("tags", "categories") else r"\Z"
    )
    return re.split(signs, text)


def _is_foreign(text: str) -> bool:
    """True for a template that no tool has filled in, and for a truth value."""
    return text.strip() in _TRUTHS or bool(_TEMPLATE.fullmatch(text.strip("\"'")))
