"""The libraries of engines: extras of narrated, and packages whose own pins exclude ours."""

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import NarratedError
from narrated.printable import printable
from narrated.workers.child import command, environment

_EXTRA = re.compile(r"""(\s+and)?\s+extra\s*==\s*["'](?P<name>[\w.-]+)["']""", re.ASCII)


@dataclass(frozen=True, slots=True)
class EnginePackage:
    """The package that holds an engine's code."""

    engine: str
    package: str
    """Requirement for pip, pinned to a version."""
    extra: str
    """The extra of narrated with the requirements of its modules."""
    probe: str
    """A module of ours: run as a program, it imports all of the engine's modules."""
    pins_python: tuple[int, int]
    """The Python version for an environment with its own pins."""
    pins_why: str


ENGINE_PACKAGES: Mapping[str, EnginePackage] = MappingProxyType(
    {
        "tortoise": EnginePackage(
            engine="tortoise",
            package="tortoise-tts==3.0.0",
            extra="tortoise",
            probe="narrated.engines.tortoise.upstream_modules",
            pins_python=(3, 11),
            pins_why="they hold transformers to 4.31, whose tokenizers have no wheels for newer "
            "versions, and our workers need this one",
        )
    }
)


@dataclass(frozen=True, slots=True)
class EngineExtra:
    """The libraries of an engine that go beside narrated's own."""

    engine: str
    extra: str
    """The extra of narrated that lists them."""
    modules: tuple[str, ...]
    """The modules that the engine imports."""


def installable(engine: str) -> EnginePackage | EngineExtra:
    """Find what an engine needs. Raises NarratedError if it needs nothing, or is unknown."""
    if engine in ENGINE_PACKAGES:
        return ENGINE_PACKAGES[engine]
    spec = BUILT_IN_ENGINES.get(engine)
    if spec is not None and spec.code.extra:
        return EngineExtra(engine, spec.code.extra, spec.code.modules)
    reason = "comes with narrated: it needs nothing more" if spec else "is no engine of ours"
    raise NarratedError(
        f"'{printable(engine)}' {reason}.",
        f"What can be installed: {', '.join(installable_names())}.",
    )


def installable_names() -> tuple[str, ...]:
    """The engines that need libraries beyond narrated's own; one name for each set of them."""
    needed = (spec.code.installed_as for spec in BUILT_IN_ENGINES.values())
    return tuple(dict.fromkeys(filter(None, needed)))


def requirements(extra: str) -> tuple[str, ...]:
    """The requirements of an extra of narrated, for pip. Raises NarratedError if it has none."""
    lines: list[str] = []
    with suppress(importlib.metadata.PackageNotFoundError):
        lines = importlib.metadata.requires("narrated") or []
    found = tuple(
        (line[: match.start()] + line[match.end() :]).rstrip("; ")
        for line in lines
        if (match := _EXTRA.search(line)) and match["name"] == extra
    )
    if not found:
        raise NarratedError(
            f"narrated is not installed in {sys.prefix}, or its version is too old to name the "
            f"requirements of {extra}.",
            f"Install it again, from a checkout: {sys.executable} -m pip install .",
        )
    return found


def import_problem(code: EnginePackage, python: str) -> str:
    """The import error of the package in an interpreter; empty if it works."""
    return _problem_of(command(python, code.probe), python)


def extra_problem(extra: EngineExtra) -> str:
    """The import error of an engine's libraries in our own interpreter; empty if they work."""
    program = "; ".join(f"import {module}" for module in extra.modules)
    return _problem_of((sys.executable, "-c", program), sys.executable)


def _problem_of(program: Sequence[str], python: str) -> str:
    """The last line of the error of a program; empty if it succeeds in a worker's environment."""
    done = subprocess.run(
        program, env=environment(python), capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or ["it does not run"])[-1]
