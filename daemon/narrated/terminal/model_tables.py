"""How models look on a terminal: the catalogue, a pull under way, and a verification."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from narrated.config.values import Config
from narrated.human_sizes import size
from narrated.models.catalogue import CatalogueEntry, entries, entry, layout_of, usage
from narrated.models.lockfile import LockedModel
from narrated.models.pull import PullPlan, PullResult
from narrated.models.references import uses
from narrated.models.store import ModelStore
from narrated.models.verify import CheckedFile, FileState, ModelState, standing, verified
from narrated.printable import printable
from narrated.terminal.progress_bar import ProgressBar

MOST_FILES = 8
"""Of a model's files, how many that are wrong are listed."""

_COMMIT_SHOWN = 8


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model, as `narrated models list` shows it."""

    name: str
    """Of the catalogue, else its repository."""
    repository: str
    does: str
    about: str
    licence: str
    state: ModelState
    bytes: int
    """0 where nothing was pulled: its size is not known before the hub tells it."""
    commit: str
    pulled: str
    used_by: tuple[str, ...]

    def builtins(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def rows(shelf: ModelStore, config: Config | None) -> Iterator[ModelRow]:
    """The catalogue, then what else is on the shelf."""
    locks, used = shelf.locks(), uses(config) if config else {}
    known = {each.repository: each for each in entries()}
    others = sorted({*locks, *shelf.repositories(), *used} - known.keys())
    for each in (*known.values(), *map(entry, others)):
        locked = locks.get(each.repository)
        yield ModelRow(
            name=each.name or each.repository,
            repository=each.repository,
            does=each.does,
            about=each.about,
            licence=_licence(each, locked),
            state=standing(shelf, each.repository, locked),
            bytes=locked.bytes if locked else 0,
            commit=locked.commit if locked else "",
            pulled=locked.pulled if locked else "",
            used_by=used.get(each.repository, ()),
        )


def _licence(entry: CatalogueEntry, locked: LockedModel | None) -> str:
    """As its repository named it when it was pulled, in the catalogue's spelling if it has one."""
    named = locked.licence if locked else ""
    return entry.licence if named.lower() in ("", entry.licence.lower()) else named


def table(found: Sequence[ModelRow]) -> Iterator[str]:
    """Rows as lines, in columns; then what uses them."""
    cells = [
        (
            row.name,
            row.does,
            row.state.value,
            size(row.bytes) if row.bytes else "",
            row.commit[:_COMMIT_SHOWN],
            row.licence,
            row.repository,
        )
        for row in found
    ]
    head = ("NAME", "DOES", "STATE", "SIZE", "COMMIT", "LICENCE", "REPOSITORY")
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    for line in (head, *cells):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield printable("  ".join(padded).rstrip())
    if in_use := [row for row in found if row.used_by]:
        yield ""
        for row in in_use:
            yield f"{row.name} is used by {', '.join(row.used_by)}."


class PullProgress(ProgressBar):
    """A progress bar over the bytes of a model, where stderr is a terminal."""

    def __init__(self, entry: CatalogueEntry, *, quiet: bool) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        rates = (TransferSpeedColumn(), TimeRemainingColumn())
        hidden = quiet or not sys.stderr.isatty()
        name = printable(entry.repository)
        super().__init__(*columns, *rates, task=name, transient=True, disable=hidden)
        self._says = not quiet
        self._name = name

    def planned(self, plan: PullPlan) -> None:
        """Say what is going to be fetched."""
        if self._says and plan.missing:
            click.echo(planned_line(plan), err=True)

    def came(self, done: int, total: int) -> None:
        """Draw how much is there."""
        self.show(done, total, self._name)


def planned_line(plan: PullPlan) -> str:
    """What a pull is going to fetch, in a line."""
    begun = f", {size(plan.begun_bytes)} of them from before" if plan.begun_bytes else ""
    files = _files(len(plan.missing))
    return printable(
        f"{plan.entry.repository} at {plan.commit[:_COMMIT_SHOWN]}: "
        f"{files}, {size(plan.missing_bytes)}{begun}"
    )


def pulled_lines(pulled: PullResult, *, used: bool, advice: bool) -> Iterator[str]:
    """How a pull ended, and what to do with the model now."""
    yield printable(_outcome(pulled))
    entry = pulled.entry
    named = _licence(entry, pulled.locked)
    if entry.licence not in ("", named):
        yield printable(
            f"  Its repository names the licence {named}, the catalogue {entry.licence}."
        )
    if not advice or pulled.before:
        return
    layout = layout_of(pulled.locked.files)
    if layout and layout.code:
        yield f"  The code of its engine, if it is not there yet: {layout.code}"
    if not used:
        yield "  Use it in narrated.yaml:"
        yield from (f"    {line}" for line in usage(entry, pulled.locked.files))


def _outcome(pulled: PullResult) -> str:
    repository, locked = pulled.entry.repository, pulled.locked
    commit = locked.commit[:_COMMIT_SHOWN]
    what = f"{repository} at {commit}, {size(locked.bytes)}"
    if not pulled.before:
        return f"{what}: pulled; the lock holds to it from now on."
    if pulled.before != locked.commit:
        return f"{what}: updated from {pulled.before[:_COMMIT_SHOWN]}."
    if pulled.fetched:
        return f"{what}: mended, {_files(pulled.fetched)} fetched."
    return f"{what}: all of it is there."


# Verification


@dataclass(frozen=True, slots=True)
class VerificationLine:
    """A line of a verification, and whether it tells of something that is well."""

    text: str
    well: bool = True


def verification(shelf: ModelStore, names: Sequence[str]) -> Iterator[VerificationLine]:
    """Verify models by name, or all there are, as `narrated models verify` prints it."""
    locks = shelf.locks()
    if names:
        repositories = [entry(name).repository for name in names]
    else:
        repositories = sorted({*locks, *shelf.repositories()})
    if not repositories:
        yield VerificationLine(f"No models are in {printable(str(shelf.path))}.")
    for repository in repositories:
        locked = locks.get(repository)
        if locked is None:
            yield from _unlocked(shelf, repository)
        else:
            yield from _verification(shelf, repository, locked)


def _unlocked(shelf: ModelStore, repository: str) -> Iterator[VerificationLine]:
    mends = f"narrated models pull {repository}"
    if standing(shelf, repository, None) is ModelState.ABSENT:
        yield VerificationLine(f"BAD   {repository} is not pulled.", well=False)
        yield VerificationLine(f"      Pull it: {mends}", well=False)
    else:
        yield VerificationLine(
            f"BAD   {repository} is there, but was not pulled: nothing vouches for it.", False
        )
        yield VerificationLine(f"      Compare it with the hub, and lock it: {mends}", well=False)


def _verification(
    shelf: ModelStore, repository: str, locked: LockedModel
) -> Iterator[VerificationLine]:
    with _VerificationProgress(repository, locked) as read:
        found = list(verified(shelf, repository, locked, read))
    wrong = [file for file in found if file.state is not FileState.FINE]
    at = f"{repository} at {locked.commit[:_COMMIT_SHOWN]}"
    if not wrong:
        yield VerificationLine(f"ok    {at}: {_files(len(found))}, {size(locked.bytes)}, as pulled")
        return
    yield VerificationLine(
        f"BAD   {at}: {len(wrong)} of {_files(len(found))} not as pulled", well=False
    )
    for file in wrong[:MOST_FILES]:
        yield VerificationLine(
            f"      {file.state}: {printable(file.name)}: {file.why}", well=False
        )
    if len(wrong) > MOST_FILES:
        yield VerificationLine(f"      and {len(wrong) - MOST_FILES} more", well=False)
    yield from _mended(shelf, repository, wrong)


def _mended(
    shelf: ModelStore, repository: str, wrong: Sequence[CheckedFile]
) -> Iterator[VerificationLine]:
    strangers = [file for file in wrong if file.state is FileState.NOT_LOCKED]
    if len(strangers) < len(wrong):
        yield VerificationLine(f"      Mend it: narrated models pull {repository}", well=False)
    if strangers:
        place = printable(str(shelf.place(repository)))
        yield VerificationLine(f"      Move what was not pulled out of {place}", well=False)


class _VerificationProgress(ProgressBar):
    """A progress bar over the bytes that are read, where stderr is a terminal."""

    def __init__(self, repository: str, locked: LockedModel) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        hidden = not sys.stderr.isatty()
        super().__init__(*columns, task=repository, transient=True, disable=hidden)
        self._repository = repository
        self._total = locked.bytes
        self._done = 0

    def __call__(self, more: int) -> None:
        self._done += more
        self.show(self._done, self._total, self._repository)


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
