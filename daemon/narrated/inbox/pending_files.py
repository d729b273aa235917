"""Pending files: seen but not taken yet, with the reason and the time of the next try."""

import heapq
import math
import threading
import time
from dataclasses import dataclass
from enum import StrEnum

from narrated.inbox.name_rules import NameKind, judge_path
from narrated.inbox.readiness import ExpectedVersion, FileSignature

SETTLES_WITHOUT_LEASE = 3


class PendingReason(StrEnum):
    """The reason why a file is pending, in words for the status note."""

    SETTLING = "settling"
    EMPTY = "empty"
    INCOMPLETE = "its transfer was interrupted"  # rsync --partial leaves a modification time of 0
    WRITER = "still open for writing"
    UNREADABLE = "may not be opened"
    TROUBLE = "cannot be read"
    LINK = "a link, and links are not followed: put the file itself in its place"


@dataclass(slots=True)
class PendingFile:
    """A version of a file that waits to be taken."""

    expected: ExpectedVersion
    first_seen_s: float
    due_s: float
    """The monotonic time of the next try; infinity if only a change to the file can help."""
    why: str = PendingReason.SETTLING
    tries: int = 0


class PendingFiles:
    """Pending files by path, with a schedule of their next tries; any thread may read reasons."""

    def __init__(self, settle_s: float) -> None:
        self.settle_s = settle_s
        self.slowest_retry_s = 5.0
        self._files: dict[str, PendingFile] = {}
        self._schedule_heap: list[tuple[float, str]] = []
        self._closed: dict[str, str] = {}
        self._links: set[str] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._files) + len(self._closed) + len(self._links)

    def get(self, path: str) -> PendingFile | None:
        """Return the pending file of this path; None if there is none."""
        return self._files.get(path)

    def add(self, path: str, expected: ExpectedVersion, seen_s: float, due_s: float) -> PendingFile:
        """Add a version of a file; a version that is pending already keeps its first-seen time."""
        pending_file = self._files.get(path)
        if pending_file is None or pending_file.expected != expected:
            pending_file = PendingFile(expected, seen_s, due_s)
            status = expected.signature
            if why := _unready(path, status):
                pending_file.why = why
                pending_file.due_s = math.inf
            with self._lock:
                self._links.discard(path)
                self._files[path] = pending_file
            self._schedule(path, pending_file)
        return pending_file

    def postpone(self, path: str, why: str, due_s: float) -> None:
        """Record why a file could not be taken, and when to try again."""
        pending_file = self._files[path]
        pending_file.why, pending_file.due_s = why, due_s
        self._schedule(path, pending_file)

    def retry_later(self, path: str, why: str) -> None:
        """Back off: retry after a delay that doubles from the settle time to a few seconds."""
        pending_file = self._files[path]
        delay_s = min(max(self.settle_s, 0.1) * 2**pending_file.tries, self.slowest_retry_s)
        pending_file.tries = min(pending_file.tries + 1, 16)
        self.postpone(path, why, time.monotonic() + delay_s)

    def drop(self, path: str) -> None:
        """Forget a pending file, or a link."""
        with self._lock:
            self._files.pop(path, None)
            self._links.discard(path)

    def clear(self) -> None:
        """Forget all pending files, closed folders and links."""
        with self._lock:
            self._files.clear()
            self._closed.clear()
            self._links.clear()
        self._schedule_heap.clear()

    def next_due_s(self) -> float:
        """Return the monotonic time of the next try; infinity if none is scheduled."""
        while self._schedule_heap and not self._is_current(*self._schedule_heap[0]):
            heapq.heappop(self._schedule_heap)
        return self._schedule_heap[0][0] if self._schedule_heap else math.inf

    def pop_due(self) -> str | None:
        """Take the next path that is due off the schedule; the file stays pending."""
        if self.next_due_s() > time.monotonic():
            return None
        return heapq.heappop(self._schedule_heap)[1]

    def blocked(self) -> list[str]:
        """List the paths that only a change to the file can help."""
        return [path for path, each in self._files.items() if each.due_s == math.inf]

    def may_complete(self, patience_s: float) -> bool:
        """True if an empty or incomplete file is so young that its content may still arrive."""
        youngest_ns = (time.time() - patience_s) * 1e9
        return any(
            pending_file.why in (PendingReason.EMPTY, PendingReason.INCOMPLETE)
            and pending_file.expected.signature.ctime_ns > youngest_ns
            for pending_file in self._files.values()
        )

    def close(self, folder: str, why: str) -> None:
        """Record a folder that cannot be listed."""
        with self._lock:
            self._closed[folder] = why

    def open(self, folder: str) -> bool:
        """Record that a folder can be listed, or is gone; True if it was closed before."""
        with self._lock:
            return self._closed.pop(folder, None) is not None

    def closed(self) -> list[str]:
        """List the folders that cannot be listed."""
        return list(self._closed)

    def add_link(self, path: str) -> None:
        """Record a link; the inbox never takes a link."""
        with self._lock:
            self._links.add(path)

    def links(self) -> list[str]:
        """List the recorded links."""
        return list(self._links)

    def is_link(self, path: str) -> bool:
        """True if this path is recorded as a link."""
        return path in self._links

    def reasons(self) -> list[tuple[str, str]]:
        """List each path with its reason; thread-safe."""
        with self._lock:
            files = [(path, str(pending_file.why)) for path, pending_file in self._files.items()]
            links = [(path, str(PendingReason.LINK)) for path in self._links]
            return sorted([*files, *self._closed.items(), *links])

    def _schedule(self, path: str, pending_file: PendingFile) -> None:
        if pending_file.due_s < math.inf:
            heapq.heappush(self._schedule_heap, (pending_file.due_s, path))

    def _is_current(self, due_s: float, path: str) -> bool:
        pending_file = self._files.get(path)
        return pending_file is not None and pending_file.due_s == due_s


def _unready(path: str, signature: FileSignature) -> PendingReason | None:
    """The reason why this version can never be taken, if any; settings may be empty."""
    if signature.mtime_ns == 0:
        return PendingReason.INCOMPLETE if signature.size else PendingReason.EMPTY
    if signature.size == 0 and judge_path(path) is not NameKind.SETTINGS:
        return PendingReason.EMPTY
    return None
