"""What an examination finds."""

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from narrated.printable import printable


class Severity(StrEnum):
    """How bad a finding is."""

    WELL = "well"
    """As it should be."""
    WARNING = "warning"
    """Works, but not for ever or not for everyone."""
    WRONG = "wrong"
    """Files will not be narrated until it is mended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, in a sentence, and the command or advice that mends it."""

    name: str
    state: Severity
    what: str
    remedy: str = ""


def well(name: str, what: str, advice: str = "") -> Finding:
    """All is as it should be; there may still be advice."""
    return Finding(name, Severity.WELL, what, advice)


def warning(name: str, what: str, remedy: str) -> Finding:
    """It works, but something will be missed."""
    return Finding(name, Severity.WARNING, what, remedy)


def wrong(name: str, what: str, remedy: str) -> Finding:
    """It cannot work."""
    return Finding(name, Severity.WRONG, what, remedy)


def shown(path: Path) -> str:
    """A path as a sentence has it."""
    return printable(str(path))


def typed(path: Path) -> str:
    """A path as it is typed into a shell."""
    return shlex.quote(str(path))


def is_folder(path: Path) -> bool:
    """Whether a folder is there; one that we may not look at is not, rather than an error."""
    try:
        return path.is_dir()
    except PermissionError:
        return False
