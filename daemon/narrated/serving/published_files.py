"""Opens a file of the outbox if it is published, and nothing else.

What is published is decided by what stands beside a file: its manifest, the feeds above it, the
page. No list of the outbox is kept, so that 2,000 episodes cost as much as one. See
docs/decisions/0019-served-files.md.
"""

import errno
import hashlib
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from narrated import regular_file
from narrated.audio.formats import LONG_SUFFIXES
from narrated.outbox.manifest import MANIFEST_SUFFIX
from narrated.outbox.open_folder import absent_if_refused, opened
from narrated.outbox.podcast_files import FEED_NAME
from narrated.outbox.unique_stems import is_inside
from narrated.outbox.untrusted_reads import manifest_in
from narrated.podcast.feed_parts import MARK
from narrated.podcast.page_episode import PAGE_FOLDER
from narrated.podcast.page_news import NEWS_NAME
from narrated.serving.feed_covers import covers_in, is_feed

PAGE_NAME = "index.html"
PAGE_NEWS = f"{PAGE_FOLDER}/{NEWS_NAME}"
"""The page's news of what is read, waits and failed: it names drafts."""

_PAGE_FILE = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}\.(?:js|css|jpg|png|svg|ico)")
"""The folder of the page is narrated's own, so that names of these forms are."""
_MARKED_BYTES = 1024
_MOST_MANIFESTS = 4096
_MOST_FEEDS = 64
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO}
"""Errors that say no more to a stranger than that there is no such file."""

Key = TypeVar("Key")
Value = TypeVar("Value")
Identity = tuple[int, ...]
"""Tells one content of a file from the next: its device, number, times and size."""


class OutboxMissing(OSError):
    """The outbox itself is not there, or cannot be entered."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A published file, open for reading: it stays what it is, whatever takes its name."""

    path: str
    file: BufferedReader
    status: os.stat_result


class PublishedFiles:
    """Opens the published files of an outbox. Its methods wait for the disk; any thread may."""

    def __init__(self, outbox: Path) -> None:
        self._outbox = outbox
        self._outputs = _Remembered[tuple[str, str], frozenset[str]](_MOST_MANIFESTS)
        self._covers = _Remembered[str, frozenset[str]](_MOST_FEEDS)

    def open(self, path: str) -> PublishedFile | None:
        """Open a published file by its outbox path; None if none has this path.

        Errors: OutboxMissing; other OSErrors of the storage.
        """
        self._stand()
        if not is_inside(path) or any(part.startswith(".") for part in path.split("/")):
            return None
        folder_name, _, name = path.rpartition("/")
        try:
            with opened(self._outbox, folder_name) as folder, ExitStack() as closing:
                file = closing.enter_context(_opened(folder, name))
                if self._is_published(folder, folder_name, name, file):
                    found = PublishedFile(path, file, os.fstat(file.fileno()))
                    closing.pop_all()  # it stays open for whoever asks
                    return found
        except OSError as error:
            if error.errno not in _ABSENT and not isinstance(error, regular_file.NotRegular):
                raise
        return None

    def _stand(self) -> None:
        """Tell an outbox that is missing from a file that is."""
        try:
            is_folder = self._outbox.is_dir() and os.access(self._outbox, os.R_OK | os.X_OK)
        except OSError as error:
            raise OutboxMissing(*error.args) from error
        if not is_folder:
            raise OutboxMissing(errno.ENOENT, "it is missing, or may not be entered")

    def _is_published(self, folder: int, folder_name: str, name: str, file: BufferedReader) -> bool:
        if name == FEED_NAME:
            return is_feed(file)
        if not folder_name and name == PAGE_NAME:
            return _is_page(file)
        if folder_name == PAGE_FOLDER and _PAGE_FILE.fullmatch(name):
            return self._has_page()
        path = f"{folder_name}/{name}" if folder_name else name
        if name.endswith(".jpg") and self._is_cover(path, folder_name):
            return True
        return any(name in self._outputs_beside(folder, folder_name, stem) for stem in _stems(name))

    def _has_page(self) -> bool:
        with opened(self._outbox, "") as folder, _opened(folder, PAGE_NAME) as file:
            return _is_page(file)

    def _outputs_beside(self, folder: int, folder_name: str, stem: str) -> frozenset[str]:
        """The names of the files that the manifest of a stem lists; none without one."""
        try:
            with absent_if_refused():
                status = os.stat(stem + MANIFEST_SUFFIX, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return frozenset()
        where = str(self._outbox / folder_name / (stem + MANIFEST_SUFFIX))

        def outputs() -> frozenset[str]:
            manifest = manifest_in(folder, stem, where)
            return frozenset(each.name for each in manifest.outputs) if manifest else frozenset()

        return self._outputs.get((folder_name, stem), _identity(status), outputs)

    def _is_cover(self, path: str, folder_name: str) -> bool:
        """True if a feed in its folder, or in one above, names this picture."""
        return any(path in self._covers_of(above) for above in _folders_up(folder_name))

    def _covers_of(self, folder_name: str) -> frozenset[str]:
        with (
            suppress(FileNotFoundError, NotADirectoryError, regular_file.NotRegular),
            opened(self._outbox, folder_name) as folder,
            _opened(folder, FEED_NAME) as file,
        ):
            feed_path = f"{folder_name}/{FEED_NAME}" if folder_name else FEED_NAME

            def covers() -> frozenset[str]:
                return covers_in(file, feed_path) if is_feed(file) else frozenset()

            return self._covers.get(feed_path, _identity(os.fstat(file.fileno())), covers)
        return frozenset()


class _Remembered(Generic[Key, Value]):
    """Values of files, as long as these are the same; the least used is forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._values: OrderedDict[Key, tuple[Identity, Value]] = OrderedDict()

    def get(self, key: Key, identity: Identity, make: Callable[[], Value]) -> Value:
        """Return the value of a file's content, made again if the content is another one."""
        with self._lock:
            known = self._values.get(key)
            if known is not None and known[0] == identity:
                self._values.move_to_end(key)
                return known[1]
        value = make()
        with self._lock:
            self._values[key] = (identity, value)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


def etag(status: os.stat_result) -> str:
    """Return a tag that is another one for each content: a replaced file has another number."""
    content = f"{status.st_mtime_ns} {status.st_size} {status.st_ino}"
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


def _opened(folder: int, name: str) -> BufferedReader:
    with absent_if_refused():
        return regular_file.opened(name, folder)


def _is_page(file: BufferedReader) -> bool:
    beginning = file.read(_MARKED_BYTES)
    file.seek(0)
    return MARK in beginning


def _stems(name: str) -> Iterator[str]:
    """The stems whose manifests may list a file."""
    for suffix in (*LONG_SUFFIXES, f".{name.rpartition('.')[2]}"):
        if name.endswith(suffix) and name != suffix:
            yield name.removesuffix(suffix)


def _folders_up(folder_name: str) -> Iterator[str]:
    """The folder and those above it, up to the outbox itself."""
    while folder_name:
        yield folder_name
        folder_name = folder_name.rpartition("/")[0]
    yield ""


def _identity(status: os.stat_result) -> Identity:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
