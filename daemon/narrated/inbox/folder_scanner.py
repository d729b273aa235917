"""Lists one folder of the inbox at a time, and compares it with the versions that were handled."""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from narrated.inbox.file_signature import fingerprint
from narrated.inbox.folder_rules import FolderRules, IgnoreRules, RuleMatch, lstat_of
from narrated.inbox.handled_versions import join
from narrated.inbox.ignore_defaults import mark_names
from narrated.inbox.name_rules import IGNORE_FILE, NameKind, judge, judge_path
from narrated.inbox.readiness import SeenVersion
from narrated.inbox.safe_read import listed
from narrated.reading.file_kinds import FileKind, file_kind, suffix_of

_TICK_ENTRIES = 1024


@dataclass(slots=True)
class FolderChanges:
    """The contents of one folder, compared with the versions that were handled."""

    files: int = 0
    changed: list[tuple[str, SeenVersion]] = field(default_factory=list)
    """Names of documents and settings that differ from the memory, with their versions."""
    folders: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Names that the memory has and the folder has not."""
    ignored: list[str] = field(default_factory=list)
    """Names that the memory has, and that are ignored since the last listing."""
    admitted: list[str] = field(default_factory=list)
    """Names that the memory has, and that are ignored no longer."""
    other: Counter[str] = field(default_factory=Counter)
    """Files of no kind that is read, by suffix."""
    ignored_count: int = 0


@dataclass(slots=True)
class _Listing:
    """The entries of a folder as they come, before its rules are known."""

    unknown: list[os.DirEntry[str]] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    ignore_file: os.stat_result | None = None
    met: int = 0


class FolderScanner:
    """Lists one folder at a time: os.scandir, and a single stat for a known file."""

    def __init__(
        self,
        root: str,
        ignore: Sequence[str],
        tick: Callable[[], None],
        holds_known: Callable[[str], bool] = lambda folder: False,
    ) -> None:
        """Scan below `root`; `tick` runs after every thousand entries and may raise.

        `holds_known` is true for a folder with known files in it or below: it is listed even if it
        is ignored, because those may go.
        """
        self._root = root
        self.rules = IgnoreRules(root, ignore)
        self.tick = tick
        self._holds_known = holds_known
        self._judged: dict[str, FolderRules] = {}
        """The rules by which the known files of a folder were judged last."""
        self._ignored: set[str] = set()
        """Known files that are ignored."""

    def admits(self, path: str, mode: int = stat.S_IFREG) -> bool:
        """True if names and rules let the inbox read, enter or report a path of this mode."""
        kind, is_folder = judge_path(path), stat.S_ISDIR(mode)
        if kind is NameKind.TEMPORARY or (is_folder and kind is NameKind.SETTINGS):
            return False
        if stat.S_ISREG(mode) and kind is NameKind.DOCUMENT and file_kind(path) is FileKind.OTHER:
            return False
        rules = self.rules.of(path.rpartition("/")[0])
        return not self._refuses(path, kind, rules, is_folder)

    def looks_into(self, folder: str) -> bool:
        """True if the inbox lists this folder, so that a change in it may count."""
        if folder and judge_path(folder) is NameKind.TEMPORARY:
            return False
        return not self.rules.of(folder).closed_by or self._holds_known(folder)

    @property
    def ignored_count(self) -> int:
        """The number of known files that are ignored; a listing counts the others."""
        return len(self._ignored)

    def absolute(self, folder: str) -> str:
        """Return the absolute path of a folder."""
        return f"{self._root}/{folder}" if folder else self._root

    def forget_below(self, folders: set[str]) -> None:
        """Forget what was seen in all folders but these, after a scan of the whole inbox."""
        self.rules.keep(folders)
        for folder in self._judged.keys() - folders:
            del self._judged[folder]

    def list_folder(self, folder: str, known: Mapping[str, int]) -> FolderChanges:
        """List one folder; raises OSError if the folder cannot be listed or a file not be seen."""
        changes = FolderChanges()
        with listed(self._root, folder) as entries:
            listing = self._sort(entries, known, changes)
            rules = self.rules.update(folder, listing.marks, listing.ignore_file)
            while listing.unknown:  # each entry holds a whole stat result: free them one by one
                self._add_unknown(listing.unknown.pop(), folder, rules, changes)
                if not len(listing.unknown) % _TICK_ENTRIES:
                    self.tick()
        changes.files += listing.met
        if listing.met < len(known):
            self._add_missing(folder, known, changes)
        if known:
            self._judge_known(folder, known, rules, changes)
        changes.changed.sort(key=lambda pair: pair[0])
        new_folders = (name for name, version in changes.changed if stat.S_ISDIR(version.mode))
        changes.folders += (name for name in new_folders if judge(name) is not NameKind.SETTINGS)
        return changes

    def _sort(
        self, entries: Iterator[os.DirEntry[str]], known: Mapping[str, int], changes: FolderChanges
    ) -> _Listing:
        """Compare the known files; set the others aside, since rules may still come."""
        listing, marks = _Listing(), mark_names()
        for count, entry in enumerate(entries, 1):
            name = entry.name
            if (expected := known.get(name)) is not None:
                if (status := lstat_of(entry)) is not None:
                    listing.met += 1
                    if fingerprint(status) != expected:
                        changes.changed.append((name, SeenVersion.of(status)))
            elif name == IGNORE_FILE:
                listing.ignore_file = lstat_of(entry)
            else:
                listing.unknown.append(entry)
            if name in marks:
                listing.marks.add(name)
            if not count % _TICK_ENTRIES:
                self.tick()
        return listing

    def _add_unknown(
        self, entry: os.DirEntry[str], folder: str, rules: FolderRules, changes: FolderChanges
    ) -> None:
        kind, path = judge(entry.name), join(folder, entry.name)
        if kind is NameKind.TEMPORARY:
            return
        is_folder = entry.is_dir(follow_symlinks=False)
        if kind is NameKind.DOCUMENT and not is_folder and _is_other_file(entry):
            if not rules.closed_by:
                changes.other[suffix_of(entry.name)] += 1
        elif self._refuses(path, kind, rules, is_folder):
            changes.ignored_count += not rules.closed_by  # an ignored folder counts as one
            if is_folder and self._holds_known(path):
                changes.folders.append(entry.name)
        elif is_folder:
            if kind is not NameKind.SETTINGS:
                changes.folders.append(entry.name)
        elif entry.is_symlink():
            changes.links.append(entry.name)
        elif entry.is_file(follow_symlinks=False):
            self._add_file(entry, kind, changes)

    def _add_file(self, entry: os.DirEntry[str], kind: NameKind, changes: FolderChanges) -> None:
        if kind is NameKind.CONFLICT:
            changes.conflicts.append(entry.name)
        elif (status := lstat_of(entry)) is not None:
            changes.changed.append((entry.name, SeenVersion.of(status)))
            changes.files += 1

    def _refuses(self, path: str, kind: NameKind, rules: FolderRules, is_folder: bool) -> bool:
        """True if a rule ignores a path; settings and lexicons only if the configuration says so.

        They apply wherever the inbox looks, and are no documents that anybody would hear.
        """
        match: RuleMatch | None
        if kind is NameKind.SETTINGS and not is_folder and not rules.closed_by:
            match = rules.match_configured(path)
        else:
            match = rules.match(path, is_folder)
        return match is not None and match.rule.ignores

    def _add_missing(self, folder: str, known: Mapping[str, int], changes: FolderChanges) -> None:
        with listed(self._root, folder) as entries:
            changes.missing = sorted(known.keys() - {entry.name for entry in entries})
        self._ignored.difference_update(join(folder, name) for name in changes.missing)

    def _judge_known(
        self, folder: str, known: Mapping[str, int], rules: FolderRules, changes: FolderChanges
    ) -> None:
        """Find the known files that are ignored since the rules changed, or no longer."""
        if self._judged.get(folder) is rules:
            return
        for count, name in enumerate(known, 1):
            path = join(folder, name)
            was_ignored = path in self._ignored
            if _is_other(name):
                changes.ignored.append(name)
                changes.other[suffix_of(name)] += 1
            elif self._refuses(path, judge(name), rules, is_folder=False):
                if not was_ignored:
                    self._ignored.add(path)
                    changes.ignored.append(name)
            elif was_ignored:
                self._ignored.discard(path)
                changes.admitted.append(name)
            if not count % _TICK_ENTRIES:
                self.tick()
        self._judged[folder] = rules


def _is_other_file(entry: os.DirEntry[str]) -> bool:
    return file_kind(entry.name) is FileKind.OTHER and entry.is_file(follow_symlinks=False)


def _is_other(name: str) -> bool:
    return file_kind(name) is FileKind.OTHER and judge(name) is NameKind.DOCUMENT
