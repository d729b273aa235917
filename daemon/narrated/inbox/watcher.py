"""Watches the inbox with inotify, and turns its events into hints of where to look."""

import errno
import os
import re
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from watchdog import events
from watchdog.observers import inotify_c
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter

# No modified or attribute events: a large write would send one for each block.
_EVENTS: list[type[events.FileSystemEvent]] = [
    *(events.FileCreatedEvent, events.FileClosedEvent, events.FileMovedEvent),
    *(events.FileDeletedEvent, events.DirCreatedEvent, events.DirMovedEvent),
    events.DirDeletedEvent,
]
_LIMITS = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENOMEM})
_RAISED = {errno.EMFILE: "max_user_instances=1024", errno.ENOSPC: "max_user_watches=524288"}
"""The limit of inotify to raise, by the error that tells it is reached."""
_MOST_HINTS = 20_000

_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "coda", "virtiofs", "vboxsf"}
)
_OCTAL = re.compile(r"\\([0-7]{3})")  # the kernel writes a space in a path as \040


class HintCause(StrEnum):
    """Reason to look at a path or to scan."""

    PATH = "path"  # something happened to this path
    RENAMED = "renamed"  # a watched file was renamed to this path
    LOOK = "look"  # a caller wants this path reported again
    OVERFLOW = "overflow"  # hints were lost; only a full scan finds what they were about
    LIMIT = "limit"  # a folder could not be watched
    ROOT = "root"  # the root was moved or removed; the inbox checks it at each turn
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

    def put(self, cause: HintCause, path: str = "") -> None:
        """Put a hint, even if the queue is full; thread-safe."""
        self._hints.put(Hint(cause, path, time.monotonic()))

    def put_droppable(self, cause: HintCause, path: str) -> None:
        """Put a hint, or one OVERFLOW instead of many hints if the queue is full; thread-safe."""
        if self._hints.qsize() < _MOST_HINTS:
            self.put(cause, path)
        elif not self._overflowed:
            self._overflowed = True
            self.put(HintCause.OVERFLOW)

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
        """`tick` runs for each folder while a watch starts."""
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
            return _in_words(error)
        return ""

    def _observe(self, path: str) -> None:
        observer = _InotifyObserver(_InotifyReader(self._hint_queue, self._tick))
        try:
            handler = _HintHandler(self._hint_queue, path)
            observer.schedule(handler, path, recursive=True, event_filter=_EVENTS)
            observer.start()
        except BaseException:
            observer.on_thread_stop()
            raise
        if limit := observer.inotify.limit:
            observer.stop()
            observer.join()
            raise limit
        observer.inotify.tick = lambda: None
        self._observer = observer

    def stop(self) -> None:
        """Stop the watch, if one runs."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()


def _in_words(error: OSError) -> str:
    reason = error.strerror or str(error)
    if raised := _RAISED.get(error.errno or 0):
        limit = raised.partition("=")[0]
        return (
            f"{reason}. Raise it: echo fs.inotify.{raised} | "
            f"sudo tee /etc/sysctl.d/60-narrated-{limit}.conf && sudo sysctl --system"
        )
    return reason


class _HintHandler(events.FileSystemEventHandler):
    """Turns events into hints, and does nothing else: a slow handler delays the kernel's queue."""

    def __init__(self, hints: HintQueue, root: str) -> None:
        self._hint_queue = hints
        self._cut = len(root.rstrip("/")) + 1

    def dispatch(self, event: events.FileSystemEvent) -> None:
        source = str(event.src_path)[self._cut :]
        if not source:
            self._hint_queue.put(HintCause.ROOT)
            return
        self._hint_queue.put_droppable(HintCause.PATH, source)
        if event.dest_path:
            self._hint_queue.put_droppable(HintCause.RENAMED, str(event.dest_path)[self._cut :])


class _InotifyReader(inotify_c.InotifyFD):
    """Hints at an overflow and at a reached limit, which watchdog itself only logs."""

    def __init__(self, hints: HintQueue, tick: Callable[[], None]) -> None:
        super().__init__()
        self._hint_queue = hints
        self.tick = tick
        """Runs in the thread that adds a watch; later that is the reader's own thread."""
        self.limit: OSError | None = None
        """The error by which some folder could not be watched."""

    def handle_event(self, event: inotify_c.InotifyEvent) -> None:
        super().handle_event(event)
        if event.is_queue_overflow:
            self._hint_queue.put(HintCause.OVERFLOW)

    def add_callback(
        self,
        path: bytes,
        mask: inotify_c.Mask,
        callback: inotify_c.WatchCallback,
        id_: inotify_c.CallbackId,
    ) -> inotify_c.WatchDescriptor:
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
                self.limit = error
                self._hint_queue.put(HintCause.LIMIT, _in_words(error))
            raise
        return watch.wd


class _InotifyObserver(BaseObserver):
    """Watchdog's observer with our reader."""

    def __init__(self, inotify: _InotifyReader) -> None:
        super().__init__(InotifyEmitter, inotify_fd=inotify)
        self.inotify = inotify
        inotify.start()

    def is_alive_throughout(self) -> bool:
        """True if all its threads run; an emitter ends when its root is moved or removed."""
        threads = [self, self.inotify, *self.emitters]
        return all(thread.is_alive() or not thread.should_keep_running() for thread in threads)

    def on_thread_stop(self) -> None:
        # The reader first: closing its file takes every watch down in one call each.
        self.inotify.stop()
        self.inotify.join()
        super().on_thread_stop()


def remote_file_system(real_path: str) -> str:
    """Return the kind of file system under a path if inotify misses changes there; else "".

    inotify never reports a write by another machine, nor by a FUSE server.
    """
    deepest, kind = "", ""
    for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
        fields = line.split(" ")
        mount = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = f"{real_path}/".startswith(f"{mount.rstrip('/')}/")
        if inside and len(mount) >= len(deepest):
            deepest, kind = mount, fields[fields.index("-") + 1]
    return kind if kind in _REMOTE or kind.startswith("fuse.") else ""
