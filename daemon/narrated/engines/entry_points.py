"""Engines of other distributions, found by their entry points.

The group tells the kind, so nothing is imported here: an engine's module may be heavy, and only
its worker imports it.
"""

import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from narrated.engines.engine_spec import DEFAULT_LIMIT, EngineSpec
from narrated.engines.interface import Kind

GROUPS: Mapping[str, Kind] = MappingProxyType(
    {"narrated.engines.speech": "speech", "narrated.engines.captions": "caption"}
)

_FILE = "entry_points.txt"
_PREFIX = "narrated.engines"


@dataclass(frozen=True, slots=True)
class InstalledEngines:
    """Engines by their names, and a problem with its remedy for each broken name."""

    specs: Mapping[str, EngineSpec]
    problems: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _EntryPoint:
    name: str
    kind: Kind
    value: str
    is_valid: bool
    distribution: str
    """Its name and version."""
    package: str
    """The distribution's name alone, as pip takes it."""


def installed_engines() -> InstalledEngines:
    """Search this interpreter's distributions. A broken one costs its own engines only."""
    found: dict[str, list[_EntryPoint]] = {}
    for each in _entry_points():
        found.setdefault(each.name, []).append(each)
    problems = {name: problem for name, each in found.items() if (problem := _problem(each))}
    return InstalledEngines(
        {name: _spec(each[0]) for name, each in found.items() if name not in problems}, problems
    )


def _spec(entry: _EntryPoint) -> EngineSpec:
    limit = DEFAULT_LIMIT if entry.kind == "speech" else 0
    return EngineSpec(entry.name, entry.kind, entry.value, limit, distribution=entry.distribution)


def _problem(entries: list[_EntryPoint]) -> tuple[str, str] | None:
    first = entries[0]
    if len(entries) > 1:
        origins = ", ".join(sorted(each.distribution for each in entries))
        return (
            f"The engine `{first.name}` has more than one entry point ({origins}).",
            f"Uninstall all but one: pip uninstall {first.package}",
        )
    if not first.is_valid:
        return (
            f"The entry point of the engine `{first.name}` is broken: {first.distribution} gives "
            f"`{first.value}`, which is neither `module` nor `module:function`.",
            f"Update the package, or remove it: pip uninstall {first.package}",
        )
    return None


def _entry_points() -> Iterator[_EntryPoint]:
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        text = distribution.read_text(_FILE) or ""
        # Cheap, and first: other packages' metadata is none of our business, broken or not.
        if _PREFIX not in text:
            continue
        package = distribution.name or "an unnamed distribution"
        if package in seen:  # an earlier folder of sys.path hides this one
            continue
        seen.add(package)
        yield from _parsed(text, package, f"{package} {distribution.version}")


def _parsed(text: str, package: str, distribution: str) -> Iterator[_EntryPoint]:
    kind: Kind | None = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            kind = GROUPS.get(line.strip("[] "))
        elif kind and line and not line.startswith("#"):
            name, _, value = (part.strip() for part in line.partition("="))
            is_valid = _is_reference(value)
            yield _EntryPoint(name, kind, value.replace(" ", ""), is_valid, distribution, package)


def _is_reference(value: str) -> bool:
    """True for `module` or `module:function`, each of dotted identifiers."""
    module, colon, function = value.partition(":")
    parts = [module, function] if colon else [module]
    return all(name.isidentifier() for part in parts for name in part.strip().split("."))
