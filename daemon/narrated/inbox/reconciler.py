"""Reconciles single paths with the snapshot: new, changed, ready, gone or pending."""

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
from narrated.inbox.file_system_facts import chmod_remedy
from narrated.inbox.handled_versions import HandledVersions
from narrated.inbox.name_rules import NameKind, judge, judge_path
from narrated.inbox.pending_files import (
    SETTLES_WITHOUT_LEASE,
    PendingFile,
    PendingFiles,
    PendingReason,
)
from narrated.inbox.readiness import ExpectedVersion, Readiness, examine, fingerprint
from narrated.printable import printable


class Reconciler:
    """Decides about one path at a time; scans and hints only bring paths to it."""

    def __init__(
        self,
        root: str,
        snapshot: HandledVersions,
        settle_s: float,
        second_look_s: float,
        tick: Callable[[], None],
    ) -> None:
        self.snapshot = snapshot
        self.pending = PendingFiles(settle_s)
        self._hurried = False
        self._root = root
        self._settle_s = settle_s
        self._second_look_s = second_look_s
        self._tick = tick
        self._absent: dict[str, float] = {}  # in order of time: each second look has the same delay
        self._conflicts: set[str] = set()

    def hurry(self, slowest_retry_s: float) -> None:
        """Count a file's age by the wall clock as time at rest, and retry often."""
        self._hurried = True
        self.pending.slowest_retry_s = slowest_retry_s

    def status(self, path: str) -> os.stat_result | None:
        """Return a path's lstat; None if it is absent or lies below a link.

        Raises OSError if a folder above it may not be entered.
        """
        folder = self._root
        folders, _, last = path.rpartition("/")
        try:
            for name in folders.split("/") if folders else ():
                folder = f"{folder}/{name}"
                if stat.S_ISLNK(os.lstat(folder).st_mode):
                    return None
            return os.lstat(f"{folder}/{last}")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def reconcile(
        self, path: str, status: os.stat_result | None, seen_s: float, complete: bool = False
    ) -> Iterator[Event]:
        """Compare a path's present status with the snapshot.

        `complete`: the file was renamed into place, so it needs no time to settle.
        """
        if status is not None and stat.S_ISLNK(status.st_mode):
            self._record_link(path)
            return
        if status is None or not stat.S_ISREG(status.st_mode):
            self.miss(path)
            return
        self._absent.pop(path, None)
        if judge(path.rpartition("/")[2]) is NameKind.CONFLICT:
            if path not in self._conflicts:
                self._conflicts.add(path)
                yield ConflictCopyFound(path)
        elif self.snapshot.matches(path, fingerprint(status)):
            self.pending.drop(path)
        else:
            yield from self._add_pending(path, status, seen_s, complete)

    def visit(self, path: str) -> Iterator[Event]:
        """Reconcile a path with its present status; leave a path in a closed folder to a scan."""
        try:
            status = self.status(path)
        except OSError:
            return
        yield from self.reconcile(path, status, time.monotonic())

    def _add_pending(
        self, path: str, status: os.stat_result, seen_s: float, complete: bool
    ) -> Iterator[Event]:
        settled_s = seen_s + (0 if self._rests(status.st_ctime_ns) else self._settle_s)
        pending_file = self.pending.add(path, ExpectedVersion.of(status), seen_s, settled_s)
        if pending_file.why is PendingReason.WRITER:  # perhaps its writer has just closed it
            at_s = max(time.monotonic(), pending_file.first_seen_s + self._settle_s)
            self.pending.postpone(path, PendingReason.WRITER, at_s)
        if complete and pending_file.due_s < math.inf:
            yield from self._take(path, pending_file)

    def _rests(self, ctime_ns: int, settles: int = 1) -> bool:
        # No writer can set a ctime back, as rsync does with an mtime: its age is time at rest.
        return self._hurried and time.time() - ctime_ns / 1e9 > settles * self._settle_s

    def _record_link(self, path: str) -> None:
        """List a link among the pending files; a file that it replaced is missing."""
        if not self.pending.is_link(path):
            self.miss(path)
            self.pending.add_link(path)

    def miss(self, path: str) -> None:
        """Schedule a second look at a missing file, or at all known files of a missing folder."""
        self.pending.drop(path)
        known = path in self.snapshot or path in self._conflicts
        # A plan may have read settings before the inbox took them, so always report them gone.
        known = known or judge_path(path) is NameKind.SETTINGS
        due_s = time.monotonic() + self._second_look_s
        for gone in [path] if known else self.snapshot.below(path):
            self._absent.setdefault(gone, due_s)

    def forget(self, path: str) -> bool:
        """Forget a path, so that it is reported again; return True if its version was known."""
        try:
            status = self.status(path)
        except OSError:
            status = None
        known = status is not None and self.snapshot.matches(path, fingerprint(status))
        self.snapshot.forget(path)
        self.pending.drop(path)
        return known

    def reset(self) -> None:
        """Drop all pending files and second looks: the root is lost."""
        self.pending.clear()
        self._absent.clear()

    def next_due_s(self) -> float:
        """Return the monotonic time at which the next path is due."""
        absent_s = next(iter(self._absent.values()), math.inf)
        return min(absent_s, self.pending.next_due_s())

    def second_look_due(self) -> bool:
        """True if a second look at a missing file is due."""
        return next(iter(self._absent.values()), math.inf) <= time.monotonic()

    def take_due(self, most: int = 64) -> Iterator[Event]:
        """Try the pending files that are due."""
        for _ in range(most):
            path = self.pending.pop_due()
            if path is None:
                return
            pending_file = self.pending.get(path)
            if pending_file is not None:
                yield from self._take(path, pending_file)

    def take_second_looks(self, root_is_well: Callable[[], bool]) -> Iterator[Event]:
        """Take the second looks that are due; report no file as gone while the root is not well."""
        while self.second_look_due():
            self._tick()
            path = next(iter(self._absent))
            gone = self._is_gone(path)
            if gone and not root_is_well():  # asked after the look, not before
                return
            del self._absent[path]
            if gone:
                yield self._vanished(path)
            else:
                yield from self.visit(path)

    def _is_gone(self, path: str) -> bool:
        try:
            status = self.status(path)
        except OSError:
            return False
        return status is None or not stat.S_ISREG(status.st_mode)

    def _vanished(self, path: str) -> Event:
        if path in self._conflicts:
            self._conflicts.discard(path)
            return ConflictCopyGone(path)
        self.snapshot.forget(path)
        return FileVanished(path)

    def revisit(self) -> Iterator[Event]:
        """Look at files whose change inotify may not report: permissions, a late first byte."""
        for path in [*self.pending.blocked(), *self.pending.links(), *self._conflicts]:
            self._tick()
            pending_file = self.pending.get(path)
            yield from self.visit(path)
            same = pending_file is not None and pending_file is self.pending.get(path)
            if pending_file is not None and same and pending_file.why is PendingReason.UNREADABLE:
                yield from self._take(path, pending_file)

    def _take(self, path: str, pending_file: PendingFile) -> Iterator[Event]:
        result = examine(
            f"{self._root}/{path}", pending_file.expected, self._rested(pending_file), self._tick
        )
        match result.verdict:
            case Readiness.READY:
                yield self._ready(path, pending_file, result.sha256)
            case Readiness.CHANGED | Readiness.GONE:
                self.pending.drop(path)
                yield from self.visit(path)
            case Readiness.WRITER:
                self.pending.retry_later(path, PendingReason.WRITER)
            case Readiness.UNSURE:
                rest_s = SETTLES_WITHOUT_LEASE * self._settle_s
                self.pending.postpone(
                    path, PendingReason.SETTLING, pending_file.first_seen_s + rest_s
                )
            case Readiness.UNREADABLE:
                yield from self._unreadable(path, pending_file)
            case Readiness.TROUBLE:
                self.pending.retry_later(path, f"{PendingReason.TROUBLE}: {result.detail}")

    def _rested(self, pending_file: PendingFile) -> bool:
        rested_s = time.monotonic() - pending_file.first_seen_s
        return rested_s >= SETTLES_WITHOUT_LEASE * self._settle_s or self._rests(
            pending_file.expected.signature.ctime_ns, SETTLES_WITHOUT_LEASE
        )

    def _ready(self, path: str, pending_file: PendingFile, sha256: str) -> FileReady:
        signature = pending_file.expected.signature
        self.snapshot.record(path, signature.fingerprint)
        self.pending.drop(path)
        return FileReady(path, signature, sha256, pending_file.first_seen_s)

    def _unreadable(self, path: str, pending_file: PendingFile) -> Iterator[Event]:
        try:
            status = os.lstat(f"{self._root}/{path}")
        except OSError:
            self.pending.drop(path)  # its folder was closed or is gone: the next scan sees that
            return
        reported = pending_file.why is PendingReason.UNREADABLE
        self.pending.postpone(path, PendingReason.UNREADABLE, math.inf)
        if not reported:
            problem = f"The daemon's account may not open {printable(path)}."
            remedy = chmod_remedy(path, status)
            yield FileUnreadable(path, pending_file.expected.signature, problem, remedy)
