"""The inbox as a source of events: scans decide, and inotify's hints only bring scans forward."""

import math
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from narrated.backoff import Backoff
from narrated.inbox.change_scan import ChangeScan, ScanInterval, most_frequent
from narrated.inbox.events import Event, ScanFinished, WatchLost, WatchRegained
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.folder_scanner import FolderScanner
from narrated.inbox.handled_versions import HandledVersions
from narrated.inbox.ignore_defaults import mark_names
from narrated.inbox.name_rules import IGNORE_FILE, NameKind, judge_path
from narrated.inbox.path_reconciler import PathReconciler
from narrated.inbox.readiness import ScanStopped
from narrated.inbox.root_monitor import RootMonitor
from narrated.inbox.watcher import Hint, HintCause, HintQueue, InotifyWatcher

_ROOTLESS_S = 0.5
"""Interval of the checks for a lost root."""
_RETRY_S = 0.25
"""Interval at which `once` looks at a file that may still complete."""
_REWATCH_S, _LONGEST_REWATCH_S = 30.0, 3600.0
"""First and longest interval between two attempts to watch where inotify refused."""
_IDLE_S = 1.0
"""The longest sleep: the loop checks the root and feeds the watchdog at least this often."""


class Inbox:
    """Finds files that are ready below a root folder; runs in the thread that iterates over it."""

    def __init__(
        self,
        root: Path,
        known: dict[str, FileSignature],
        *,
        settle_s: float = 1.0,
        scan_s: float = 5.0,
        ignore: Sequence[str] = (),
        watching: bool = True,
        second_look_s: float = 1.0,
        unreadable: Iterable[str] = (),
    ) -> None:
        """Watch `root`; `known` holds the versions dealt with before, and is emptied here.

        A file is taken after `settle_s` at rest. Scans are `scan_s` apart, or more if they are
        slow; without `watching` only they find changes. `ignore` are glob patterns. A missing file
        gets a second look after `second_look_s`: a replacement may arrive before the deletion.
        `unreadable` are files that were reported so before, and are missed if they are gone.
        """
        self.pulse = time.monotonic()
        """The monotonic time at which the loop last moved."""
        handled = HandledVersions(known)
        self._root = RootMonitor(root, handled)
        self._scanner = FolderScanner(self._root.path, ignore, self._tick, handled.holds)
        self._reconciler = PathReconciler(
            self._root.path,
            handled,
            settle_s,
            second_look_s,
            self._tick,
            unreadable,
            self._scanner.admits,
        )
        self._hints = HintQueue()
        self._watcher = InotifyWatcher(self._hints, self._tick)
        self._rules_stale = False
        self._watching = watching
        self._watch_loss_reported = False
        self._rewatch = Backoff(_REWATCH_S, _LONGEST_REWATCH_S)
        self._rewatch_due_s = math.inf
        self._interval = ScanInterval(scan_s)
        self._scan_s = scan_s
        self._revisit_s = 0.0
        self._stopping = threading.Event()

    # From any thread

    def look(self, path: str) -> None:
        """Forget a path, so that the inbox reports it again."""
        self._hints.put(HintCause.LOOK, path)

    def stop(self) -> None:
        """End `events` or `once` soon."""
        self._stopping.set()
        self._hints.put(HintCause.STOP)

    def waiting(self, most: int | None = None, after: str = "") -> list[tuple[str, str]]:
        """List the first pending paths, or all, after a path, each with its reason in words."""
        return self._reconciler.pending.reasons(most, after)

    @property
    def pending_count(self) -> int:
        """The number of pending paths."""
        return len(self._reconciler.pending)

    # The loop

    def events(self) -> Iterator[Event]:
        """Yield events until `stop`; the first full scan ends with ScanFinished."""
        try:
            with suppress(ScanStopped):
                while True:
                    yield from self._turn()
        finally:
            self._watcher.stop()

    def once(self, patience_s: float = 10.0) -> Iterator[Event]:
        """Yield the events of one scan, then wait up to `patience_s` for files to settle.

        `waiting()` lists the files that are still pending after that.
        """
        self._reconciler.hurry(_RETRY_S)
        self._watching = False
        with suppress(ScanStopped):
            yield from self._check_root()
            if not self._root.problem:
                yield from self._scan_all()
                yield from self._reconciler.revisit()
                yield from self._persist(time.monotonic() + patience_s)

    def _turn(self) -> Iterator[Event]:
        self._tick()
        yield from self._check_root()
        if self._root.problem:
            self._sleep_rootless()
            return
        if self._interval.is_due():
            yield from self._scan_all()
        yield from self._follow_all(self._hints.get(self._idle_s()))
        yield from self._reconciler.take_due()
        yield from self._take_second_looks()
        yield from self._revisit()

    def _tick(self) -> None:
        self.pulse = time.monotonic()
        if self._stopping.is_set():
            raise ScanStopped

    def _idle_s(self) -> float:
        now_s = time.monotonic()
        due_s = min(self._reconciler.next_due_s(), self._interval.due_s, self._revisit_s)
        return max(0.0, min(due_s - now_s, _IDLE_S))

    # The root and its watch

    def _check_root(self) -> Iterator[Event]:
        was_lost = bool(self._root.problem)
        yield from self._pass_on(self._root.check())
        if was_lost and not self._root.problem:
            yield from self._watch()
            self._interval.scan_now()
        elif not self._root.problem and self._watcher.is_broken():
            yield from self._watch()
            self._hints.put(HintCause.OVERFLOW)
        elif not self._root.problem and time.monotonic() >= self._rewatch_due_s:
            yield from self._watch()
            if self._watcher.watching:
                self._interval.scan_now()  # for what changed before the watch

    def _pass_on(self, events: Iterator[Event]) -> Iterator[Event]:
        """Pass on the root's events; if it is lost, stop its watch and drop all pending files."""
        for event in events:
            if self._root.problem:
                self._watcher.stop()
                self._reconciler.reset()
            yield event

    def _watch(self) -> Iterator[Event]:
        """Start the watch; it must run before a scan, so that no change falls between the two."""
        if not self._watching:
            return
        if reason := self._watcher.start(self._root.path):
            yield from self._lose_watch(reason)
            return
        self._rewatch_due_s = math.inf
        self._rewatch.reset()
        if self._watch_loss_reported:
            self._watch_loss_reported = False
            yield WatchRegained()

    def _lose_watch(self, reason: str) -> Iterator[Event]:
        """Stop a watch that misses changes, and report it once; only scans find changes then.

        It is tried again, ever more rarely: whoever uses the limit up may end.
        """
        self._watcher.stop()
        self._rewatch_due_s = time.monotonic() + self._rewatch.next_s()
        if not self._watch_loss_reported:
            self._watch_loss_reported = True
            yield WatchLost(reason)

    def _sleep_rootless(self) -> None:
        for hint in self._hints.get(min(self._scan_s, _ROOTLESS_S), most=4096):
            if hint.cause is HintCause.LOOK:  # the scan of the new root answers all others
                self._reconciler.handled.forget(hint.path)

    # Scans

    def _scan_all(self) -> Iterator[Event]:
        began_s = time.monotonic()
        self._interval.begin()
        self._rules_stale = False
        scan = ChangeScan("", self._scanner, self._reconciler)
        for events in scan.steps():
            self._tick()
            yield from events
            yield from self._follow_all(self._hints.get(0))
            yield from self._reconciler.take_due()
        self._interval.end(scan.cost_s, watched=self._watcher.watching)
        if scan.obstacle or not scan.files or not self._root.is_well():
            yield from self._pass_on(self._root.check_empty())
        if not self._root.problem:
            took_s, problems = time.monotonic() - began_s, self._scanner.rules.problems
            yield ScanFinished(
                scan.files, took_s, most_frequent(scan.other), scan.ignored, problems
            )
            yield from self._watch_opened(scan)

    def _scan_below(self, folder: str) -> Iterator[Event]:
        scan = ChangeScan(folder, self._scanner, self._reconciler)
        for events in scan.steps():
            self._tick()
            yield from events
        yield from self._watch_opened(scan)

    def _watch_opened(self, scan: ChangeScan) -> Iterator[Event]:
        # A folder that could not be read could not be watched either.
        if scan.opened and self._watcher.watching:
            yield from self._watch()
            self._interval.shorten()

    # Single paths

    def _follow_all(self, hints: list[Hint]) -> Iterator[Event]:
        for hint in hints:
            self._tick()
            yield from self._follow(hint)

    def _follow(self, hint: Hint) -> Iterator[Event]:
        match hint.cause:
            case HintCause.PATH | HintCause.RENAMED:
                yield from self._see(hint.path, hint.seen_s, hint.cause is HintCause.RENAMED)
            case HintCause.LOOK:
                was_known = self._reconciler.forget(hint.path)
                yield from self._see(hint.path, hint.seen_s, was_known)
            case HintCause.LIMIT:
                yield from self._lose_watch(hint.path)
            case HintCause.OVERFLOW:
                self._interval.shorten()

    def _see(self, path: str, seen_s: float, complete: bool) -> Iterator[Event]:
        folder, _, name = path.rpartition("/")
        if not self._scanner.looks_into(folder):
            return
        try:
            seen = self._reconciler.version(path)
        except OSError:
            return  # below a closed folder: scans and revisits take care of it
        self._notice_rules(folder, name, seen is not None)
        if judge_path(path) is NameKind.TEMPORARY:
            return
        yield from self._reconciler.reconcile(path, seen, seen_s, complete)
        is_folder = seen is not None and stat.S_ISDIR(seen.mode)
        if is_folder and self._scanner.admits(path, stat.S_IFDIR):
            yield from self._scan_below(path)

    def _notice_rules(self, folder: str, name: str, is_there: bool) -> None:
        """Scan again if a rule file may have changed, or a tool's mark has come or gone."""
        is_mark = name in mark_names() and is_there != self._scanner.rules.has_mark(folder, name)
        if name != IGNORE_FILE and not is_mark:
            return
        if not self._rules_stale:  # once until the next scan, however often they change
            self._rules_stale = True
            self._scanner.rules.forget()
        self._interval.shorten()

    def _take_second_looks(self) -> Iterator[Event]:
        if self._reconciler.second_look_due():
            yield from self._pass_on(self._root.check_empty())
            yield from self._reconciler.take_second_looks(self._root.is_well)

    def _revisit(self) -> Iterator[Event]:
        if time.monotonic() < self._revisit_s:
            return
        began_s = time.thread_time()
        yield from self._reconciler.revisit()
        for folder in list(self._reconciler.pending.closed):
            yield from self._scan_below(folder)
        self._revisit_s = self._interval.revisit_due_s(time.thread_time() - began_s)

    def _persist(self, until_s: float) -> Iterator[Event]:
        while (due_s := self._next_try_s(until_s)) < until_s:
            self._hints.get(max(0.0, due_s - time.monotonic()))
            self._tick()
            yield from self._check_root()
            if self._root.problem:
                return
            yield from self._reconciler.revisit()
            yield from self._reconciler.take_due()
            yield from self._take_second_looks()

    def _next_try_s(self, until_s: float) -> float:
        now_s = time.monotonic()
        may_complete = self._reconciler.pending.may_complete(until_s - now_s)
        return min(self._reconciler.next_due_s(), now_s + _RETRY_S if may_complete else math.inf)
