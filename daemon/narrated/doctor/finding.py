"""A finding: the result of one check."""

import shlex
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from narrated.printable import printable


class Severity(StrEnum):
    """Severity of a finding."""

    WELL = "well"
    """There is no problem."""
    WARNING = "warning"
    """It works now, but may fail later, or for some files."""
    WRONG = "wrong"
    """Files will not be narrated until it is mended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: a sentence, and the command or advice that mends a problem."""

    severity: Severity
    name: str
    text: str
    remedy: str = ""


well = partial(Finding, Severity.WELL)
warning = partial(Finding, Severity.WARNING)
wrong = partial(Finding, Severity.WRONG)


def shown(path: Path) -> str:
    """Format a path for a sentence."""
    return printable(str(path))


def typed(path: Path) -> str:
    """Quote a path for a shell."""
    return shlex.quote(str(path))


def is_folder(path: Path) -> bool:
    """True if the path is a folder. False, not an error, if we may not look at it."""
    try:
        return path.is_dir()
    except PermissionError:
        return False
