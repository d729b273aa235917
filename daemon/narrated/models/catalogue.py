"""The catalogue: models that are known by name, and which files of a repository make a model."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from narrated.errors import NarratedError
from narrated.printable import printable

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_NEEDED = "config.json"
_OTHER = """\
engines: {{mine: {{like: blip, options: {{model: {}}}}}}}   # like: bark, if it is a Bark
pictures: {{captions: mine}}   # speech: {{engine: mine}}"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that can be pulled."""

    repository: str
    """Where it is on the hub, such as suno/bark."""
    name: str = ""
    """As the catalogue calls it; empty for what is not in it."""
    does: Literal["speech", "caption", ""] = ""
    about: str = ""
    licence: str = ""
    also: tuple[str, ...] = ()
    """Patterns of files that it needs besides those of any checkpoint."""
    usage: str = ""
    """Lines for narrated.yaml that use it."""


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """What any checkpoint consists of, as patterns."""

    files: tuple[str, ...]
    weights: tuple[tuple[str, ...], ...]
    """The best first; of these groups one alone is taken."""


@dataclass(frozen=True, slots=True)
class _Catalogue:
    checkpoint: _Checkpoint
    models: dict[str, Entry]


def entries() -> tuple[Entry, ...]:
    """Every model of the catalogue."""
    return tuple(_catalogue().models.values())


def entry(name: str) -> Entry:
    """A model by its name or by its repository, which need not be in the catalogue.

    NarratedError for what is neither.
    """
    known = _catalogue().models
    for each in known.values():
        if name in (each.name, each.repository):
            return each
    if is_repository(name):
        return Entry(repository=name, usage=_OTHER.format(name))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean `{near[0]}`? " if near else f"Known: {', '.join(known)}. "
    raise NarratedError(
        f"There is no model named '{printable(name)}'.",
        f"{hint}Any other is pulled by its repository, such as owner/name.",
    )


def is_repository(name: str) -> bool:
    """Whether this is how the hub names a repository; then it is a safe path as well."""
    return _REPOSITORY.fullmatch(name) is not None


def wanted(entry: Entry, names: Iterable[str]) -> tuple[str, ...]:
    """The files of a repository that make the model; NarratedError where they make none.

    Nothing that is run is ever among them: no `.py`, whatever a pattern says.
    """
    checkpoint = _catalogue().checkpoint
    safe = [name for name in names if is_safe(name) and not name.endswith(".py")]
    taken = _matching((*checkpoint.files, *entry.also), safe)
    groups = (_matching(group, safe) for group in checkpoint.weights)
    weights = next((group for group in groups if group), [])
    if _NEEDED not in taken or not weights:
        lacks = "weights in a format that can be loaded" if _NEEDED in taken else _NEEDED
        raise NarratedError(
            f"{entry.repository} is no model for transformers: it has no {lacks}.",
            "Name a repository that holds one; `narrated models list` shows those that work.",
        )
    return tuple(sorted({*taken, *weights}))


def is_safe(name: str) -> bool:
    """Whether a file of this name lies within the folder of its repository."""
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and not any(part.startswith(".") for part in path.parts)
        and printable(name) == name
    )


def _matching(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    expressions = [re.compile(_expression(pattern)) for pattern in patterns]
    return [name for name in names if any(each.fullmatch(name) for each in expressions)]


def _expression(pattern: str) -> str:
    """A pattern as a regular expression; fnmatch would let `*` cross into folders."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)


@cache
def _catalogue() -> _Catalogue:
    text = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    for name, table in tables["models"].items():
        table["name"] = name
    return msgspec.convert(tables, _Catalogue)
