"""The code of an engine whose own pins exclude our libraries, and what it needs beside them."""

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import NarratedError
from narrated.printable import printable
from narrated.workers.child import command, environment

_EXTRA = re.compile(r"""(\s+and)?\s+extra\s*==\s*["'](?P<name>[\w.-]+)["']""", re.ASCII)


@dataclass(frozen=True, slots=True)
class EnginePackage:
    """The code of an engine."""

    engine: str
    package: str
    """As pip is asked for it."""
    extra: str
    """The extra of narrated that names what its modules need besides our libraries."""
    probe: str
    """A module of ours that imports all that the engine is made of where it is run."""
    pins_python: tuple[int, int]
    """The Python in which its own pins can be installed, and our workers run."""
    pins_why: str


CODES: Mapping[str, EnginePackage] = MappingProxyType(
    {
        "tortoise": EnginePackage(
            engine="tortoise",
            package="tortoise-tts==3.0.0",
            extra="tortoise",
            probe="narrated.engines.tortoise.upstream_modules",
            pins_python=(3, 11),
            pins_why="they hold transformers to 4.31, whose tokenizers have no wheels for newer "
            "ones, and our workers run in no older one",
        )
    }
)


def code_of(engine: str) -> EnginePackage:
    """The code of an engine by its name; NarratedError for one that needs none, or is none."""
    if engine in CODES:
        return CODES[engine]
    kind = "needs no code of its own" if engine in BUILT_IN_ENGINES else "is no engine of ours"
    raise NarratedError(
        f"'{printable(engine)}' {kind}.", f"What can be installed: {', '.join(CODES)}."
    )


def requirements(extra: str) -> tuple[str, ...]:
    """What an extra of narrated asks for, as pip takes it; our pyproject.toml says it alone.

    NarratedError where narrated is not installed, or was before it had this extra.
    """
    try:
        lines = importlib.metadata.requires("narrated") or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    parted = ((line, _EXTRA.search(line)) for line in lines)
    found = tuple(
        (line[: extra_.start()] + line[extra_.end() :]).rstrip("; ")
        for line, extra_ in parted
        if extra_ and extra_["name"] == extra
    )
    if not found:
        raise NarratedError(
            f"narrated is not installed in {sys.prefix}, or the version there is too old to say "
            f"what {extra} needs.",
            f"Install it anew, in a checkout of it: {sys.executable} -m pip install .",
        )
    return found


def lack(code: EnginePackage, python: str) -> str:
    """What an interpreter lacks of the code, as its worker would find; empty where nothing."""
    done = subprocess.run(
        command(python, code.probe),
        env=environment(python),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or ["it does not run"])[-1]
