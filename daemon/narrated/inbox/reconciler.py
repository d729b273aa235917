"""Single paths, sorted: what is new, what is ready, what is gone, what waits."""

import math
import os
import stat
import time
from collections.abc import Callable, Iterator

from narrated.inbox.events import (
    ConflictCopyFound,
    ConflictCopyGone,
    Event,
    FileReady,
    FileUnreadable,
    FileVanished,
)
from narrated.inbox.folder_scan import ScanSnapshot
from narrated.inbox.name_rules import NameKind, judge, judge_path
from narrated.inbox.pending_files import (
    SETTLES_WITHOUT_LEASE,
    PendingFile,
    PendingFiles,
    PendingReason,
)
from narrated.inbox.permission_remedy import mending
from narrated.inbox.readiness import ExpectedVersion, Readiness, examine, fingerprint
from narrated.printable import printable


class Reconciler:
    """Decides about one path at a time; the walks and wake-ups only bring paths to it."""

    def __init__(
        self,
        root: str,
        memory: ScanSnapshot,
        settle_s: float,
        second_look_s: float,
        tick: Callable[[], None],
    ) -> None:
        self.memory = memory
        self.pending = PendingFiles(settle_s)
        self._hurried = False
        self._root = root
        self._settle_s = settle_s
        self._second_look_s = second_look_s
        self._tick = tick
        self._absent: dict[str, float] = {}  # in order: every second look comes equally late
        self._conflicts: set[str] = set()

    def hurry(self, slowest_retry_s: float) -> None:
        """Take what has rested long enough by the wall clock, and retry often."""
        self._hurried = True
        self.pending.slowest_retry_s = slowest_retry_s

    def status(self, path: str) -> os.stat_result | None:
        """Stat a path that must lie in real folders; None where nothing of the kind is there.

        A link is told as what it is, and nothing is below it.
        Raises OSError where that cannot be told, as below a folder that may not be entered.
        """
        place = self._root
        folders, _, last = path.rpartition("/")
        try:
            for name in folders.split("/") if folders else ():
                place = f"{place}/{name}"
                if stat.S_ISLNK(os.lstat(place).st_mode):
                    return None
            return os.lstat(f"{place}/{last}")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def sort(
        self, path: str, status: os.stat_result | None, seen_s: float, ripe: bool = False
    ) -> Iterator[Event]:
        """Decide about a path as it is now; a ripe one needs no time to settle."""
        if status is not None and stat.S_ISLNK(status.st_mode):
            self._set_aside(path)
            return
        if status is None or not stat.S_ISREG(status.st_mode):
            self.miss(path)
            return
        self._absent.pop(path, None)
        if judge(path.rpartition("/")[2]) is NameKind.CONFLICT:
            if path not in self._conflicts:
                self._conflicts.add(path)
                yield ConflictCopyFound(path)
        elif self.memory.recalls(path, fingerprint(status)):
            self.pending.drop(path)
        else:
            yield from self._await(path, status, seen_s, ripe)

    def visit(self, path: str) -> Iterator[Event]:
        """Sort a path as it is now; where that cannot be told, a walk has to."""
        try:
            status = self.status(path)
        except OSError:
            return
        yield from self.sort(path, status, time.monotonic())

    def _await(
        self, path: str, status: os.stat_result, seen_s: float, ripe: bool
    ) -> Iterator[Event]:
        settled_s = seen_s + (0 if self._rests(status.st_ctime_ns) else self._settle_s)
        candidate = self.pending.see(path, ExpectedVersion.of(status), seen_s, settled_s)
        if (
            candidate.why is PendingReason.WRITER
        ):  # perhaps what happened is that its writer closed it
            at_s = max(time.monotonic(), candidate.first_seen_s + self._settle_s)
            self.pending.postpone(path, PendingReason.WRITER, at_s)
        if ripe and candidate.due_s < math.inf:
            yield from self._take(path, candidate)

    def _rests(self, ctime_ns: int, settles: int = 1) -> bool:
        # No writer can set a ctime back, as rsync does with an mtime: its age is time at rest.
        return self._hurried and time.time() - ctime_ns / 1e9 > settles * self._settle_s

    def _set_aside(self, path: str) -> None:
        """A link is never taken, and whoever put it there is told; a file before it is gone."""
        if not self.pending.is_link(path):
            self.miss(path)
            self.pending.set_aside(path)

    def miss(self, path: str) -> None:
        """Something that may have been a file or a folder is not there: look again in a while."""
        self.pending.drop(path)
        known = path in self.memory or path in self._conflicts
        # Settings may have been read before they were taken, so their going is always told.
        known = known or judge_path(path) is NameKind.SETTINGS
        due_s = time.monotonic() + self._second_look_s
        for gone in [path] if known else self.memory.below(path):
            self._absent.setdefault(gone, due_s)

    def forget(self, path: str) -> bool:
        """Forget what is known of a path, so that it is found again; tells whether it rested."""
        try:
            status = self.status(path)
        except OSError:
            status = None
        rested = status is not None and self.memory.recalls(path, fingerprint(status))
        self.memory.forget(path)
        self.pending.drop(path)
        return rested

    def lose_sight(self) -> None:
        """The root is lost: nothing that waited for a look has a meaning any more."""
        self.pending.clear()
        self._absent.clear()

    def next_due_s(self) -> float:
        """When the next path is to be looked at."""
        absent_s = next(iter(self._absent.values()), math.inf)
        return min(absent_s, self.pending.next_due_s())

    def misses_some(self) -> bool:
        """Tell whether a second look is due."""
        return next(iter(self._absent.values()), math.inf) <= time.monotonic()

    def take_due(self, most: int = 64) -> Iterator[Event]:
        """Try the candidates that are due."""
        for _ in range(most):
            path = self.pending.pop_due()
            if path is None:
                return
            candidate = self.pending.get(path)
            if candidate is not None:
                yield from self._take(path, candidate)

    def look_again(self, root_is_well: Callable[[], bool]) -> Iterator[Event]:
        """Take the second looks that are due; nothing vanishes once the root is not well."""
        while self.misses_some():
            self._tick()
            path = next(iter(self._absent))
            gone = self._is_gone(path)
            if gone and not root_is_well():  # asked after the look, not before
                return
            del self._absent[path]
            if gone:
                yield self._gone(path)
            else:
                yield from self.visit(path)

    def _is_gone(self, path: str) -> bool:
        try:
            status = self.status(path)
        except OSError:
            return False
        return status is None or not stat.S_ISREG(status.st_mode)

    def _gone(self, path: str) -> Event:
        if path in self._conflicts:
            self._conflicts.discard(path)
            return ConflictCopyGone(path)
        self.memory.forget(path)
        return FileVanished(path)

    def revisit(self) -> Iterator[Event]:
        """Look at what waits for a change that no event announces: rights, a late first byte."""
        for path in [*self.pending.parked(), *self.pending.links(), *self._conflicts]:
            self._tick()
            candidate = self.pending.get(path)
            yield from self.visit(path)
            same = candidate is not None and candidate is self.pending.get(path)
            if candidate is not None and same and candidate.why is PendingReason.UNREADABLE:
                yield from self._take(path, candidate)

    def _take(self, path: str, candidate: PendingFile) -> Iterator[Event]:
        examination = examine(
            f"{self._root}/{path}", candidate.expected, self._rested(candidate), self._tick
        )
        match examination.verdict:
            case Readiness.READY:
                yield self._found(path, candidate, examination.sha256)
            case Readiness.CHANGED | Readiness.GONE:
                self.pending.drop(path)
                yield from self.visit(path)
            case Readiness.WRITER:
                self.pending.retry_later(path, PendingReason.WRITER)
            case Readiness.UNSURE:
                rest_s = SETTLES_WITHOUT_LEASE * self._settle_s
                self.pending.postpone(path, PendingReason.SETTLING, candidate.first_seen_s + rest_s)
            case Readiness.UNREADABLE:
                yield from self._unreadable(path, candidate)
            case Readiness.TROUBLE:
                self.pending.retry_later(path, f"{PendingReason.TROUBLE}: {examination.detail}")

    def _rested(self, candidate: PendingFile) -> bool:
        rested_s = time.monotonic() - candidate.first_seen_s
        return rested_s >= SETTLES_WITHOUT_LEASE * self._settle_s or self._rests(
            candidate.expected.signature.ctime_ns, SETTLES_WITHOUT_LEASE
        )

    def _found(self, path: str, candidate: PendingFile, sha256: str) -> FileReady:
        signature = candidate.expected.signature
        self.memory.put(path, signature.fingerprint)
        self.pending.drop(path)
        return FileReady(path, signature, sha256, candidate.first_seen_s)

    def _unreadable(self, path: str, candidate: PendingFile) -> Iterator[Event]:
        try:
            status = os.lstat(f"{self._root}/{path}")
        except OSError:
            self.pending.drop(path)  # its folder was closed or is gone: a walk will meet it
            return
        told = candidate.why is PendingReason.UNREADABLE
        self.pending.postpone(path, PendingReason.UNREADABLE, math.inf)
        if not told:
            problem = f"{printable(path)} may not be opened by the account that reads it."
            yield FileUnreadable(path, candidate.expected.signature, problem, mending(path, status))
