"""File systems that refuse some names: played by a library that is loaded before libc."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")
WINDOWS, ASCII, ECRYPTFS, DEEP = "windows", "ascii", "short", "deep"
ECRYPTFS_BYTES = 143


def library(folder: Path) -> Path:
    """The library, compiled into a folder."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs gcc")
    made = folder / "refusing_names.so"
    subprocess.run(
        [compiler, "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", made, SOURCE, "-ldl"],
        check=True,
    )
    return made


def refusing(library: Path, home: Path, kind: str, **others: object) -> Mapping[str, str]:
    """The environment of a daemon whose outbox, in this home, refuses names of a kind.

    What its encoders make is told in the file `made`, for `encodings`.
    """
    settings = {"kind": kind, "below": home / "outbox", "longest": ECRYPTFS_BYTES, **others}
    environ = {f"REFUSED_{name.upper()}": str(value) for name, value in settings.items()}
    made = {"MADE_BELOW": str(home / "state/work"), "MADE_LOG": str(home / "made")}
    return {"LD_PRELOAD": str(library), **made, **environ}


def encodings(home: Path) -> int:
    """The number of narrations that were encoded, those that came to nothing too."""
    made = home / "made"
    paths = made.read_text().splitlines() if made.exists() else []
    return len([path for path in paths if path.endswith("/audio.vtt")])


def windows_refuses(name: str) -> bool:
    """True if Windows takes no such name: written again here, for the tests to compare with."""
    base = name.partition(".")[0].rstrip(" ").upper()
    ports = {f"{port}{digit}" for port in ("COM", "LPT") for digit in range(10)}
    signs = set('<>:"|?*\\') | {chr(code) for code in range(32)}
    return (
        bool(signs & set(name))
        or name.endswith((".", " "))
        or base in {"CON", "PRN", "AUX", "NUL", *ports}
        or any(0xD800 <= ord(each) < 0xE000 for each in name)
        or len(name.encode("utf-16-le", "surrogatepass")) > 2 * 255
    )


def names_below(outbox: Path) -> set[str]:
    """Every name of a file or folder below the outbox, hidden ones too."""
    return {name for _, folders, files in os.walk(outbox) for name in (*folders, *files)}
