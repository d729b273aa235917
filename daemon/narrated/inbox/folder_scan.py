"""One look into one folder of the inbox, against what is remembered of it."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from narrated.inbox.name_rules import NameKind, ignored, judge, judge_path
from narrated.inbox.readiness import FileSignature, fingerprint

_NOTHING: Mapping[str, int] = {}
_TICK_ENTRIES = 1024


class ScanSnapshot:
    """Which version of which file was dealt with, folder by folder.

    Fingerprints instead of signatures and names instead of paths: it holds 100,000 files for as
    long as the daemon runs.
    """

    def __init__(self, known: dict[str, FileSignature]) -> None:
        """Take over what is known, emptying `known` on the way, so that no two copies stand."""
        self._folders: dict[str, dict[str, int]] = {}
        self._former: dict[str, dict[str, int]] = {}
        while known:
            path, signature = known.popitem()
            self.put(path, signature.fingerprint)

    def __bool__(self) -> bool:
        return bool(self._folders or self._former)

    def __contains__(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return name in self._folders.get(folder, _NOTHING)

    def folder(self, folder: str) -> Mapping[str, int]:
        """Fingerprints by name of what lies directly in a folder."""
        return self._folders.get(folder, _NOTHING)

    def put(self, path: str, print_: int) -> None:
        """Remember this version of a file as dealt with."""
        folder, _, name = path.rpartition("/")
        self._folders.setdefault(folder, {})[name] = print_

    def recalls(self, path: str, print_: int) -> bool:
        """Tell whether this version was dealt with, here or under a root that was replaced."""
        folder, _, name = path.rpartition("/")
        if self._folders.get(folder, _NOTHING).get(name) == print_:
            return True
        if self._former.get(folder, _NOTHING).get(name) != print_:
            return False
        self.put(path, print_)
        return True

    def forget(self, path: str) -> None:
        """Forget a file altogether."""
        folder, _, name = path.rpartition("/")
        for folders in (self._folders, self._former):
            names = folders.get(folder)
            if names is not None and names.pop(name, None) is not None and not names:
                del folders[folder]

    def folders(self) -> list[str]:
        """The folders in which something is remembered."""
        return list(self._folders)

    def below(self, folder: str) -> list[str]:
        """Paths of all remembered files in a folder and under it."""
        return [
            f"{above}/{name}" if above else name
            for above, names in self._folders.items()
            if not folder or above == folder or above.startswith(folder + "/")
            for name in names
        ]

    def retire(self) -> None:
        """The root was replaced: what it held is recalled when seen again, but never missed.

        A file that is absent from another folder put in the root's place has not been deleted.
        """
        for folder, names in self._folders.items():
            self._former.setdefault(folder, {}).update(names)
        self._folders = {}


@dataclass(slots=True)
class FolderListing:
    """What one look into a folder showed."""

    files: int = 0
    fresh: list[tuple[str, os.stat_result]] = field(default_factory=list)
    """Names of documents and settings that are not as remembered, with their status."""
    folders: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Remembered names that are not there."""


class FolderScanner:
    """Looks into folders: os.scandir and one stat a file, nothing dearer for a known file."""

    def __init__(self, root: str, ignore: Sequence[str], tick: Callable[[], None]) -> None:
        self._root = root
        self._ignore = tuple(ignore)
        self._tick = tick

    def admits(self, path: str) -> bool:
        """Tell whether names and patterns allow this path to be looked at."""
        if judge_path(path) is NameKind.TEMPORARY:
            return False
        return not (self._ignore and ignored(path, self._ignore))

    def place(self, folder: str) -> str:
        """Give the absolute path of a folder."""
        return f"{self._root}/{folder}" if folder else self._root

    def survey(self, folder: str, known: Mapping[str, int]) -> FolderListing:
        """Look into one folder; raises OSError where it cannot be listed or its files not seen."""
        place = self.place(folder)
        survey = FolderListing()
        met = 0
        with os.scandir(place) as entries:
            for count, entry in enumerate(entries, 1):
                expected = known.get(entry.name)
                if expected is None:
                    self._stranger(entry, folder, survey)
                elif (status := _status(entry)) is not None:
                    met += 1
                    if fingerprint(status) != expected:
                        self._changed(entry.name, status, survey)
                if not count % _TICK_ENTRIES:
                    self._tick()
        survey.files += met
        if met < len(known):
            with os.scandir(place) as entries:
                survey.missing = sorted(known.keys() - {entry.name for entry in entries})
        survey.fresh.sort(key=lambda pair: pair[0])
        return survey

    @staticmethod
    def _changed(name: str, status: os.stat_result, survey: FolderListing) -> None:
        survey.fresh.append((name, status))
        if stat.S_ISDIR(status.st_mode) and judge(name) is not NameKind.SETTINGS:
            survey.folders.append(name)

    def _stranger(self, entry: os.DirEntry[str], folder: str, survey: FolderListing) -> None:
        kind = judge(entry.name)
        if kind is NameKind.TEMPORARY or self._is_ignored(folder, entry.name):
            return
        if entry.is_dir(follow_symlinks=False):
            if kind is not NameKind.SETTINGS:
                survey.folders.append(entry.name)
        elif entry.is_symlink():
            survey.links.append(entry.name)
        elif not entry.is_file(follow_symlinks=False):
            return
        elif kind is NameKind.CONFLICT:
            survey.conflicts.append(entry.name)
        elif (status := _status(entry)) is not None:
            survey.fresh.append((entry.name, status))
            survey.files += 1

    def _is_ignored(self, folder: str, name: str) -> bool:
        if not self._ignore:
            return False
        return ignored(f"{folder}/{name}" if folder else name, self._ignore)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
