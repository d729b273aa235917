"""What the inbox tells: one frozen value for each thing that happened to it."""

from dataclasses import dataclass

from narrated.inbox.readiness import FileSignature


@dataclass(frozen=True, slots=True)
class FileReady:
    """A file is ready to be read: complete, at rest and hashed.

    `path` is relative to the root, with "/" and surrogateescape; `ready_s` is the monotonic time
    at which the file was first seen in this final state.
    """

    path: str
    signature: FileSignature
    sha256: str
    ready_s: float


@dataclass(frozen=True, slots=True)
class FileUnreadable:
    """A file may not be opened; told once for each signature, and Found follows when mended."""

    path: str
    signature: FileSignature
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FileVanished:
    """A file that was known or found is gone, also at a second look.

    Told of settings and lexicons even where they went before they were found.
    """

    path: str


@dataclass(frozen=True, slots=True)
class ConflictCopyFound:
    """A synchroniser set a conflicting copy aside."""

    path: str


@dataclass(frozen=True, slots=True)
class ConflictCopyGone:
    """A conflicting copy is no longer there."""

    path: str


@dataclass(frozen=True, slots=True)
class RootLost:
    """The inbox itself is missing, replaced or suddenly empty; nothing vanishes meanwhile."""

    reason: str


@dataclass(frozen=True, slots=True)
class RootFound:
    """The inbox is there again; a complete walk follows."""


@dataclass(frozen=True, slots=True)
class ScanFinished:
    """A complete walk ended: how many files it saw, and how long it took."""

    files: int
    seconds: float


@dataclass(frozen=True, slots=True)
class WatchLost:
    """Changes are not announced here (a limit, a network file system); walks alone find them."""

    reason: str


Event = (
    FileReady
    | FileUnreadable
    | FileVanished
    | ConflictCopyFound
    | ConflictCopyGone
    | RootLost
    | RootFound
    | ScanFinished
    | WatchLost
)
