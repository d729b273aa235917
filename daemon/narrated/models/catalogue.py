"""The catalogue: models that are known by name, and which files of a repository make a model."""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from narrated.errors import NarratedError
from narrated.printable import printable

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model that can be pulled."""

    repository: str
    """Where it is on the hub, such as suno/bark."""
    name: str = ""
    """As the catalogue calls it; empty for what is not in it."""
    does: Literal["speech", "caption", ""] = ""
    about: str = ""
    licence: str = ""
    layout: str = ""
    """What it consists of; empty for what is not in the catalogue: its files tell."""
    also: tuple[str, ...] = ()
    """Patterns of files that it has besides those of its layout."""
    usage: str = ""
    """Lines for narrated.yaml that use it; empty for what is not in the catalogue."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What the models of one kind consist of."""

    kind: str
    """What a person calls such a model."""
    need: tuple[str, ...]
    """The names by which a loader knows one: it has all of them."""
    usage: str
    """Lines for narrated.yaml that use one, in which it is called owner/name."""
    files: tuple[str, ...] = ()
    """What else may belong to one, as patterns."""
    weights: tuple[tuple[str, ...], ...] = ()
    """Patterns, the best first: of these groups one alone is taken. Empty where `need` has them."""
    code: str = ""
    """The command that installs its engine's code, where that is not among our requirements."""

    def lacks(self, names: Collection[str]) -> list[str]:
        """What a folder or repository with these files lacks of one."""
        return [name for name in self.need if name not in names]


@dataclass(frozen=True, slots=True)
class _CatalogueFile:
    layouts: dict[str, FileLayout]
    models: dict[str, CatalogueEntry]


def entries() -> tuple[CatalogueEntry, ...]:
    """Every model of the catalogue."""
    return tuple(_catalogue().models.values())


def entry(name: str) -> CatalogueEntry:
    """A model by its name or by its repository, which need not be in the catalogue.

    NarratedError for what is neither.
    """
    known = _catalogue().models
    for each in known.values():
        if name in (each.name, each.repository):
            return each
    if is_repository(name):
        return CatalogueEntry(repository=name)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean `{near[0]}`? " if near else f"Known: {', '.join(known)}. "
    raise NarratedError(
        f"There is no model named '{printable(name)}'.",
        f"{hint}Any other is pulled by its repository, such as owner/name.",
    )


def is_repository(name: str) -> bool:
    """Whether this is how the hub names a repository; then it is a safe path as well."""
    return _REPOSITORY.fullmatch(name) is not None


def wanted(entry: CatalogueEntry, names: Iterable[str]) -> tuple[str, ...]:
    """The files of a repository that make the model; NarratedError where they make none.

    Nothing that is run is ever among them: no `.py`, whatever a pattern says.
    """
    safe = [name for name in names if is_safe(name) and not name.endswith(".py")]
    layout = _catalogue().layouts[entry.layout] if entry.layout else _nearest(safe)
    groups = (_matching(group, safe) for group in layout.weights)
    weights = next((group for group in groups if group), [])
    lacks = layout.lacks(safe)
    if layout.weights and not weights and not lacks:
        lacks = ["weights in a format that can be loaded"]
    if lacks:
        raise NarratedError(
            f"{entry.repository} is no {layout.kind}: it has no {' and no '.join(lacks)}.",
            "Name a repository that holds one; `narrated models list` shows those that work.",
        )
    return tuple(sorted({*layout.need, *_matching((*layout.files, *entry.also), safe), *weights}))


def layout_of(names: Collection[str]) -> FileLayout | None:
    """The kind of model that files of these names are; None where they are none."""
    whole = (each for each in _catalogue().layouts.values() if not each.lacks(names))
    return next(whole, None)


def is_mark(name: str) -> bool:
    """Whether a loader knows some kind of model by a file of this name."""
    return any(name in each.need for each in _catalogue().layouts.values())


def usage(entry: CatalogueEntry, names: Collection[str]) -> tuple[str, ...]:
    """The lines for narrated.yaml that use a model which consists of these files."""
    layout = layout_of(names)
    of_layout = layout.usage.replace("owner/name", entry.repository) if layout else ""
    return tuple((entry.usage or of_layout).split("\n"))


def _nearest(names: Collection[str]) -> FileLayout:
    """What these files are, else what they have most of; a checkpoint where they have nothing."""
    whole = layout_of(names)
    others = reversed(_catalogue().layouts.values())
    return whole or max(others, key=lambda each: -len(each.lacks(names)) / len(each.need))


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
def _catalogue() -> _CatalogueFile:
    text = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    for name, table in tables["models"].items():
        table["name"] = name
        table.setdefault("layout", "transformers")
    return msgspec.convert(tables, _CatalogueFile)
