"""`narrated script --check`: drafts files or a folder; reports coverage, skips and leftovers."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from narrated.errors import NarratedError
from narrated.human_formatting import count_noun
from narrated.inbox.change_scan import most_frequent
from narrated.inbox.chmod_remedy import chmod_remedy
from narrated.inbox.folder_scanner import FolderScanner
from narrated.inbox.name_rules import NameKind, judge
from narrated.jobs.plan import JobDefaults
from narrated.jobs.planner import Planner
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path, other_kinds_line
from narrated.script.coverage_counts import Coverage, count_coverage
from narrated.script.leftover_markup import Leftover, find_leftovers
from narrated.script.preview import describe_coverage, describe_skip, speaking_time
from narrated.script.script import Draft, Skip
from narrated.service.app import App
from narrated.terminal.given_document import gallery_of_folder
from narrated.terminal.leftover_lines import with_source_lines

FEWEST_PARSERS, MOST_PARSERS = 2, 4  # two, so that a file that hangs does not hold up the others
MOST_SKIPS = 8
"""Skipped parts that are printed for each file, unless all are asked for."""

OnFile = Callable[[int, int], None]
"""Called with the files done and all files."""
OnDraft = Callable[[str, Draft | NarratedError], None]
"""Called with a file's path and its draft, or the problem with it."""


class CheckedFile(msgspec.Struct, frozen=True):
    """A file and its coverage, or a file or folder that could not be read, and the problem.

    The field names are keys of the JSON.
    """

    path: str
    """Relative to the inbox if the folder lies in it, else to the folder."""
    coverage: Coverage | None = None
    """None if the file could not be read."""
    narrate: bool = True
    """False if its author wants no narration."""
    held_back: str = ""
    """Why it is not narrated yet; empty if it is."""
    speed: float = 1.0
    """That of the whole file; the length of its sound is divided by it."""
    skipped: tuple[Skip, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    """Places in the spoken text that look like markup."""
    problem: str = ""
    remedy: str = ""


class FolderCheck(msgspec.Struct, frozen=True):
    """All files of a folder, sorted by path."""

    files: tuple[CheckedFile, ...]
    conflicts: tuple[str, ...]
    """Conflict copies of a synchroniser, which narrated never reads."""
    other_kinds: dict[str, int] = {}
    """Files of no kind that narrated reads, counted by suffix."""
    ignored: int = 0
    """Files and whole folders that a rule ignores."""

    @property
    def failed(self) -> int:
        """Number of files that could not be read."""
        return sum(each.coverage is None for each in self.files)

    @property
    def leftovers(self) -> int:
        """Number of leftovers in all files that will be narrated."""
        return sum(len(each.leftovers) for each in self.files if each.narrate)

    @property
    def coverage(self) -> Coverage:
        """Sum over all files that will be narrated."""
        narrated = [coverage for coverage, _ in self._narrated]
        names = Coverage.__struct_fields__
        return Coverage(*(sum(getattr(each, name) for each in narrated) for name in names))

    @property
    def words_at_speed(self) -> float:
        """Words of all files that will be narrated, those of each divided by its speed."""
        return sum(coverage.words / speed for coverage, speed in self._narrated)

    @property
    def _narrated(self) -> list[tuple[Coverage, float]]:
        wanted = [each for each in self.files if each.narrate and not each.held_back]
        return [(each.coverage, each.speed) for each in wanted if each.coverage]

    def builtins(self) -> dict[str, Any]:
        """The check for `--json`, with totals."""
        counts = {"files": len(self.files), "failed": self.failed}
        totals = counts | msgspec.to_builtins(self.coverage)
        return {**msgspec.to_builtins(self), "totals": totals, "leftovers": self.leftovers}


@dataclass(slots=True)
class FoundFiles:
    """The files that the inbox would find in a folder and below it."""

    files: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    unlisted: list[CheckedFile] = field(default_factory=list)
    """Folders that cannot be listed."""
    other: Counter[str] = field(default_factory=Counter)
    """Files of no kind that narrated reads, by suffix."""
    ignored: int = 0


async def check_folder(
    app: App, folder: str, on_file: OnFile, without: Sequence[Path] = ()
) -> FolderCheck:
    """Plan every file in a folder of the app's inbox, several at once. Speaks nothing.

    Pictures are looked up, but not described. Folders in `without` are passed over.
    """
    checked: list[CheckedFile] = []
    found = await draft_files(
        app,
        folder,
        on_file,
        lambda path, draft: checked.append(_checked(path, draft, app.config.inbox / path)),
        without,
    )
    files = sorted([*checked, *found.unlisted], key=lambda each: each.path)
    conflicts = tuple(sorted(found.conflicts))
    return FolderCheck(tuple(files), conflicts, most_frequent(found.other), found.ignored)


async def check_files(app: App, paths: Mapping[str, str], on_file: OnFile) -> FolderCheck:
    """Draft files of the app's inbox, in turn; `paths` gives the shown name of each."""
    defaults, checked = app.defaults, []
    for done, (path, shown) in enumerate(paths.items(), start=1):
        draft = await _drafted(app.planner, path, defaults)
        checked.append(_checked(shown, draft, app.config.inbox / path))
        on_file(done, len(paths))
    return FolderCheck(tuple(checked), ())


async def draft_files(
    app: App, folder: str, on_file: OnFile, on_draft: OnDraft, without: Sequence[Path] = ()
) -> FoundFiles:
    """Draft every file in a folder of the app's inbox, several at once, in any order."""
    found = find_files(app.config.inbox, folder, app.config.ignore, without)
    waiting, done = iter(found.files), count(1)
    defaults = app.defaults

    async def draft_next(planner: Planner) -> None:
        for path in waiting:  # shared by all planners
            if not await planner.scripts.is_paired(path):
                on_draft(path, await _drafted(planner, path, defaults))
            on_file(next(done), len(found.files))

    processors = len(os.sched_getaffinity(0))
    most = max(FEWEST_PARSERS, min(processors, MOST_PARSERS))
    planners = [app.build_planner() for _ in range(min(most, len(found.files)))]
    await asyncio.gather(*map(draft_next, planners))
    return found


def find_files(
    root: Path, folder: str, ignore: Sequence[str], without: Sequence[Path] = ()
) -> FoundFiles:
    """Find the files that the inbox would find below a folder. Follows no links."""
    scanner = FolderScanner(str(root), ignore, lambda: None)
    found = FoundFiles(ignored=bool(scanner.rules.of(folder).closed_by))
    folders = [folder]
    while folders:
        current = folders.pop()
        try:
            listing = scanner.list_folder(current, {})
        except OSError as error:
            found.unlisted.append(_unlisted(current, scanner.absolute(current), error))
            continue
        documents = (
            name
            for name, _ in listing.changed
            if judge(name) is NameKind.DOCUMENT
            or (is_gallery_path(name) and gallery_of_folder(root / current) != root / current)
        )
        found.files.extend(_paths(current, documents))
        found.conflicts.extend(_paths(current, listing.conflicts))
        found.other += listing.other
        found.ignored += listing.ignored_count
        entered = _paths(current, listing.folders)
        folders.extend(each for each in entered if root / each not in without)
    return found


def _paths(folder: str, names: Iterable[str]) -> Iterable[str]:
    return (f"{folder}/{name}" if folder else name for name in names)


def _unlisted(folder: str, path: str, error: OSError) -> CheckedFile:
    name = folder or "."
    is_closed = isinstance(error, PermissionError)
    remedy = chmod_remedy(name, Path(path).lstat()) if is_closed else ""
    return CheckedFile(
        name, problem=f"The folder cannot be listed: {error.strerror}.", remedy=remedy
    )


async def _drafted(planner: Planner, path: str, defaults: JobDefaults) -> Draft | NarratedError:
    try:
        return await planner.draft(path, defaults)
    except NarratedError as error:
        return error


def _checked(path: str, draft: Draft | NarratedError, source: Path) -> CheckedFile:
    if isinstance(draft, NarratedError):
        return CheckedFile(path, problem=draft.problem, remedy=draft.remedy)
    script = draft.script
    return CheckedFile(
        path,
        count_coverage(script),
        draft.narrate,
        draft.held_back,
        draft.mean_speed,
        script.skipped,
        with_source_lines(tuple(find_leftovers(script)), source),
    )


def report_lines(check: FolderCheck, *, every_skip: bool = False) -> Iterator[str]:
    """Format a check for a terminal: file by file, then the totals."""
    for each in check.files:
        yield from _file_lines(each, every_skip)
    for path in check.conflicts:
        yield f"{printable(path)}  conflict, never read: keep one version, delete the other"
    if check.other_kinds:
        yield f"{other_kinds_line(check.other_kinds)}, not read"
    if check.ignored:
        yield f"{check.ignored} files and folders ignored; `narrated ignored FILE` says why"
    yield from _total_lines(check)


def _file_lines(each: CheckedFile, every_skip: bool) -> Iterator[str]:
    path = printable(each.path)
    if each.coverage is None:
        yield f"{path}  NOT READ: {f'{each.problem} {each.remedy}'.rstrip()}"
        return
    fate = "narrate: false" if not each.narrate else each.held_back
    yield f"{path}  {describe_coverage(each.coverage)}{f' ({printable(fate)})' if fate else ''}"
    for leftover in each.leftovers:
        yield f"    {_describe_leftover(leftover)}"
    most = len(each.skipped) if every_skip else MOST_SKIPS
    for skip in each.skipped[:most]:
        yield f"    {describe_skip(skip)}"
    if len(each.skipped) > most:
        yield f"    and {len(each.skipped) - most} more"


def _describe_leftover(leftover: Leftover) -> str:
    line = f" in line {leftover.source_line}" if leftover.source_line else ""
    return f"LEFTOVER {leftover.kind}{line}: {printable(leftover.text)}"


def _total_lines(check: FolderCheck) -> Iterator[str]:
    if not check.files:
        yield "There is nothing to read in this folder."
        return
    yield ""
    yield f"{count_noun(len(check.files), 'file')}, {check.failed or 'none'} could not be read"
    if silent := sum(not each.narrate for each in check.files):
        yield f"{count_noun(silent, 'file')} not narrated (narrate: false), and not counted below"
    if held := sum(bool(each.held_back) for each in check.files):
        yield f"{count_noun(held, 'file')} held back, and not counted below"
    coverage = check.coverage
    yield f"{describe_coverage(coverage)}, {speaking_time(check.words_at_speed)}"
    found = count_noun(check.leftovers, "leftover") if check.leftovers else "no leftovers"
    yield f"{found} of markup in what would be said"
