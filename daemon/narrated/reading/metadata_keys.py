"""The keys of front matter: ours, and those of blog engines that mean the same.

Understood are the keys of Hugo, Jekyll, Quarto, MkDocs, Obsidian, Docusaurus, Astro, Eleventy,
Pandoc, Hexo, Zola, Pelican and Ghost. A key or a value that narrated does not know is listed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from narrated.errors import SourceError
from narrated.reading.document import Unspoken
from narrated.reading.metadata_values import (
    EMPTY,
    author_value,
    cover_value,
    date_value,
    language_value,
    slug_value,
    tags_value,
    text_value,
)
from narrated.reading.narration_settings import (
    FRONT_MATTER_KEYS,
    Choices,
    NarrationSettings,
    check_keys,
    is_lexicon_name,
    is_name,
    is_number,
    merged,
    parse,
    truth_of,
)
from narrated.reading.publication import DRAFT_MARKS, publication, tells_publication
from narrated.reading.take_settings import KEYS as TAKE_KEYS
from narrated.reading.yaml_toml import load_yaml

NAMESPACE = "narrated"
_UNUSED = "front matter that narrated does not use"
_UNKNOWN_VALUE = "front matter with a value that narrated does not use"
_FOREIGN_ENGINE = "no engine of narrated; `narrated: {engine: NAME}` would be one"
_ENGINE_ELSEWHERE = "the voice of an engine that is none of narrated's"
_SHOWN_CHARACTERS = 200

_FIELDS: dict[str, tuple[Callable[[object], object], tuple[str, ...]]] = {
    "title": (text_value, ("title", "headline", "meta_title")),
    "date": (
        date_value,
        (
            *("date", "pubdate", "pub_date", "publishdate", "publish_date", "publisheddate"),
            *("published_date", "published_at", "publishedat", "published_on", "published_time"),
            *("datepublished", "date_published", "published", "posted", "post_date", "created"),
            *("created_at", "createdat", "created_on", "datecreated", "date_created"),
            *("creation_date", "creationdate"),
        ),
    ),
    "author": (
        author_value,
        ("author", "authors", "creator", "creators", "byline", "writer", "primary_author"),
    ),
    "language": (language_value, ("lang", "language", "locale")),
    "description": (
        text_value,
        (
            *("description", "summary", "excerpt", "custom_excerpt", "abstract", "subtitle"),
            *("meta_description", "tagline", "dek", "desc"),
        ),
    ),
    "cover": (
        cover_value,
        (
            *("cover", "image", "images", "cover_image", "coverimage", "featured_image"),
            *("featuredimage", "feature_image", "featureimage", "hero_image", "heroimage"),
            *("banner", "thumbnail", "header", "og_image"),
        ),
    ),
    "slug": (slug_value, ("slug",)),
}
"""Fields of the settings by the keys that give them; the first key with a readable value wins."""
_TAGS = ("tags", "tag", "keywords", "filetags", "topics", "categories", "category")
"""All of these together are the tags."""
_GROUPS = ("taxonomies", "extra", "params")
"""Mappings in which Zola and Hugo keep keys that other engines have at the top."""
_GROUPED = frozenset(("author", "description", "cover"))
"""Fields that count there; a title or a date in them is most often that of something else."""
_SYNONYMS = frozenset(key for _, keys in _FIELDS.values() for key in keys) | frozenset(_TAGS)
_SYNONYMS_IN_GROUPS = frozenset(
    (*(key for field in _GROUPED for key in _FIELDS[field][1]), *_TAGS, NAMESPACE)
)
_KNOWN = _SYNONYMS | frozenset((*FRONT_MATTER_KEYS, *_GROUPS, *DRAFT_MARKS, NAMESPACE))


def is_known(key: str) -> bool:
    """True for a key that is ours, or that a blog engine uses for the same."""
    return normal_key(key) in _KNOWN


def normal_key(key: str) -> str:
    """Return a key in one spelling: `Pub-Date` is `pub_date`."""
    return key.strip().lower().replace("-", "_").replace(" ", "_")


def read_metadata(
    entries: Mapping[str, object], label: str, choices: Choices
) -> tuple[NarrationSettings, tuple[Unspoken, ...]]:
    """Read the entries of front matter, and list those that are passed over.

    Raises SourceError for a wrong value that can only be meant for narrated: in `narrated: {…}`,
    of a key that no other tool has, and for a lexicon's file.
    """
    return _Metadata(entries, label, choices).read()


class _Metadata:
    def __init__(self, entries: Mapping[str, object], label: str, choices: Choices) -> None:
        self._written = entries
        self._values = dict(_flat(entries))
        self._label = label
        self._choices = choices
        self._used: set[str] = set()
        self._reasons: dict[str, str] = {}

    def read(self) -> tuple[NarrationSettings, tuple[Unspoken, ...]]:
        found: dict[str, Any] = {}
        for field, (read, keys) in _FIELDS.items():
            if (value := self._first(read, keys)) is not None:
                found[field] = value
        found |= publication(self._values)
        if tags := self._tags():
            found["tags"] = tags
        plain, ours = self._plain_settings(), self._namespaced_settings()
        if plain.voice and not (plain.engine or ours.engine or ours.voice):
            found["is_voice_loose"] = True  # `voice: active` may be a word on style
        settings = merged([NarrationSettings(**found), plain, ours])
        return settings, tuple(self._listed())

    def _first(self, read: Callable[[object], object], keys: tuple[str, ...]) -> object:
        for key in keys:
            if self._values.get(key, "") in EMPTY:
                continue
            if (value := read(self._values[key])) is not None:
                self._used.add(key)
                return value
            self._reasons[key] = _UNKNOWN_VALUE
        return None

    def _tags(self) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for key in _TAGS:
            read = self._first(partial(tags_value, key=key), (key,))
            for tag in read if isinstance(read, tuple) else ():
                found.setdefault(tag.casefold(), tag)
        return tuple(found.values())

    def _plain_settings(self) -> NarrationSettings:
        """Read the keys that are ours alone, or that another tool may use for something else."""
        ours = [key for key in FRONT_MATTER_KEYS if key not in _SYNONYMS]
        kept = [key for key in ours if key in self._values and self._is_ours(key)]
        self._used.update(kept)
        return parse({key: self._values[key] for key in kept}, self._label, self._choices)

    def _is_ours(self, key: str) -> bool:
        value = self._values[key]
        if value in EMPTY:
            return True
        match key:
            case "engine" if not self._is_engine(value):
                self._reasons[key] = _FOREIGN_ENGINE
            case "voice" if not self._is_engine(self._values.get("engine")):
                self._reasons[key] = _ENGINE_ELSEWHERE
            case "voice" if text_value(value) is None or not isinstance(value, str):
                self._reasons[key] = _UNKNOWN_VALUE
            case "speed" if not is_number(value):  # `speed: fast` may be that of slides
                self._reasons[key] = _UNKNOWN_VALUE
            case "narrate" if truth_of(value) is None and is_name(value):  # of an audiobook
                self._reasons[key] = _UNKNOWN_VALUE
            case "takes" if not isinstance(value, dict) or not value.keys() <= {*TAKE_KEYS}:
                self._reasons[key] = _UNKNOWN_VALUE  # those of a film
            case "review" if truth_of(value) is None:  # a book's review, or its marks
                self._reasons[key] = _UNKNOWN_VALUE
            case "lexicon" if not is_lexicon_name(value):
                self._reasons[key] = _UNKNOWN_VALUE
            case _:
                return True
        return False

    def _is_engine(self, value: object) -> bool:
        known = self._choices.get("engine")
        return value in (None, *EMPTY) or (
            isinstance(value, str) and (known is None or value in known)
        )

    def _namespaced_settings(self) -> NarrationSettings:
        value = self._values.get(NAMESPACE)
        if isinstance(value, str) and value.startswith("{"):  # in a form that has no mappings
            with suppress(SourceError):
                value = load_yaml(value, self._label)
        if (truth := truth_of(value)) is not None:  # `narrated: false`
            self._used.add(NAMESPACE)
            return NarrationSettings(narrate=truth)
        if not isinstance(value, dict):
            return NarrationSettings()
        self._used.add(NAMESPACE)
        label = f"`{NAMESPACE}` in {self._label[:1].lower()}{self._label[1:]}"
        entries = {key.lower(): each for key, each in value.items() if isinstance(key, str)}
        check_keys(entries, label)
        return parse(entries, label, self._choices)

    def _listed(self) -> Iterator[Unspoken]:
        for written, value in self._written.items():
            key = normal_key(written)
            is_read = key in self._used or tells_publication(key, value)
            if is_read or (key in _KNOWN and value in EMPTY):
                continue
            if key in _GROUPS and isinstance(value, dict):
                value = self._unused_of(value)
                if not value:
                    continue
            reason = self._reasons.get(key, _UNUSED)
            yield Unspoken(
                "front matter", reason, f"{written}: {_shown(value)}"[:_SHOWN_CHARACTERS]
            )

    def _unused_of(self, group: dict[str, object]) -> dict[str, object]:
        used = self._used & _SYNONYMS_IN_GROUPS
        return {name: each for name, each in group.items() if normal_key(name) not in used}


def _flat(entries: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Give the entries, before them those of groups: so that one at the top wins."""
    for key, value in entries.items():
        if normal_key(key) in _GROUPS and isinstance(value, dict):
            for name, each in value.items():
                if isinstance(name, str) and normal_key(name) in _SYNONYMS_IN_GROUPS:
                    yield normal_key(name), each
    for key, value in reversed(list(entries.items())):  # the first of two spellings wins
        yield normal_key(key), value


def _shown(value: object) -> str:
    """Write a value as in front matter, the lists and mappings in it as in YAML on one line."""
    if isinstance(value, list):
        return ", ".join(map(_flow, value))
    return _flow(value)


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value)
