"""Monitors the inbox's root and the watch on it, and reports their loss and return."""

from collections.abc import Iterator

from narrated.inbox.events import Event, RootFound, RootLost, WatchLost
from narrated.inbox.reconciler import Reconciler
from narrated.inbox.root_identity import RootIdentity
from narrated.inbox.watcher import HintCause, HintQueue, InotifyWatcher


class RootMonitor:
    """Checks the root, restarts its watch, and yields an event for each change."""

    def __init__(
        self,
        root: RootIdentity,
        hints: HintQueue,
        watcher: InotifyWatcher,
        reconciler: Reconciler,
        watching: bool,
    ) -> None:
        self.watching = watching
        """False to use no inotify at all; then only scans find changes."""
        self._root = root
        self._hints = hints
        self._watcher = watcher
        self._reconciler = reconciler
        self._root_loss_reported = False
        self._watch_loss_reported = False

    @property
    def problem(self) -> str:
        """The reason why the root cannot be used now; empty if it is well."""
        return self._root.problem

    @property
    def is_watched(self) -> bool:
        """True while inotify watches the root."""
        return self._watcher.watching

    def is_well(self) -> bool:
        """Check that the accepted root is there at this moment."""
        return not self._root.check()

    def check(self) -> Iterator[Event]:
        """Check the root, and report its loss or return."""
        if self._root.problem:
            yield from self._find()
        elif problem := self._root.check():
            yield from self._lose(problem)
        elif self._watcher.is_broken():
            yield from self.watch()
            self._hints.put(HintCause.OVERFLOW)

    def check_empty(self) -> Iterator[Event]:
        """Report the root lost if it cannot be listed or is suddenly empty."""
        has_known_files = bool(self._reconciler.snapshot)
        if problem := self._root.check() or self._root.obstacle(has_known_files):
            yield from self._lose(problem)

    def watch(self) -> Iterator[Event]:
        """Start the watch; call it before the scan, so that no change falls between the two."""
        if self.watching and (reason := self._watcher.start(self._root.path)):
            yield from self.lose_watch(reason)

    def lose_watch(self, reason: str) -> Iterator[Event]:
        """Stop a watch that misses changes, and report it once; only scans find changes then."""
        self._watcher.stop()
        if not self._watch_loss_reported:
            self._watch_loss_reported = True
            yield WatchLost(reason)

    def close(self) -> None:
        """Stop the watch."""
        self._watcher.stop()

    def _lose(self, problem: str) -> Iterator[Event]:
        self._watcher.stop()
        self._reconciler.reset()
        self._root.problem = problem
        yield from self._report_loss(problem)

    def _find(self) -> Iterator[Event]:
        if obstacle := self._root.obstacle(bool(self._reconciler.snapshot)):
            self._root.problem = obstacle
            yield from self._report_loss(obstacle)
            return
        if self._root.accept():
            self._reconciler.snapshot.retire()
        if self._root_loss_reported:
            self._root_loss_reported = False
            yield RootFound()
        yield from self.watch()

    def _report_loss(self, reason: str) -> Iterator[Event]:
        if not self._root_loss_reported:
            self._root_loss_reported = True
            yield RootLost(reason)
