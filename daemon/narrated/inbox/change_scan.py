"""Scans the inbox for changes: lists folders, and compares each with the inbox's memory."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from narrated.inbox.chmod_remedy import chmod_remedy
from narrated.inbox.events import Event
from narrated.inbox.file_signature import fingerprint
from narrated.inbox.handled_versions import join
from narrated.inbox.name_rules import NameKind, ignored, judge, judge_path
from narrated.inbox.path_reconciler import PathReconciler
from narrated.inbox.safe_read import listed

_TICK_ENTRIES = 1024

_SHARE_WATCHED = 0.002
_SHARE_UNWATCHED = 0.05
_SHARE_AFTER_LOSS = 0.2
_SHARE_REVISITING = 0.002


@dataclass(slots=True)
class FolderChanges:
    """The contents of one folder, compared with the versions that were handled."""

    files: int = 0
    changed: list[tuple[str, os.stat_result]] = field(default_factory=list)
    """Names of documents and settings that differ from the memory, with their status."""
    folders: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Names that the memory has and the folder has not."""


class FolderScanner:
    """Lists one folder at a time: os.scandir, and a single stat for a known file."""

    def __init__(self, root: str, ignore: Sequence[str], tick: Callable[[], None]) -> None:
        """Scan below `root`; `tick` runs after every thousand entries and may raise."""
        self._root = root
        self._ignore = tuple(ignore)
        self.tick = tick

    def admits(self, path: str) -> bool:
        """True if the name rules and the ignore patterns let the inbox look at this path."""
        return judge_path(path) is not NameKind.TEMPORARY and not ignored(path, self._ignore)

    def absolute(self, folder: str) -> str:
        """Return the absolute path of a folder."""
        return f"{self._root}/{folder}" if folder else self._root

    def list_folder(self, folder: str, known: Mapping[str, int]) -> FolderChanges:
        """List one folder; raises OSError if the folder cannot be listed or a file not be seen."""
        changes = FolderChanges()
        met = 0
        with listed(self._root, folder) as entries:
            for count, entry in enumerate(entries, 1):
                if (expected := known.get(entry.name)) is None:
                    self._add_unknown(entry, folder, changes)
                elif (status := _status(entry)) is not None:
                    met += 1
                    if fingerprint(status) != expected:
                        changes.changed.append((entry.name, status))
                if not count % _TICK_ENTRIES:
                    self.tick()
        changes.files += met
        if met < len(known):
            with listed(self._root, folder) as entries:
                changes.missing = sorted(known.keys() - {entry.name for entry in entries})
        changes.changed.sort(key=lambda pair: pair[0])
        new_folders = (name for name, status in changes.changed if stat.S_ISDIR(status.st_mode))
        changes.folders += (name for name in new_folders if judge(name) is not NameKind.SETTINGS)
        return changes

    def _add_unknown(self, entry: os.DirEntry[str], folder: str, changes: FolderChanges) -> None:
        kind = judge(entry.name)
        if kind is NameKind.TEMPORARY or ignored(join(folder, entry.name), self._ignore):
            return
        if entry.is_dir(follow_symlinks=False):
            if kind is not NameKind.SETTINGS:
                changes.folders.append(entry.name)
        elif entry.is_symlink():
            changes.links.append(entry.name)
        elif not entry.is_file(follow_symlinks=False):
            return
        elif kind is NameKind.CONFLICT:
            changes.conflicts.append(entry.name)
        elif (status := _status(entry)) is not None:
            changes.changed.append((entry.name, status))
            changes.files += 1


class ChangeScan:
    """One scan of a folder and all folders below it, one folder a step."""

    def __init__(self, folder: str, scanner: FolderScanner, reconciler: PathReconciler) -> None:
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
        self._pending = reconciler.pending
        self._visited: set[str] = set()

    def steps(self) -> Iterator[Iterator[Event]]:
        """Yield the events of each folder in turn; a caller may pause between two folders."""
        folders = [self._top]
        while folders:
            folder = folders.pop()
            changes = self._list(folder)
            if changes is not None:
                yield self._reconcile(folder, changes)
                below = sorted(changes.folders, reverse=True)
                folders.extend(join(folder, name) for name in below)
        self._report_missing_folders()

    def _list(self, folder: str) -> FolderChanges | None:
        began_s = time.thread_time()
        was_closed = self._pending.closed.pop(folder, None) is not None
        try:
            known = self._reconciler.handled.fingerprints(folder)
            changes = self._scanner.list_folder(folder, known)
        except OSError as error:
            self._record_failure(folder, error)
            return None
        finally:
            self.cost_s += time.thread_time() - began_s
        self._visited.add(folder)
        self.files += changes.files
        self.opened |= was_closed
        return changes

    def _record_failure(self, folder: str, error: OSError) -> None:
        if folder == self._top:
            self.obstacle = error
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            self._visited.add(folder)
            self._pending.closed[folder] = self._reason(folder, error)

    def _reason(self, folder: str, error: OSError) -> str:
        if not isinstance(error, PermissionError):
            return f"a folder that cannot be listed: {error.strerror}"
        try:
            remedy = chmod_remedy(folder, os.lstat(self._scanner.absolute(folder)))
        except OSError:
            remedy = ""
        return f"a folder that may not be entered. {remedy}".strip()

    def _reconcile(self, folder: str, changes: FolderChanges) -> Iterator[Event]:
        seen_s = time.monotonic()
        for name, status in changes.changed:
            yield from self._reconciler.reconcile(join(folder, name), status, seen_s)
        for name in (*changes.conflicts, *changes.links):
            yield from self._reconciler.visit(join(folder, name))
        for name in changes.missing:
            self._reconciler.miss(join(folder, name))

    def _report_missing_folders(self) -> None:
        """Report each folder of the memory that the scan did not meet, with all its files."""
        closed = self._pending.closed
        for folder in self._reconciler.handled.folders(self._top):
            self._scanner.tick()
            if folder not in self._visited and closed.keys().isdisjoint(_upwards(folder)):
                self._reconciler.miss(folder)


def _upwards(folder: str) -> Iterator[str]:
    """Yield a folder and those above it, up to the root."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


class ScanInterval:
    """Spaces full scans so that they cost a small share of one core."""

    def __init__(self, scan_s: float) -> None:
        self.due_s = 0.0
        self._scan_s = scan_s
        self._ended_s = 0.0
        self._cost_s = 0.0
        self._lossy = False

    def begin(self) -> None:
        """Record that a scan begins: it may miss changes that are lost from now on."""
        self._lossy = False

    def end(self, cost_s: float, watched: bool) -> None:
        """Record a scan's processor time, and schedule the next; less often if `watched`."""
        self._ended_s, self._cost_s = time.monotonic(), cost_s
        share = _SHARE_WATCHED if watched else _SHARE_UNWATCHED
        self.due_s = self._ended_s + max(self._scan_s, cost_s / share)
        if self._lossy:
            self.shorten()

    def revisit_due_s(self, cost_s: float) -> float:
        """Return when the pending files are looked at again, if that took so much of a core."""
        return time.monotonic() + max(self._scan_s, cost_s / _SHARE_REVISITING)

    def shorten(self) -> None:
        """Scan soon, because an event was lost; many losses still leave most of a core free."""
        self._lossy = True
        self.due_s = min(self.due_s, self._ended_s + self._cost_s / _SHARE_AFTER_LOSS)

    def scan_now(self) -> None:
        """Make a scan due at once."""
        self._lossy = True
        self.due_s = 0.0

    def is_due(self) -> bool:
        """True if a scan is due."""
        return time.monotonic() >= self.due_s


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
