"""Recursive scan: lists folders, and compares each with the snapshot."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from narrated.inbox.events import Event
from narrated.inbox.file_system_facts import chmod_remedy
from narrated.inbox.name_rules import NameKind, ignored, judge, judge_path
from narrated.inbox.readiness import fingerprint
from narrated.inbox.reconciler import Reconciler

_TICK_ENTRIES = 1024


@dataclass(slots=True)
class FolderListing:
    """The contents of one folder, compared with the snapshot."""

    files: int = 0
    changed: list[tuple[str, os.stat_result]] = field(default_factory=list)
    """Names of documents and settings that differ from the snapshot, with their status."""
    folders: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Names that the snapshot has and the folder has not."""


class FolderScanner:
    """Lists one folder at a time: os.scandir, and a single stat for a known file."""

    def __init__(self, root: str, ignore: Sequence[str], tick: Callable[[], None]) -> None:
        """Scan below `root`; `tick` runs after every thousand entries and may raise."""
        self._root = root
        self._ignore = tuple(ignore)
        self._tick = tick

    def admits(self, path: str) -> bool:
        """True if the name rules and the ignore patterns let the inbox look at this path."""
        if judge_path(path) is NameKind.TEMPORARY:
            return False
        return not (self._ignore and ignored(path, self._ignore))

    def absolute(self, folder: str) -> str:
        """Return the absolute path of a folder."""
        return f"{self._root}/{folder}" if folder else self._root

    def list_folder(self, folder: str, known: Mapping[str, int]) -> FolderListing:
        """List one folder; raises OSError if the folder cannot be listed or a file not be seen."""
        path = self.absolute(folder)
        listing = FolderListing()
        met = 0
        with os.scandir(path) as entries:
            for count, entry in enumerate(entries, 1):
                expected = known.get(entry.name)
                if expected is None:
                    self._add_unknown(entry, folder, listing)
                elif (status := _status(entry)) is not None:
                    met += 1
                    if fingerprint(status) != expected:
                        self._add_changed(entry.name, status, listing)
                if not count % _TICK_ENTRIES:
                    self._tick()
        listing.files += met
        if met < len(known):
            with os.scandir(path) as entries:
                listing.missing = sorted(known.keys() - {entry.name for entry in entries})
        listing.changed.sort(key=lambda pair: pair[0])
        return listing

    @staticmethod
    def _add_changed(name: str, status: os.stat_result, listing: FolderListing) -> None:
        listing.changed.append((name, status))
        if stat.S_ISDIR(status.st_mode) and judge(name) is not NameKind.SETTINGS:
            listing.folders.append(name)

    def _add_unknown(self, entry: os.DirEntry[str], folder: str, listing: FolderListing) -> None:
        kind = judge(entry.name)
        if kind is NameKind.TEMPORARY or self._is_ignored(folder, entry.name):
            return
        if entry.is_dir(follow_symlinks=False):
            if kind is not NameKind.SETTINGS:
                listing.folders.append(entry.name)
        elif entry.is_symlink():
            listing.links.append(entry.name)
        elif not entry.is_file(follow_symlinks=False):
            return
        elif kind is NameKind.CONFLICT:
            listing.conflicts.append(entry.name)
        elif (status := _status(entry)) is not None:
            listing.changed.append((entry.name, status))
            listing.files += 1

    def _is_ignored(self, folder: str, name: str) -> bool:
        return bool(self._ignore) and ignored(_join(folder, name), self._ignore)


class TreeScan:
    """One scan of a folder and all folders below it, one folder a step."""

    def __init__(self, folder: str, scanner: FolderScanner, reconciler: Reconciler) -> None:
        self.files = 0
        """The number of documents that the scan saw."""
        self.cost_s = 0.0
        """Processor time of listing, without the time of acting on what changed."""
        self.obstacle: OSError | None = None
        """The error of its first folder, if that folder could not be listed."""
        self.opened = False
        """True if a folder that was closed is open now."""
        self._top = folder
        self._scanner = scanner
        self._reconciler = reconciler
        self._visited: set[str] = set()

    def steps(self) -> Iterator[Iterator[Event]]:
        """Yield the events of each folder in turn; a caller may pause between two folders."""
        folders = [self._top]
        while folders:
            folder = folders.pop()
            listing = self._list(folder)
            if listing is not None:
                yield self._reconcile(folder, listing)
                below = sorted(listing.folders, reverse=True)
                folders.extend(_join(folder, name) for name in below)
        self._report_missing_folders()

    def _list(self, folder: str) -> FolderListing | None:
        began_s = time.thread_time()
        try:
            known = self._reconciler.snapshot.fingerprints(folder)
            listing = self._scanner.list_folder(folder, known)
        except OSError as error:
            self._record_failure(folder, error)
            return None
        finally:
            self.cost_s += time.thread_time() - began_s
        self._visited.add(folder)
        self.files += listing.files
        self.opened |= self._reconciler.pending.open(folder)
        return listing

    def _record_failure(self, folder: str, error: OSError) -> None:
        self._reconciler.pending.open(folder)
        if folder == self._top:
            self.obstacle = error
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            self._visited.add(folder)
            self._reconciler.pending.close(folder, self._reason(folder, error))

    def _reason(self, folder: str, error: OSError) -> str:
        if not isinstance(error, PermissionError):
            return f"a folder that cannot be listed: {error.strerror}"
        try:
            remedy = chmod_remedy(folder, os.lstat(self._scanner.absolute(folder)))
        except OSError:
            remedy = ""
        return f"a folder that may not be entered. {remedy}".strip()

    def _reconcile(self, folder: str, listing: FolderListing) -> Iterator[Event]:
        seen_s = time.monotonic()
        for name, status in listing.changed:
            yield from self._reconciler.reconcile(_join(folder, name), status, seen_s)
        for name in (*listing.conflicts, *listing.links):
            yield from self._reconciler.visit(_join(folder, name))
        for name in listing.missing:
            self._reconciler.miss(_join(folder, name))

    def _report_missing_folders(self) -> None:
        """Report each folder of the snapshot that the scan did not meet, with all its files."""
        closed = tuple(self._reconciler.pending.closed())
        for folder in self._reconciler.snapshot.folders():
            if folder in self._visited or not _lies_in(folder, self._top):
                continue
            if not any(_lies_in(folder, each) for each in closed):
                self._reconciler.miss(folder)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _lies_in(folder: str, above: str) -> bool:
    return not above or folder == above or folder.startswith(above + "/")
