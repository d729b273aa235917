"""A `podcast:` section: what it says of a show, and what is wrong with that.

The configuration has one, and the settings of a folder may have another for a show of its own.
"""

import difflib
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import msgspec

from narrated.errors import SourceError
from narrated.podcast.categories import Category, category, category_names
from narrated.printable import printable
from narrated.reading.language_tags import language_tag
from narrated.reading.narration_settings import truth_of
from narrated.reading.yaml_toml import load_yaml

SHOW_TYPES = ("episodic", "serial")
_LONGEST = {"title": 255, "author": 255, "description": 4000}
"""In bytes of UTF-8, as Apple counts them."""
_LONGEST_ADDRESS = 1024
_MOST_CATEGORIES = 9
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>.]+(\.[^@\s<>.]+)+")
_SHOWN_CHARACTERS = 60


class ShowSection(msgspec.Struct, frozen=True, kw_only=True):
    """A section's words on a show; None for those it leaves to the section above."""

    title: str | None = None
    author: str | None = None
    description: str | None = None
    language: str | None = None
    category: tuple[str, ...] | None = None
    """Names of Apple's categories, as written."""
    explicit: bool | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    base_url: str | None = None
    """The address at which the folder of the show is served."""
    link: str | None = None
    type: str | None = None
    picture: str | None = None
    """The file of its cover on this machine."""
    inbox_picture: str | None = None
    """The inbox path of its cover."""


class SectionProblem(msgspec.Struct, frozen=True):
    """The fault of a key's value."""

    key: str
    problem: str
    remedy: str


def problems(section: ShowSection) -> Iterator[SectionProblem]:
    """Yield what a feed cannot say."""
    if section.title is not None and not section.title.strip():
        yield SectionProblem("title", "it is empty.", "Name the podcast as players are to show it.")
    for key, most in _LONGEST.items():
        if len((getattr(section, key) or "").encode("utf-8", "replace")) > most:
            yield SectionProblem(key, "it is too long.", f"Shorten it to {most} bytes.")
    if section.language and language_tag(section.language) != section.language:
        remedy = "Name a language by its tag, such as fr or pt-BR."
        yield SectionProblem("language", "that is no language.", remedy)
    yield from _of_categories(section.category or ())
    if section.owner_email and not _is_email(section.owner_email):
        remedy = "Write one such as me@example.org, or leave it out."
        yield SectionProblem("owner.email", "that is no address of mail.", remedy)
    picture = section.picture or section.inbox_picture
    if picture and PurePosixPath(picture).suffix.lower() not in _PICTURES:
        remedy = "Name a JPEG, PNG, WebP, GIF, BMP or TIFF file."
        yield SectionProblem("image", "that is no picture.", remedy)
    yield from _of_addresses(section)


def folder_section(text: str, path: str) -> ShowSection | None:
    """Return the section of a folder's settings file; None if it has none.

    `path` is the file's inbox path. Nothing in it is trusted. Errors: SourceError.
    """
    label = printable(path)
    entries = load_yaml(text, label).get("podcast")
    if entries in (None, "", "~", "null", [], {}):
        return None
    if not isinstance(entries, dict):
        raise SourceError(
            f"{label}: `podcast` is no section.",
            "Write keys and values below it, such as `title: My blog`, or take it out.",
        )
    section = _FolderReader(label, posixpath.dirname(path)).read(entries)
    for each in problems(section):
        raise SourceError(f"{label}: `podcast: {each.key}`: {each.problem}", each.remedy)
    return section


class _FolderReader:
    """Reads the keys of a folder's section, in which each scalar is a string."""

    def __init__(self, label: str, folder: str) -> None:
        self._label = label
        self._folder = folder
        self._keys: Mapping[str, Callable[[str, object], dict[str, Any]]] = {
            **dict.fromkeys(("title", "author", "description", "language"), self._text),
            **dict.fromkeys(("base_url", "link"), self._text),
            "category": self._category,
            "explicit": self._truth,
            "owner": self._owner,
            "type": self._type,
            "image": self._image,
        }

    def read(self, entries: Mapping[Any, object]) -> ShowSection:
        found: dict[str, Any] = {}
        for key, value in entries.items():
            if key not in self._keys:
                problem = f"{self._label}: `podcast` has an unknown key `{printable(str(key))}`."
                raise SourceError(problem, f"Known: {', '.join(self._keys)}.")
            if value not in ("", "~", "null", [], {}):
                found |= self._keys[key](key, value)
        return ShowSection(**found)

    def _text(self, key: str, value: object) -> dict[str, Any]:
        return {key: self._string(key, value)}

    def _category(self, key: str, value: object) -> dict[str, Any]:
        names = value if isinstance(value, list) else [value]
        if len(names) > _MOST_CATEGORIES:
            raise self._error(key, value, f"Name at most {_MOST_CATEGORIES} categories.")
        return {key: tuple(self._string(key, each) for each in names)}

    def _truth(self, key: str, value: object) -> dict[str, Any]:
        truth = truth_of(value)
        if truth is None:
            raise self._error(key, value, "Allowed: on, off.")
        return {key: truth}

    def _owner(self, key: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict) or not value.keys() <= {"name", "email"}:
            raise self._error(key, value, "Allowed: {name: Ada, email: ada@example.org}.")
        return {f"owner_{each}": self._string(f"owner.{each}", value[each]) for each in value}

    def _type(self, key: str, value: object) -> dict[str, Any]:
        if value not in SHOW_TYPES:
            raise self._error(key, value, f"Allowed: {', '.join(SHOW_TYPES)}.")
        return {key: value}

    def _image(self, key: str, value: object) -> dict[str, Any]:
        """Resolve the path of a picture, which may not lead out of the inbox."""
        name = self._string(key, value)
        path = posixpath.normpath(posixpath.join(self._folder, name))
        if name.startswith("/") or "\0" in name or path.split("/")[0] == "..":
            remedy = "Allowed: the path of a picture in the inbox, relative to this file."
            raise self._error(key, value, remedy)
        return {"inbox_picture": path}

    def _string(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise self._error(key, value, "Allowed: a plain value.")
        return value

    def _error(self, key: str, value: object, remedy: str) -> SourceError:
        shown = printable(str(value))
        if len(shown) > _SHOWN_CHARACTERS:
            shown = f"{shown[:_SHOWN_CHARACTERS]}…"
        return SourceError(f"{self._label}: `podcast: {key}` is `{shown}`.", remedy)


def _is_email(address: str) -> bool:
    # A longer address is none, and no pattern is to look at it.
    return len(address) <= _LONGEST_ADDRESS and bool(_EMAIL.fullmatch(address.strip()))


def _of_categories(names: tuple[str, ...]) -> Iterator[SectionProblem]:
    for name in names:
        if category(name) is None:
            problem = f"Apple has no `{printable(name[:_SHOWN_CHARACTERS])}`."
            yield SectionProblem("category", problem, _similar(name[:_SHOWN_CHARACTERS]))


def _similar(name: str) -> str:
    """The remedy for an unknown category: one that is named alike, or some."""
    own = name.rpartition(">")[2].strip()
    by_fold = {each.casefold(): each for each in category_names()}
    similar = difflib.get_close_matches(own.casefold(), by_fold, n=1)
    if similar:
        found: Category = category(similar[0]) or ("", "")
        return f"Did you mean `{' > '.join(filter(None, found))}`?"
    return "Choose one of Apple's, such as Technology, Arts > Books or Education."


def _of_addresses(section: ShowSection) -> Iterator[SectionProblem]:
    remedy = "Write an address such as https://example.org/podcast/."
    for key in ("base_url", "link"):
        if problem := _address_problem(getattr(section, key) or ""):
            yield SectionProblem(key, problem, remedy)
    base_url = section.base_url or ""
    if "?" in base_url or "#" in base_url:
        problem = "it has a `?` or `#`, so that no path can follow it."
        yield SectionProblem("base_url", problem, remedy)


def _address_problem(address: str) -> str:
    """Say why an address is none that a feed can hold; empty if it is one."""
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "that is no address of the web."
    if parts.scheme not in ("http", "https") or not host or len(address) > _LONGEST_ADDRESS:
        return "that is no address of the web."
    if not address.isascii() or any(sign.isspace() or sign in '<>"\\^`{|}' for sign in address):
        return "it holds signs that an address must write as %XX."
    if parts.username is not None:
        return "it holds a name or password, which everybody would read."
    return ""
