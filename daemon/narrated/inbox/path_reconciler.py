"""Reconciles one path at a time with the inbox's memory: new, changed, ready, gone or pending."""

import math
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from narrated.inbox import events
from narrated.inbox.chmod_remedy import chmod_remedy
from narrated.inbox.file_signature import fingerprint
from narrated.inbox.handled_versions import HandledVersions
from narrated.inbox.name_rules import NameKind, judge, judge_path
from narrated.inbox.pending_files import PendingFile, PendingFiles
from narrated.inbox.readiness import Readiness, ReadinessResult, SeenVersion, examine
from narrated.inbox.safe_read import opened_folder
from narrated.printable import printable

_SETTLES_WITHOUT_LEASE = 3
_LOOKS_AT_ONCE = 64


class PathReconciler:
    """Decides about a path, and remembers the decision; scans and hints only bring paths to it."""

    def __init__(
        self,
        root: str,
        handled: HandledVersions,
        settle_s: float,
        second_look_s: float,
        tick: Callable[[], None],
        unreadable: Iterable[str] = (),
        admits: Callable[[str, int], bool] = lambda path, mode: True,
    ) -> None:
        """`unreadable`: files that were reported so, and may be gone by now.

        `admits`: true if nothing ignores a path of a mode.
        """
        self.handled = handled
        self.pending = PendingFiles(settle_s)
        self._hurried = False
        self._root = root
        self._settle_s = settle_s
        self._second_look_s = second_look_s
        self._tick = tick
        self._admits = admits
        self._absent: dict[str, float] = {}  # in order of time: each second look has the same delay
        self._conflicts: set[str] = set()
        self._unreadable = set(unreadable)  # reported, and no version of them handled since

    def hurry(self, slowest_retry_s: float) -> None:
        """Count a file's age by the wall clock as time at rest, and retry often."""
        self._hurried = True
        self.pending.slowest_retry_s = slowest_retry_s

    def status(self, path: str) -> os.stat_result | None:
        """Return a path's lstat; None if absent or below a link; OSError below a closed folder."""
        folder, _, name = path.rpartition("/")
        try:
            with opened_folder(self._root, folder) as held:
                return os.stat(name, dir_fd=held, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def version(self, path: str) -> SeenVersion | None:
        """Return a path's version by its `status`."""
        status = self.status(path)
        return SeenVersion.of(status) if status is not None else None

    def reconcile(
        self, path: str, seen: SeenVersion | None, seen_s: float, complete: bool = False
    ) -> Iterator[events.Event]:
        """Compare what was seen with the handled version; a `complete` file need not settle."""
        if seen is None or not stat.S_ISREG(seen.mode):
            self._miss_or_link(path, seen)
            return
        self._absent.pop(path, None)
        if judge(path.rpartition("/")[2]) is NameKind.CONFLICT:
            if path not in self._conflicts and self._admits(path, seen.mode):
                self._conflicts.add(path)
                yield events.ConflictCopyFound(path)
        elif self.handled.matches(path, seen.signature.fingerprint) or not self._admits(
            path, seen.mode
        ):
            self.pending.drop(path)
        else:
            yield from self._add_pending(path, seen, seen_s, complete)

    def visit(self, path: str) -> Iterator[events.Event]:
        """Reconcile a path with its present status; leave a path in a closed folder to a scan."""
        try:
            seen = self.version(path)
        except OSError:
            return
        yield from self.reconcile(path, seen, time.monotonic())

    def _add_pending(
        self, path: str, seen: SeenVersion, seen_s: float, complete: bool
    ) -> Iterator[events.Event]:
        settled_s = seen_s + (0 if self._rests(seen.signature.ctime_ns) else self._settle_s)
        pending_file = self.pending.add(path, seen, seen_s, settled_s)
        if pending_file.why is Readiness.WRITER:  # perhaps its writer has just closed it
            at_s = max(time.monotonic(), pending_file.first_seen_s + self._settle_s)
            self.pending.postpone(path, Readiness.WRITER, at_s)
        if complete and pending_file.due_s < math.inf:
            yield from self._take(path, pending_file)

    def _rests(self, ctime_ns: int, settles: int = 1) -> bool:
        # No writer can set a ctime back, as rsync does with an mtime: its age is time at rest.
        return self._hurried and time.time() - ctime_ns / 1e9 > settles * self._settle_s

    def _miss_or_link(self, path: str, seen: SeenVersion | None) -> None:
        """List a link among the pending files; a file that it replaced is missing."""
        is_link = seen is not None and stat.S_ISLNK(seen.mode)
        if not is_link or path not in self.pending.links:
            self.miss(path)
        if is_link and self._admits(path, stat.S_IFLNK):
            self.pending.links.add(path)

    def miss(self, path: str) -> None:
        """Schedule a second look at a missing file, or at all known files of a missing folder."""
        self.pending.drop(path)
        known = path in self.handled or path in self._conflicts or path in self._unreadable
        # A plan may have read settings before the inbox took them, so always report them gone.
        known = known or judge_path(path) is NameKind.SETTINGS
        due_s = time.monotonic() + self._second_look_s
        for gone in [path] if known else self.handled.below(path):
            self._absent.setdefault(gone, due_s)

    def forget(self, path: str) -> bool:
        """Forget a path, so that it is reported again; return True if its version was known."""
        try:
            status = self.status(path)
        except OSError:
            status = None
        known = status is not None and self.handled.matches(path, fingerprint(status))
        self.handled.forget(path)
        self.pending.drop(path)
        return known

    def drop_ignored(self) -> Iterator[events.Event]:
        """Drop what is ignored by now, and report that of it which was reported before."""
        for path, mode in self.pending.paths():
            self._tick()
            if not self._admits(path, mode):
                self.pending.drop(path)
                self.pending.closed.pop(path, None)
        for path in [each for each in self._conflicts if not self._admits(each, stat.S_IFREG)]:
            self._conflicts.discard(path)
            yield events.ConflictCopyGone(path)
        for path in [each for each in self._unreadable if not self._admits(each, stat.S_IFREG)]:
            self._unreadable.discard(path)
            yield events.FileIgnored(path)

    def reset(self) -> None:
        """Drop all pending files and second looks: the root is lost."""
        self.pending.clear()
        self._absent.clear()

    def next_due_s(self) -> float:
        """Return the monotonic time at which the next path is due."""
        return min(self._next_look_s(), self.pending.next_due_s())

    def second_look_due(self) -> bool:
        """True if a second look at a missing file is due."""
        return self._next_look_s() <= time.monotonic()

    def _next_look_s(self) -> float:
        return next(iter(self._absent.values()), math.inf)

    def take_due(self, most: int = 64) -> Iterator[events.Event]:
        """Try the pending files that are due."""
        for _ in range(most):
            if (due := self.pending.pop_due()) is None:
                return
            yield from self._take(*due)

    def take_second_looks(self, root_is_well: Callable[[], bool]) -> Iterator[events.Event]:
        """Take the second looks that are due; report no file as gone while the root is not well."""
        while self.second_look_due():
            self._tick()
            due = [path for path in islice(self._absent, _LOOKS_AT_ONCE) if self._is_due(path)]
            gone = {path for path in due if self._is_gone(path)}
            if gone and not root_is_well():  # asked after the looks, not before
                return
            for path in due:
                del self._absent[path]
            for path in due:
                if path in gone:
                    yield self._vanished(path)
                else:
                    yield from self.visit(path)

    def _is_due(self, path: str) -> bool:
        return self._absent[path] <= time.monotonic()

    def _is_gone(self, path: str) -> bool:
        try:
            status = self.status(path)
        except OSError:
            return False
        return status is None or not stat.S_ISREG(status.st_mode)

    def _vanished(self, path: str) -> events.Event:
        if path in self._conflicts:
            self._conflicts.discard(path)
            return events.ConflictCopyGone(path)
        self.handled.forget(path)
        self._unreadable.discard(path)
        return events.FileVanished(path)

    def revisit(self) -> Iterator[events.Event]:
        """Look at files whose change inotify may not report: permissions, a late first byte."""
        blocked = (*self.pending.blocked(), *self.pending.links)
        for path in dict.fromkeys((*blocked, *self._conflicts, *self._unreadable)):
            self._tick()
            before = self.pending.get(path)
            yield from self.visit(path)
            if before and before.why is Readiness.UNREADABLE and before is self.pending.get(path):
                yield from self._take(path, before)

    def _take(self, path: str, pending_file: PendingFile) -> Iterator[events.Event]:
        expected, first_seen_s = pending_file.expected, pending_file.first_seen_s
        result = self._examine(path, pending_file)
        match result.verdict:
            case Readiness.READY:
                self.handled.record(path, expected.signature.fingerprint)
                self._unreadable.discard(path)
                self.pending.drop(path)
                yield events.FileReady(path, expected.signature, result.sha256, first_seen_s)
            case Readiness.CHANGED | Readiness.GONE:
                self.pending.drop(path)
                yield from self.visit(path)
            case Readiness.WRITER:
                self.pending.retry_later(path, Readiness.WRITER)
            case Readiness.SETTLING:
                rests_s = first_seen_s + _SETTLES_WITHOUT_LEASE * self._settle_s
                self.pending.postpone(path, Readiness.SETTLING, rests_s)
            case Readiness.UNREADABLE:
                yield from self._report_unreadable(path, pending_file)
            case Readiness.TROUBLE:
                self.pending.retry_later(path, f"{Readiness.TROUBLE}: {result.detail}")

    def _examine(self, path: str, pending_file: PendingFile) -> ReadinessResult:
        """Examine a file through its folder: a link in a folder's place leads nowhere."""
        folder, _, name = path.rpartition("/")
        rested = self._rested(pending_file)
        try:
            with opened_folder(self._root, folder) as held:
                return examine(name, pending_file.expected, rested, self._tick, held)
        except OSError:  # its folder was closed or is gone: the next scan sees that
            return ReadinessResult(Readiness.GONE)

    def _rested(self, pending_file: PendingFile) -> bool:
        rested_s = time.monotonic() - pending_file.first_seen_s
        return rested_s >= _SETTLES_WITHOUT_LEASE * self._settle_s or self._rests(
            pending_file.expected.signature.ctime_ns, _SETTLES_WITHOUT_LEASE
        )

    def _report_unreadable(self, path: str, pending_file: PendingFile) -> Iterator[events.Event]:
        try:
            status = self.status(path)
        except OSError:
            status = None
        if status is None:
            self.pending.drop(path)  # its folder was closed or is gone: the next scan sees that
            return
        reported = pending_file.why is Readiness.UNREADABLE
        self.pending.postpone(path, Readiness.UNREADABLE, math.inf)
        self._unreadable.add(path)
        if not reported:
            problem = f"The daemon's account may not open {printable(path)}."
            remedy = chmod_remedy(path, status)
            yield events.FileUnreadable(path, pending_file.expected.signature, problem, remedy)
