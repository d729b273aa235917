"""Scans the inbox for changes: lists folders, and compares each with the inbox's memory."""

import os
import time
from collections import Counter
from collections.abc import Iterator

from narrated.inbox.chmod_remedy import chmod_remedy
from narrated.inbox.events import Event, FileIgnored
from narrated.inbox.folder_scanner import FolderChanges, FolderScanner
from narrated.inbox.handled_versions import join
from narrated.inbox.path_reconciler import PathReconciler
from narrated.reading.file_kinds import FileKind, file_kind

_MOST_SUFFIXES = 50
_SHARE_WATCHED = 0.002
_SHARE_UNWATCHED = 0.05
_SHARE_AFTER_LOSS = 0.2
_SHARE_REVISITING = 0.002


def most_frequent(suffixes: Counter[str]) -> dict[str, int]:
    """Return the counts of the most frequent suffixes; "…" has the sum of all others.

    Suffixes are untrusted: there may be as many as files, each as long as a name.
    """
    first = suffixes.most_common(_MOST_SUFFIXES)
    rest = suffixes.total() - sum(count for _, count in first)
    return {**dict(first), **({"…": rest} if rest else {})}


class ChangeScan:
    """One scan of a folder and all folders below it, one folder a step."""

    def __init__(self, folder: str, scanner: FolderScanner, reconciler: PathReconciler) -> None:
        self.files = 0
        """The number of documents that the scan saw."""
        self.other: Counter[str] = Counter()
        """Files of no kind that is read, by suffix."""
        self.ignored = 0
        """The number of files and folders that a rule ignores."""
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
        if not self._top and not self.obstacle:
            self._scanner.forget_below(self._visited)
        if self._scanner.rules.changed:
            self._scanner.rules.changed = False
            yield self._reconciler.drop_ignored()

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
        self.other += changes.other
        self.ignored += changes.ignored_count
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
        for name in changes.ignored:
            path = join(folder, name)
            if file_kind(path) is FileKind.OTHER:
                self._reconciler.handled.forget(path)  # it was never narrated: scans count it
            yield FileIgnored(path)
        for name in changes.admitted:
            self._reconciler.handled.outdate(join(folder, name))
            yield from self._reconciler.visit(join(folder, name))
        for name, version in changes.changed:
            yield from self._reconciler.reconcile(join(folder, name), version, seen_s)
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
