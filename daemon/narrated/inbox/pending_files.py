"""Pending files: seen but not taken yet, with the reason and the time of the next try."""

import heapq
import math
import stat
import time
from dataclasses import dataclass
from itertools import chain

from narrated.backoff import Backoff
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.name_rules import NameKind, judge_path
from narrated.inbox.readiness import Readiness, SeenVersion

LINK = "a link, and links are not followed: put the file itself in its place"


@dataclass(slots=True)
class PendingFile:
    """A version of a file that waits to be taken."""

    expected: SeenVersion
    first_seen_s: float
    due_s: float
    """The monotonic time of the next try; infinity if only a change to the file can help."""
    why: str = Readiness.SETTLING
    backoff: Backoff | None = None
    """Delays of its retries; None before the first."""


class PendingFiles:
    """Pending files by path, with a schedule of their next tries; any thread may read reasons."""

    def __init__(self, settle_s: float) -> None:
        self.settle_s = settle_s
        self.slowest_retry_s = 5.0
        self.closed: dict[str, str] = {}
        """Folders that cannot be listed, with the reason."""
        self.links: set[str] = set()
        """Links; the inbox never takes a link."""
        self._files: dict[str, PendingFile] = {}
        self._schedule: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._files) + len(self.closed) + len(self.links)

    def get(self, path: str) -> PendingFile | None:
        """Return the pending file of this path; None if there is none."""
        return self._files.get(path)

    def add(self, path: str, expected: SeenVersion, seen_s: float, due_s: float) -> PendingFile:
        """Add a version of a file; a version that is pending already keeps its first-seen time."""
        pending_file = self._files.get(path)
        if pending_file is None or pending_file.expected != expected:
            why = _unready(path, expected.signature)
            pending_file = self._files[path] = PendingFile(expected, seen_s, due_s)
            self.links.discard(path)
            self.postpone(path, why, due_s if why is Readiness.SETTLING else math.inf)
        return pending_file

    def postpone(self, path: str, why: str, due_s: float) -> None:
        """Record why a file could not be taken, and when to try again."""
        pending_file = self._files[path]
        pending_file.why, pending_file.due_s = why, due_s
        if due_s < math.inf:
            heapq.heappush(self._schedule, (due_s, path))

    def retry_later(self, path: str, why: str) -> None:
        """Back off: retry after a delay that doubles from the settle time to a few seconds."""
        pending_file = self._files[path]
        if pending_file.backoff is None:
            first_s = min(max(self.settle_s, 0.1), self.slowest_retry_s)
            pending_file.backoff = Backoff(first_s, self.slowest_retry_s)
        self.postpone(path, why, time.monotonic() + pending_file.backoff.next_s())

    def paths(self) -> list[tuple[str, int]]:
        """List all paths, each with the mode of its type."""
        return [
            *((path, stat.S_IFREG) for path in self._files),
            *((path, stat.S_IFDIR) for path in self.closed),
            *((path, stat.S_IFLNK) for path in self.links),
        ]

    def drop(self, path: str) -> None:
        """Forget a pending file, or a link."""
        self._files.pop(path, None)
        self.links.discard(path)

    def clear(self) -> None:
        """Forget all pending files, closed folders and links."""
        for each in (self._files, self.closed, self.links, self._schedule):
            each.clear()

    def next_due_s(self) -> float:
        """Return the monotonic time of the next try; infinity if none is scheduled."""
        while self._schedule and not self._is_current(*self._schedule[0]):
            heapq.heappop(self._schedule)
        return self._schedule[0][0] if self._schedule else math.inf

    def pop_due(self) -> tuple[str, PendingFile] | None:
        """Take the next path that is due off the schedule; the file stays pending."""
        if self.next_due_s() > time.monotonic():
            return None
        _, path = heapq.heappop(self._schedule)
        return path, self._files[path]

    def blocked(self) -> list[str]:
        """List the paths that only a change to the file can help."""
        return [path for path, each in self._files.items() if each.due_s == math.inf]

    def may_complete(self, patience_s: float) -> bool:
        """True if an empty or incomplete file is so young that its content may still arrive."""
        youngest_ns = (time.time() - patience_s) * 1e9
        return any(
            each.why in (Readiness.EMPTY, Readiness.INCOMPLETE)
            and each.expected.signature.ctime_ns > youngest_ns
            for each in self._files.values()
        )

    def reasons(self, most: int | None = None, after: str = "") -> list[tuple[str, str]]:
        """List the first paths, or all, after a path, each with its reason.

        Thread-safe, because list() copies in one step.
        """
        files, links = list(self._files), list(self.links)
        paths = filter(after.__lt__, chain(files, list(self.closed), links))
        first = sorted(paths) if most is None else heapq.nsmallest(most, paths)
        reasons = ((path, self._reason(path)) for path in dict.fromkeys(first))
        return [(path, why) for path, why in reasons if why]

    def _reason(self, path: str) -> str:
        if pending_file := self._files.get(path):
            return str(pending_file.why)
        return self.closed.get(path, LINK if path in self.links else "")

    def _is_current(self, due_s: float, path: str) -> bool:
        pending_file = self._files.get(path)
        return pending_file is not None and pending_file.due_s == due_s


def _unready(path: str, signature: FileSignature) -> Readiness:
    """SETTLING unless this version can never be taken; settings may be empty."""
    if signature.mtime_ns == 0 and signature.size:
        return Readiness.INCOMPLETE
    if signature.mtime_ns == 0 or (
        signature.size == 0 and judge_path(path) is not NameKind.SETTINGS
    ):
        return Readiness.EMPTY
    return Readiness.SETTLING
