"""Reads a `.narratedignore`: untrusted, bounded, and applied as far as it can be understood."""

import os
from dataclasses import dataclass
from pathlib import Path

from narrated import regular_file
from narrated.inbox.chmod_remedy import chmod_remedy
from narrated.inbox.file_signature import fingerprint
from narrated.inbox.handled_versions import join
from narrated.inbox.ignore_patterns import (
    IgnoreRule,
    PatternSet,
    RuleOrigin,
    compiled,
    matchable,
)
from narrated.inbox.name_rules import IGNORE_FILE
from narrated.inbox.readiness import LeaseProbe, probe_lease
from narrated.inbox.safe_read import opened_folder
from narrated.printable import printable

MOST_BYTES = 32 * 2**10
_MOST_REFUSED = 5
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, eq=False)
class IgnoreFile:
    """One version of a `.narratedignore`."""

    fingerprint: int
    size_bytes: int
    patterns: PatternSet | None = None
    problems: tuple[str, ...] = ()
    """Its rules that are not applied, each with the reason."""


def read_ignore_file(root: str | Path, folder: str, status: os.stat_result) -> IgnoreFile | None:
    """Read the `.narratedignore` of a folder; None while a process writes it, or if it is gone.

    `status` is its lstat. Follows no link.
    """
    version, path = fingerprint(status), join(folder, IGNORE_FILE)
    try:
        with opened_folder(root, folder) as held, regular_file.opened(IGNORE_FILE, held) as file:
            if probe_lease(file.fileno()) is LeaseProbe.WRITER:
                return None
            content = regular_file.read(file, MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        return IgnoreFile(version, 0, problems=(_unread(path, error, status),))
    if content is None:
        limit = f"{MOST_BYTES // 1024} KiB"
        return IgnoreFile(version, 0, problems=(_told(path, f"it is larger than {limit}"),))
    return _parsed(path, version, content)


def _parsed(path: str, version: int, content: bytes) -> IgnoreFile:
    if content.startswith(_UTF_16) or b"\0" in content:
        return IgnoreFile(version, 0, problems=(_told(path, "it is no text in UTF-8"),))
    text = matchable(content.decode("utf-8-sig", "replace"))
    rules = [
        IgnoreRule(line.rstrip("\r"), RuleOrigin.FILE, line=number)
        for number, line in enumerate(text.split("\n"), 1)
    ]
    patterns, refused = compiled(rules)
    problems = [_told(path, why, line) for line, why in refused[:_MOST_REFUSED]]
    if more := len(refused) - len(problems):
        problems.append(_told(path, f"{more} further lines are broken, too"))
    return IgnoreFile(version, len(content), patterns, tuple(problems))


def _unread(path: str, error: OSError, status: os.stat_result) -> str:
    if isinstance(error, PermissionError):
        return f"{_told(path, 'it may not be opened')} {chmod_remedy(path, status)}"
    return _told(path, "it is no regular file; links are not followed")


def _told(path: str, why: str, line: int = 0) -> str:
    where = f"{printable(path)}, line {line}," if line else printable(path)
    return f"{where} is not applied: {printable(why)}."
