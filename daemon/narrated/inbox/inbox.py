"""The inbox as a source of events: walks are the truth, wake-ups only bring it sooner."""

import math
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from narrated.inbox.events import Event, ScanFinished
from narrated.inbox.folder_scan import FolderScanner, ScanSnapshot
from narrated.inbox.name_rules import NameKind, judge_path
from narrated.inbox.readiness import FileSignature, ScanStopped
from narrated.inbox.reconciler import Reconciler
from narrated.inbox.root_identity import RootIdentity
from narrated.inbox.root_monitor import RootMonitor
from narrated.inbox.scan_interval import ScanInterval
from narrated.inbox.tree_scan import TreeScan
from narrated.inbox.watcher import Hint, HintCause, HintQueue, InotifyWatcher

_ROOTLESS_S = 0.5
"""How often a lost root is looked for."""
_RETRY_S = 0.25
"""How often `once` looks at a file that no event announces."""
_IDLE_S = 1.0
"""The longest sleep: the root is looked at, and the watchdog fed, at least this often."""


class Inbox:
    """Finds what is ready below a root folder; runs in the one thread that iterates over it."""

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
    ) -> None:
        """Look below `root`; `known` is what was dealt with before, and is emptied here.

        A file is taken after `settle_s` at rest; walks come at most every `scan_s`, and rarer
        where they are dear; `ignore` are glob patterns; without `watching` only walks find. A file
        that is missed is looked for again after `second_look_s`: a replacement may be there
        before its deletion is announced.
        """
        self.pulse = time.monotonic()
        """When the loop last moved (monotonic)."""
        ground = RootIdentity(root)
        self._surveyor = FolderScanner(ground.place, ignore, self._tick)
        self._sorter = Reconciler(
            ground.place, ScanSnapshot(known), settle_s, second_look_s, self._tick
        )
        self._ears = HintQueue()
        watcher = InotifyWatcher(self._ears, self._tick)
        self._ground = RootMonitor(ground, self._ears, watcher, self._sorter, watching)
        self._pace = ScanInterval(scan_s)
        self._scan_s = scan_s
        self._revisit_s = 0.0
        self._stopping = threading.Event()

    # From any thread

    @property
    def root_problem(self) -> str:
        """Why the root cannot be used now; empty when it is well."""
        return self._ground.problem

    def look(self, path: str) -> None:
        """Forget what is known of a path, so that it is found again."""
        self._ears.order(HintCause.LOOK, path)

    def recheck(self) -> None:
        """Walk the whole tree now."""
        self._ears.order(HintCause.RECHECK)

    def stop(self) -> None:
        """End `events` or `once` soon."""
        self._stopping.set()
        self._ears.order(HintCause.STOP)

    def waiting(self) -> list[tuple[str, str]]:
        """Give the paths that were not taken yet, each with the reason in words."""
        return self._sorter.pending.reasons()

    @property
    def held(self) -> int:
        """How many paths were not taken yet."""
        return len(self._sorter.pending)

    # The story

    def events(self) -> Iterator[Event]:
        """Tell what happens, until `stop`; the first complete walk ends with `Scanned`."""
        try:
            with suppress(ScanStopped):
                while True:
                    yield from self._turn()
        finally:
            self._ground.leave()

    def once(self, patience_s: float = 10.0) -> Iterator[Event]:
        """Tell what is there now: one walk, then patience for what is not at rest yet.

        What is left after `patience_s` stands in `waiting()`.
        """
        self._sorter.hurry(_RETRY_S)
        self._ground.watching = False
        with suppress(ScanStopped):
            yield from self._mind_ground()
            if not self._ground.problem:
                yield from self._walk_all()
                yield from self._persist(time.monotonic() + patience_s)

    def _turn(self) -> Iterator[Event]:
        self._tick()
        yield from self._mind_ground()
        if self._ground.problem:
            self._sleep_rootless()
            return
        if self._pace.is_due():
            yield from self._walk_all()
        yield from self._heed_all(self._ears.listen(self._idle_s()))
        yield from self._sorter.take_due()
        yield from self._look_again()
        yield from self._revisit()

    def _tick(self) -> None:
        self.pulse = time.monotonic()
        if self._stopping.is_set():
            raise ScanStopped

    def _idle_s(self) -> float:
        now_s = time.monotonic()
        due_s = min(self._sorter.next_due_s(), self._pace.due_s, self._revisit_s)
        return max(0.0, min(due_s - now_s, _IDLE_S))

    def _mind_ground(self) -> Iterator[Event]:
        lost = bool(self._ground.problem)
        yield from self._ground.mind()
        if lost and not self._ground.problem:
            self._pace.hasten()

    def _sleep_rootless(self) -> None:
        for hint in self._ears.listen(min(self._scan_s, _ROOTLESS_S), most=4096):
            if hint.cause is HintCause.LOOK:  # all others are answered by the walk that follows
                self._sorter.memory.forget(hint.path)

    # Walks

    def _walk_all(self) -> Iterator[Event]:
        began_s = time.monotonic()
        self._pace.begin()
        walk = self._walk_of("")
        for events in walk.steps():
            self._tick()
            yield from events
            yield from self._attend()
        self._pace.end(walk.cost_s, alone=not self._ground.is_watched)
        if walk.obstacle or not walk.files or not self._ground.is_well():
            yield from self._ground.mind_emptiness()
        if not self._ground.problem:
            yield ScanFinished(walk.files, time.monotonic() - began_s)
            yield from self._watch_opened(walk)

    def _walk_of(self, folder: str) -> TreeScan:
        return TreeScan(folder, self._surveyor, self._sorter)

    def _walk_below(self, folder: str) -> Iterator[Event]:
        walk = self._walk_of(folder)
        for events in walk.steps():
            self._tick()
            yield from events
        yield from self._watch_opened(walk)

    def _watch_opened(self, walk: TreeScan) -> Iterator[Event]:
        # A folder that could not be read could not be watched either.
        if walk.opened and self._ground.is_watched:
            yield from self._ground.watch()
            self._pace.doubt()

    def _attend(self) -> Iterator[Event]:
        """Do not let what is announced, or due, wait for the end of a long walk."""
        if self._ears.heard():
            yield from self._heed_all(self._ears.listen(0))
        yield from self._sorter.take_due()

    # Single paths

    def _heed_all(self, hints: list[Hint]) -> Iterator[Event]:
        for hint in hints:
            self._tick()
            yield from self._heed(hint)

    def _heed(self, hint: Hint) -> Iterator[Event]:
        match hint.cause:
            case HintCause.PATH | HintCause.RENAMED:
                yield from self._see(hint.path, hint.seen_s, hint.cause is HintCause.RENAMED)
            case HintCause.LOOK:
                rested = self._sorter.forget(hint.path)
                yield from self._see(hint.path, hint.seen_s, rested)
            case HintCause.LIMIT:
                yield from self._ground.lose_watch(hint.path)
            case HintCause.DOUBT:
                self._pace.doubt()
            case HintCause.RECHECK:
                self._pace.hasten()
            case HintCause.ROOT:
                self._ground.distrust(hint)

    def _see(self, path: str, seen_s: float, ripe: bool) -> Iterator[Event]:
        if not self._surveyor.admits(path):
            return
        try:
            status = self._sorter.status(path)
        except OSError:
            return  # a closed folder above it, which walks and revisits look after
        yield from self._sorter.sort(path, status, seen_s, ripe)
        is_folder = status is not None and stat.S_ISDIR(status.st_mode)
        if is_folder and judge_path(path) is not NameKind.SETTINGS:
            yield from self._walk_below(path)

    def _look_again(self) -> Iterator[Event]:
        if self._sorter.misses_some():
            yield from self._ground.mind_emptiness()
            yield from self._sorter.look_again(self._ground.is_well)

    def _revisit(self) -> Iterator[Event]:
        if time.monotonic() < self._revisit_s:
            return
        yield from self._sorter.revisit()
        for folder in self._sorter.pending.closed():
            yield from self._walk_below(folder)
        self._revisit_s = time.monotonic() + self._scan_s

    def _persist(self, until_s: float) -> Iterator[Event]:
        while (due_s := self._next_try_s(until_s)) < until_s:
            self._ears.listen(max(0.0, due_s - time.monotonic()))
            self._tick()
            yield from self._mind_ground()
            if self._ground.problem:
                return
            yield from self._sorter.revisit()
            yield from self._sorter.take_due()
            yield from self._look_again()

    def _next_try_s(self, until_s: float) -> float:
        now_s = time.monotonic()
        hopeful = self._sorter.pending.hopes_for(until_s - now_s)
        return min(self._sorter.next_due_s(), now_s + _RETRY_S if hopeful else math.inf)
