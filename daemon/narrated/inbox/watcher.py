"""Wake-ups from watchdog: hints that something may have happened, never the truth about it."""

import errno
import os
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

from narrated.inbox.unwatchable_mounts import unwatchable

# Neither modified nor attribute events: a large write would wake us with every block.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
_LIMITS = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENOMEM})
_MOST_HINTS = 20_000


class HintCause(StrEnum):
    """Why to look somewhere."""

    PATH = "path"
    """Something happened to this path."""
    RENAMED = "renamed"
    """This path was renamed into place, from a name that was watched."""
    LOOK = "look"
    """Somebody wants this path found again."""
    RECHECK = "recheck"
    """Somebody wants a complete walk now."""
    DOUBT = "doubt"
    """Hints were lost; only a complete walk can tell."""
    LIMIT = "limit"
    """A folder could not be watched."""
    ROOT = "root"
    """The root's own watch died."""
    STOP = "stop"


class Hint(NamedTuple):
    """A wake-up: its cause, the relative path it is about, and when it came (monotonic)."""

    cause: HintCause
    path: str = ""
    seen_s: float = 0.0


class HintQueue:
    """Hints from all threads, in order, for the one that acts on them."""

    def __init__(self) -> None:
        self._hints: SimpleQueue[Hint] = SimpleQueue()
        self._deaf = False

    def tell(self, cause: HintCause, path: str = "") -> None:
        """Leave a hint and wake the listener; thread-safe, and cheap enough for an event thread.

        In a flood the single hints are dropped for one doubt, so that memory stays bounded.
        """
        if self._hints.qsize() < _MOST_HINTS:
            self._hints.put(Hint(cause, path, time.monotonic()))
        elif not self._deaf:
            self._deaf = True
            self._hints.put(Hint(HintCause.DOUBT))

    def order(self, cause: HintCause, path: str = "") -> None:
        """Leave a hint that no flood may drop."""
        self._hints.put(Hint(cause, path, time.monotonic()))

    def heard(self) -> bool:
        """Tell whether hints wait."""
        return not self._hints.empty()

    def listen(self, timeout_s: float, most: int = 64) -> list[Hint]:
        """Wait for a hint at most so long, and take what has come."""
        hints: list[Hint] = []
        try:
            if timeout_s > 0:
                hints.append(self._hints.get(timeout=timeout_s))
            while len(hints) < most:
                hints.append(self._hints.get_nowait())
        except Empty:
            self._deaf = False
        return hints


class InotifyWatcher:
    """A recursive inotify watch of one folder, which tells `ears`."""

    def __init__(self, ears: HintQueue, tick: Callable[[], None]) -> None:
        """Tell `ears`; `tick` is called for every folder while a watch is set up."""
        self._ears = ears
        self._tick = tick
        self._observer: _InotifyObserver | None = None
        self._began_s = 0.0

    def is_from_now(self, hint: Hint) -> bool:
        """Tell whether a hint is from the watch that stands, not from one before it."""
        return self.watching and hint.seen_s >= self._began_s

    @property
    def watching(self) -> bool:
        """Whether a watch stands."""
        return self._observer is not None

    def is_broken(self) -> bool:
        """Tell whether a thread of the watch that stands has died."""
        return self._observer is not None and not self._observer.is_whole()

    def start(self, place: str) -> str:
        """Watch a folder and all below it; returns why that is not to be had, or nothing."""
        self.stop()
        try:
            real = str(Path(place).resolve())  # watchdog follows no links, not the root's either
            if kind := unwatchable(real):
                return f"the inbox lies on {kind}"
            self._observe(real)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _observe(self, place: str) -> None:
        inotify = _InotifyReader(self._ears, self._tick)
        observer = _InotifyObserver(inotify)
        try:
            handler = _HintHandler(self._ears, place)
            observer.schedule(handler, place, recursive=True, event_filter=_EVENTS)
            observer.start()
        except BaseException:
            observer.on_thread_stop()
            raise
        inotify.tick = _no_tick
        self._began_s = time.monotonic()
        self._observer = observer

    def stop(self) -> None:
        """Take the watch down, if one stands."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()


def _no_tick() -> None:
    pass


class _HintHandler(FileSystemEventHandler):
    """Turns events into hints; does nothing else, for it holds up the kernel's queue."""

    def __init__(self, ears: HintQueue, root: str) -> None:
        self._ears = ears
        self._cut = len(root.rstrip("/")) + 1

    def dispatch(self, event: FileSystemEvent) -> None:
        source = str(event.src_path)[self._cut :]
        if not source:
            self._ears.order(HintCause.ROOT)
            return
        self._ears.tell(HintCause.PATH, source)
        if event.dest_path:
            self._ears.tell(HintCause.RENAMED, str(event.dest_path)[self._cut :])


class _InotifyReader(InotifyFD):
    """Watchdog's reader, which only logs an overflow and a reached limit, made to tell of them."""

    def __init__(self, ears: HintQueue, tick: Callable[[], None]) -> None:
        super().__init__()
        self._ears = ears
        self.tick = tick
        """Called in the thread that adds a watch: later that is the reader's own."""

    def handle_event(self, event: InotifyEvent) -> None:
        super().handle_event(event)
        if event.is_queue_overflow:
            self._ears.order(HintCause.DOUBT)

    def add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        self.tick()
        # Watchdog takes a forbidden folder for watch number -1, and the next one for the same.
        if not os.access(path, os.R_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        try:
            with self._lock:
                watch = self._get_or_create_watch(path, mask)
                # Watchdog's own method warns where it meets a new folder twice, which is usual.
                watch.callbacks[id_] = callback
        except OSError as error:
            if error.errno in _LIMITS:
                self._ears.order(HintCause.LIMIT, error.strerror or "")
            raise
        return watch.wd


class _InotifyObserver(BaseObserver):
    """Watchdog's observer with a reader of its own."""

    def __init__(self, inotify: _InotifyReader) -> None:
        super().__init__(InotifyEmitter, inotify_fd=inotify)
        self._inotify = inotify
        inotify.start()

    def is_whole(self) -> bool:
        """Tell whether all threads run that should; an emitter ends with the root it watches."""
        threads = [self, self._inotify, *self.emitters]
        return all(thread.is_alive() or not thread.should_keep_running() for thread in threads)

    def on_thread_stop(self) -> None:
        # The reader first: closing its file takes every watch down in one call each.
        self._inotify.stop()
        self._inotify.join()
        super().on_thread_stop()
