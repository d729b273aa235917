"""Files that were seen and not taken yet: since when, why not, and when to try again."""

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
    """Why a file waits, in words for the status note."""

    SETTLING = "settling"
    EMPTY = "empty"
    INCOMPLETE = "its transfer was interrupted"  # rsync --partial leaves a modification time of 0
    WRITER = "still open for writing"
    UNREADABLE = "may not be opened"
    TROUBLE = "cannot be read"
    LINK = "a link, which is not followed: put what it leads to in its place"


@dataclass(slots=True)
class PendingFile:
    """A version of a file on its way to being taken."""

    expected: ExpectedVersion
    first_seen_s: float
    due_s: float
    """When to try it; infinity where only a change can help."""
    why: str = PendingReason.SETTLING
    tries: int = 0


class PendingFiles:
    """The candidates by path, with an agenda of exact times; reasons may be read by any thread."""

    def __init__(self, settle_s: float) -> None:
        self.settle_s = settle_s
        self.slowest_retry_s = 5.0
        self._candidates: dict[str, PendingFile] = {}
        self._agenda: list[tuple[float, str]] = []
        self._closed: dict[str, str] = {}
        self._links: set[str] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._candidates) + len(self._closed) + len(self._links)

    def get(self, path: str) -> PendingFile | None:
        """Give the candidate of this path, if there is one."""
        return self._candidates.get(path)

    def see(self, path: str, expected: ExpectedVersion, seen_s: float, due_s: float) -> PendingFile:
        """Note a version of a file; the same version as before keeps the time it was first seen."""
        candidate = self._candidates.get(path)
        if candidate is None or candidate.expected != expected:
            candidate = PendingFile(expected, seen_s, due_s)
            status = expected.signature
            if why := _unready(path, status):
                candidate.why = why
                candidate.due_s = math.inf
            with self._lock:
                self._links.discard(path)
                self._candidates[path] = candidate
            self._schedule(path, candidate)
        return candidate

    def postpone(self, path: str, why: str, due_s: float) -> None:
        """Say why a candidate could not be taken, and when to try again."""
        candidate = self._candidates[path]
        candidate.why, candidate.due_s = why, due_s
        self._schedule(path, candidate)

    def retry_later(self, path: str, why: str) -> None:
        """Try again after a delay that doubles from the settle time to a few seconds."""
        candidate = self._candidates[path]
        delay_s = min(max(self.settle_s, 0.1) * 2**candidate.tries, self.slowest_retry_s)
        candidate.tries = min(candidate.tries + 1, 16)
        self.postpone(path, why, time.monotonic() + delay_s)

    def drop(self, path: str) -> None:
        """Forget a candidate, or a link."""
        with self._lock:
            self._candidates.pop(path, None)
            self._links.discard(path)

    def clear(self) -> None:
        """Forget all candidates, closed folders and links."""
        with self._lock:
            self._candidates.clear()
            self._closed.clear()
            self._links.clear()
        self._agenda.clear()

    def next_due_s(self) -> float:
        """When the next candidate is to be tried; infinity if none is."""
        while self._agenda and not self._holds(*self._agenda[0]):
            heapq.heappop(self._agenda)
        return self._agenda[0][0] if self._agenda else math.inf

    def pop_due(self) -> str | None:
        """Take the next path that is due off the agenda (it stays a candidate)."""
        if self.next_due_s() > time.monotonic():
            return None
        return heapq.heappop(self._agenda)[1]

    def parked(self) -> list[str]:
        """Paths that wait for a change."""
        return [path for path, seen in self._candidates.items() if seen.due_s == math.inf]

    def hopes_for(self, patience_s: float) -> bool:
        """Tell whether an empty or incomplete file is so young that its rest may yet come."""
        youngest_ns = (time.time() - patience_s) * 1e9
        return any(
            candidate.why in (PendingReason.EMPTY, PendingReason.INCOMPLETE)
            and candidate.expected.signature.ctime_ns > youngest_ns
            for candidate in self._candidates.values()
        )

    def close(self, folder: str, why: str) -> None:
        """Note a folder that cannot be looked into."""
        with self._lock:
            self._closed[folder] = why

    def open(self, folder: str) -> bool:
        """A folder can be looked into, or is gone; tells whether it was closed before."""
        with self._lock:
            return self._closed.pop(folder, None) is not None

    def closed(self) -> list[str]:
        """Folders that cannot be looked into."""
        return list(self._closed)

    def set_aside(self, path: str) -> None:
        """Note a link, which is never taken."""
        with self._lock:
            self._links.add(path)

    def links(self) -> list[str]:
        """Links that were noted."""
        return list(self._links)

    def is_link(self, path: str) -> bool:
        """Tell whether a path was noted as a link."""
        return path in self._links

    def reasons(self) -> list[tuple[str, str]]:
        """Give each path with why it waits; thread-safe."""
        with self._lock:
            files = [(path, str(candidate.why)) for path, candidate in self._candidates.items()]
            links = [(path, str(PendingReason.LINK)) for path in self._links]
            return sorted([*files, *self._closed.items(), *links])

    def _schedule(self, path: str, candidate: PendingFile) -> None:
        if candidate.due_s < math.inf:
            heapq.heappush(self._agenda, (candidate.due_s, path))

    def _holds(self, due_s: float, path: str) -> bool:
        candidate = self._candidates.get(path)
        return candidate is not None and candidate.due_s == due_s


def _unready(path: str, signature: FileSignature) -> PendingReason | None:
    """Why a version can never be taken, if so; settings may well be empty: they say nothing."""
    if signature.mtime_ns == 0:
        return PendingReason.INCOMPLETE if signature.size else PendingReason.EMPTY
    if signature.size == 0 and judge_path(path) is not NameKind.SETTINGS:
        return PendingReason.EMPTY
    return None
