"""Watches the inbox with inotify, and turns its events into hints of where to look."""

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

from narrated.inbox.file_system_facts import remote_file_system

# No modified or attribute events: a large write would send one for each block.
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
    """Reason to look at a path or to scan."""

    PATH = "path"
    """Something happened to this path."""
    RENAMED = "renamed"
    """A watched file was renamed to this path."""
    LOOK = "look"
    """A caller wants this path reported again."""
    RECHECK = "recheck"
    """A caller wants a full scan now."""
    OVERFLOW = "overflow"
    """Hints were lost; only a full scan finds what they were about."""
    LIMIT = "limit"
    """A folder could not be watched."""
    ROOT = "root"
    """The root itself was moved or removed. It only wakes the inbox, which checks the root at each
    turn."""
    STOP = "stop"


class Hint(NamedTuple):
    """A hint: its cause, the relative path that it is about, and its time (monotonic)."""

    cause: HintCause
    path: str = ""
    seen_s: float = 0.0


class HintQueue:
    """Queue of hints from all threads to the inbox's thread, in order."""

    def __init__(self) -> None:
        self._hints: SimpleQueue[Hint] = SimpleQueue()
        self._overflowed = False

    def put_droppable(self, cause: HintCause, path: str = "") -> None:
        """Put a hint, or one OVERFLOW instead of many hints if the queue is full; thread-safe."""
        if self._hints.qsize() < _MOST_HINTS:
            self._hints.put(Hint(cause, path, time.monotonic()))
        elif not self._overflowed:
            self._overflowed = True
            self._hints.put(Hint(HintCause.OVERFLOW))

    def put(self, cause: HintCause, path: str = "") -> None:
        """Put a hint, even if the queue is full; thread-safe."""
        self._hints.put(Hint(cause, path, time.monotonic()))

    def has_hints(self) -> bool:
        """True if hints wait in the queue."""
        return not self._hints.empty()

    def get(self, timeout_s: float, most: int = 64) -> list[Hint]:
        """Wait for a hint for at most `timeout_s`, and take up to `most` hints."""
        hints: list[Hint] = []
        try:
            if timeout_s > 0:
                hints.append(self._hints.get(timeout=timeout_s))
            while len(hints) < most:
                hints.append(self._hints.get_nowait())
        except Empty:
            self._overflowed = False
        return hints


class InotifyWatcher:
    """Recursive inotify watch of one folder, which puts its hints into a queue."""

    def __init__(self, hints: HintQueue, tick: Callable[[], None]) -> None:
        """Put hints into `hints`; `tick` runs for each folder while a watch starts."""
        self._hint_queue = hints
        self._tick = tick
        self._observer: _InotifyObserver | None = None

    @property
    def watching(self) -> bool:
        """True while a watch runs."""
        return self._observer is not None

    def is_broken(self) -> bool:
        """True if a thread of the running watch has died."""
        return self._observer is not None and not self._observer.is_alive_throughout()

    def start(self, path: str) -> str:
        """Watch a folder and all below it; return the reason if that is impossible, else ""."""
        self.stop()
        try:
            real = str(Path(path).resolve())  # watchdog follows no link, not even the root
            if kind := remote_file_system(real):
                return f"the inbox lies on {kind}"
            self._observe(real)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _observe(self, path: str) -> None:
        inotify = _InotifyReader(self._hint_queue, self._tick)
        observer = _InotifyObserver(inotify)
        try:
            handler = _HintHandler(self._hint_queue, path)
            observer.schedule(handler, path, recursive=True, event_filter=_EVENTS)
            observer.start()
        except BaseException:
            observer.on_thread_stop()
            raise
        inotify.tick = _no_tick
        self._observer = observer

    def stop(self) -> None:
        """Stop the watch, if one runs."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()


def _no_tick() -> None:
    pass


class _HintHandler(FileSystemEventHandler):
    """Turns events into hints, and does nothing else: a slow handler delays the kernel's queue."""

    def __init__(self, hints: HintQueue, root: str) -> None:
        self._hint_queue = hints
        self._cut = len(root.rstrip("/")) + 1

    def dispatch(self, event: FileSystemEvent) -> None:
        source = str(event.src_path)[self._cut :]
        if not source:
            self._hint_queue.put(HintCause.ROOT)
            return
        self._hint_queue.put_droppable(HintCause.PATH, source)
        if event.dest_path:
            self._hint_queue.put_droppable(HintCause.RENAMED, str(event.dest_path)[self._cut :])


class _InotifyReader(InotifyFD):
    """Watchdog's reader, extended to hint at an overflow and a reached limit.

    Watchdog itself only logs them.
    """

    def __init__(self, hints: HintQueue, tick: Callable[[], None]) -> None:
        super().__init__()
        self._hint_queue = hints
        self.tick = tick
        """Runs in the thread that adds a watch; later that is the reader's own thread."""

    def handle_event(self, event: InotifyEvent) -> None:
        super().handle_event(event)
        if event.is_queue_overflow:
            self._hint_queue.put(HintCause.OVERFLOW)

    def add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        self.tick()
        # Watchdog takes a forbidden folder for watch number -1, and mixes it up with the next.
        if not os.access(path, os.R_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        try:
            with self._lock:
                watch = self._get_or_create_watch(path, mask)
                # Watchdog's own method warns if it meets a new folder twice, and that is usual.
                watch.callbacks[id_] = callback
        except OSError as error:
            if error.errno in _LIMITS:
                self._hint_queue.put(HintCause.LIMIT, error.strerror or "")
            raise
        return watch.wd


class _InotifyObserver(BaseObserver):
    """Watchdog's observer with our reader."""

    def __init__(self, inotify: _InotifyReader) -> None:
        super().__init__(InotifyEmitter, inotify_fd=inotify)
        self._inotify = inotify
        inotify.start()

    def is_alive_throughout(self) -> bool:
        """True if all its threads run; an emitter ends when its root is moved or removed."""
        threads = [self, self._inotify, *self.emitters]
        return all(thread.is_alive() or not thread.should_keep_running() for thread in threads)

    def on_thread_stop(self) -> None:
        # The reader first: closing its file takes every watch down in one call each.
        self._inotify.stop()
        self._inotify.join()
        super().on_thread_stop()
