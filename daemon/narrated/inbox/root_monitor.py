"""The ground the inbox stands on: its root and the watch over it, lost and found again."""

from collections.abc import Iterator

from narrated.inbox.events import Event, RootFound, RootLost, WatchLost
from narrated.inbox.reconciler import Reconciler
from narrated.inbox.root_identity import RootIdentity
from narrated.inbox.watcher import Hint, HintCause, HintQueue, InotifyWatcher


class RootMonitor:
    """Minds the root and its watch, and tells what becomes of them."""

    def __init__(
        self,
        root: RootIdentity,
        ears: HintQueue,
        watcher: InotifyWatcher,
        sorter: Reconciler,
        watching: bool,
    ) -> None:
        self.watching = watching
        """Whether changes are to be announced at all; if not, walks alone find them."""
        self._root = root
        self._ears = ears
        self._watcher = watcher
        self._sorter = sorter
        self._root_loss_told = False
        self._watch_loss_told = False

    @property
    def problem(self) -> str:
        """Why the root cannot be used now; empty when it is well."""
        return self._root.problem

    @property
    def is_watched(self) -> bool:
        """Whether a watch stands."""
        return self._watcher.watching

    def is_well(self) -> bool:
        """Look whether the root that was accepted stands there at this moment."""
        return not self._root.look()

    def mind(self) -> Iterator[Event]:
        """Look at the root, and take note of its loss or return."""
        if self._root.problem:
            yield from self._find()
        elif problem := self._root.look():
            yield from self.lose(problem)
        elif self._watcher.is_broken():
            yield from self.watch()
            self._ears.order(HintCause.DOUBT)

    def mind_emptiness(self) -> Iterator[Event]:
        """Look whether the root can be listed and holds anything, before files are held gone."""
        if problem := self._root.look() or self._root.obstacle(filled=bool(self._sorter.memory)):
            yield from self.lose(problem)

    def lose(self, problem: str) -> Iterator[Event]:
        """The root is lost: what waited for a second look has lost its meaning."""
        self._watcher.stop()
        self._sorter.lose_sight()
        self._root.problem = problem
        yield from self._tell_loss(problem)

    def distrust(self, hint: Hint) -> None:
        """The root's own watch died: whatever stands there is held for another folder."""
        if self._watcher.is_from_now(hint):
            self._root.disown()

    def watch(self) -> Iterator[Event]:
        """Have changes announced, before the walk that finds what is there already."""
        if self.watching and (reason := self._watcher.start(self._root.place)):
            yield from self.lose_watch(reason)

    def lose_watch(self, reason: str) -> Iterator[Event]:
        """Changes are not announced any more, or not all of them: walks alone find them."""
        self._watcher.stop()
        if not self._watch_loss_told:
            self._watch_loss_told = True
            yield WatchLost(reason)

    def leave(self) -> None:
        """Take the watch down."""
        self._watcher.stop()

    def _find(self) -> Iterator[Event]:
        if obstacle := self._root.obstacle(filled=bool(self._sorter.memory)):
            self._root.problem = obstacle
            yield from self._tell_loss(obstacle)
            return
        if self._root.accept():
            self._sorter.memory.retire()
        if self._root_loss_told:
            self._root_loss_told = False
            yield RootFound()
        yield from self.watch()

    def _tell_loss(self, reason: str) -> Iterator[Event]:
        if not self._root_loss_told:
            self._root_loss_told = True
            yield RootLost(reason)
