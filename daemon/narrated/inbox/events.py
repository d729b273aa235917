"""Inbox events: one frozen value for each kind of event."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from narrated.inbox.file_signature import FileSignature


class Event:
    """Something that the inbox found."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FileReady(Event):
    """A file is ready to read: complete, at rest and hashed.

    `path` is relative to the root, with "/" and surrogateescape. `ready_s` is the monotonic time
    at which the inbox first saw the file in this state.
    """

    path: str
    signature: FileSignature
    sha256: str
    ready_s: float


@dataclass(frozen=True, slots=True)
class FileUnreadable(Event):
    """A file may not be opened; sent once a signature, and FileReady follows once it may."""

    path: str
    signature: FileSignature
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FileVanished(Event):
    """A file that was known is gone, also at a second look.

    Sent for settings and lexicons even if they were never reported ready.
    """

    path: str


@dataclass(frozen=True, slots=True)
class FileIgnored(Event):
    """A file that was reported before is ignored now, or of no kind that is read.

    FileReady follows once it is ignored no longer; FileVanished if it goes meanwhile.
    """

    path: str


@dataclass(frozen=True, slots=True)
class ConflictCopyFound(Event):
    """A synchroniser set a conflicting copy aside."""

    path: str


@dataclass(frozen=True, slots=True)
class ConflictCopyGone(Event):
    """A conflicting copy is gone."""

    path: str


@dataclass(frozen=True, slots=True)
class RootLost(Event):
    """The root is missing, replaced or suddenly empty; no file counts as gone meanwhile."""

    reason: str


@dataclass(frozen=True, slots=True)
class RootFound(Event):
    """The root is back; a full scan follows."""


@dataclass(frozen=True, slots=True)
class ScanFinished(Event):
    """A full scan ended: the number of files that it saw, the time that it took, and the rest."""

    files: int
    seconds: float
    other: Mapping[str, int] = field(default_factory=dict)
    """Files of no kind that is read, counted by suffix."""
    ignored: int = 0
    """Files and whole folders that a rule ignores."""
    rule_problems: tuple[str, ...] = ()
    """The rules of `.narratedignore` files that are not applied, in words."""


@dataclass(frozen=True, slots=True)
class WatchLost(Event):
    """Inotify cannot watch here (a limit, a network file system); only scans find changes."""

    reason: str


@dataclass(frozen=True, slots=True)
class WatchRegained(Event):
    """Inotify watches again, after a WatchLost."""
