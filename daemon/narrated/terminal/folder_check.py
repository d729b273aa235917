"""A whole folder checked: what of each of its files would be said, and what would not."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from narrated.errors import NarratedError
from narrated.inbox.fs import chmod_remedy
from narrated.inbox.name_rules import NameKind, judge
from narrated.inbox.scanner import FolderScanner
from narrated.jobs.planner import JobDefaults, Planner
from narrated.script.coverage import Coverage, count_coverage
from narrated.script.script import Skip
from narrated.service.app import App

FEWEST_READERS, MOST_READERS = 2, 4
"""Two at least, so that one file that hangs does not hold up all others."""

Tell = Callable[[int, int], None]
"""Told how many files are done, of how many."""


class CheckedFile(msgspec.Struct, frozen=True):
    """One file, or a folder that cannot be listed, and what would become of it."""

    path: str
    """From the root: the inbox where the folder lies in it, else the folder itself."""
    coverage: Coverage | None = None
    """None where it could not be read."""
    narrate: bool = True
    """False where its author wants no narration."""
    skipped: tuple[Skip, ...] = ()
    problem: str = ""
    remedy: str = ""


class FolderCheck(msgspec.Struct, frozen=True):
    """All that lies in a folder, by path."""

    files: tuple[CheckedFile, ...]
    conflicts: tuple[str, ...]
    """Copies that a synchroniser set aside: they are never read."""

    @property
    def failed(self) -> int:
        """How many could not be read."""
        return sum(each.coverage is None for each in self.files)

    @property
    def coverage(self) -> Coverage:
        """The sum of all that are narrated."""
        narrated = [each.coverage for each in self.files if each.coverage and each.narrate]
        return Coverage(**{name: _sum(narrated, name) for name in Coverage.__struct_fields__})


class FoundFiles(msgspec.Struct, frozen=True):
    """What the inbox would see in a folder and below it."""

    files: list[str] = []
    conflicts: list[str] = []
    closed: list[CheckedFile] = []
    """Folders that cannot be listed."""


async def check(app: App, folder: str, tell: Tell) -> FolderCheck:
    """Plan every file in a folder of the inbox, several at once; nothing is spoken.

    Pictures are looked for, but not looked at.
    """
    found = look(app.config.inbox, folder, app.config.ignore)
    waiting = iter(found.files)
    defaults = app.defaults
    checked: list[CheckedFile] = []

    async def read_on(planner: Planner) -> None:
        for path in waiting:  # shared: who is done takes the next
            checked.append(await _checked(planner, path, defaults))
            tell(len(checked), len(found.files))

    await asyncio.gather(*(read_on(app.build_planner()) for _ in range(_readers(len(found.files)))))
    files = sorted([*checked, *found.closed], key=lambda each: each.path)
    return FolderCheck(tuple(files), tuple(sorted(found.conflicts)))


def look(root: Path, folder: str, ignore: Sequence[str]) -> FoundFiles:
    """Find what the inbox would find below a folder of it; links are not followed."""
    scanner = FolderScanner(str(root), ignore, lambda: None)
    found = FoundFiles([], [], [])
    folders = [folder]
    while folders:
        here = folders.pop()
        try:
            listing = scanner.list_folder(here, {})
        except OSError as error:
            found.closed.append(_closed(here, scanner.absolute(here), error))
            continue
        documents = (name for name, _ in listing.changed if judge(name) is NameKind.DOCUMENT)
        found.files.extend(_in(here, documents))
        found.conflicts.extend(_in(here, listing.conflicts))
        folders.extend(_in(here, listing.folders))
    return found


def _sum(coverages: Iterable[Coverage], name: str) -> int:
    return sum(getattr(each, name) for each in coverages)


def _in(folder: str, names: Iterable[str]) -> Iterable[str]:
    return (f"{folder}/{name}" if folder else name for name in names)


def _closed(folder: str, place: str, error: OSError) -> CheckedFile:
    problem = f"The folder cannot be listed: {error.strerror}."
    remedy = ""
    if isinstance(error, PermissionError):
        remedy = chmod_remedy(folder or ".", Path(place).lstat())
    return CheckedFile(folder or ".", problem=problem, remedy=remedy)


def _readers(files: int) -> int:
    processors = len(os.sched_getaffinity(0))
    return min(files, max(FEWEST_READERS, min(processors, MOST_READERS)))


async def _checked(planner: Planner, path: str, defaults: JobDefaults) -> CheckedFile:
    try:
        plan = await planner.draft_of(path, defaults)
    except NarratedError as error:
        return CheckedFile(path, problem=error.problem, remedy=error.remedy)
    return CheckedFile(path, count_coverage(plan.script), plan.narrate, plan.script.skipped)
