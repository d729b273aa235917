"""Tables and messages about models: the catalogue, the end of a pull, a verification."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from narrated.config.values import Config
from narrated.human_sizes import size
from narrated.models.catalogue import (
    CatalogueEntry,
    configured_models,
    detect_layout,
    find_model,
    known_models,
    usage_lines,
)
from narrated.models.lockfile import LockedModel
from narrated.models.store import ModelState, ModelStore
from narrated.models.verify import FileState, VerifiedFile, verify_files
from narrated.printable import printable
from narrated.script.preview import count_noun
from narrated.terminal.progress_bars import COMMIT_CHARACTERS, VerificationProgress

if TYPE_CHECKING:
    from narrated.models.pull import PullResult

MOST_FILES = 8
"""Number of wrong files that are listed for each model."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A row of `narrated models list`. The field names are keys of its JSON."""

    name: str
    """The name in the catalogue, else the repository."""
    repository: str
    does: str
    about: str
    licence: str
    state: ModelState
    bytes: int
    """0 if the model was not pulled: only the hub knows its size."""
    commit: str
    pulled: str
    used_by: tuple[str, ...]

    def builtins(self) -> dict[str, Any]:
        """The row for JSON."""
        return asdict(self)


def model_rows(store: ModelStore, config: Config | None) -> Iterator[ModelRow]:
    """The models of the catalogue, then other models that are present or configured."""
    locks, used = store.locks(), configured_models(config) if config else {}
    known = {each.repository: each for each in known_models()}
    others = sorted({*locks, *store.repositories(), *used} - known.keys())
    for each in (*known.values(), *map(find_model, others)):
        locked = locks.get(each.repository)
        yield ModelRow(
            name=each.name or each.repository,
            repository=each.repository,
            does=each.does,
            about=each.about,
            licence=_licence(each, locked),
            state=store.model_state(each.repository, locked),
            bytes=locked.bytes if locked else 0,
            commit=locked.commit if locked else "",
            pulled=locked.pulled if locked else "",
            used_by=used.get(each.repository, ()),
        )


def _licence(entry: CatalogueEntry, locked: LockedModel | None) -> str:
    """The licence that the repository named at the pull, in the catalogue's spelling if known."""
    named = locked.licence if locked else ""
    return entry.licence if named.lower() in ("", entry.licence.lower()) else named


def model_table(found: Sequence[ModelRow]) -> Iterator[str]:
    """Format rows in columns; then list the configuration keys that use each model."""
    cells = [
        (
            row.name,
            row.does,
            row.state.value,
            size(row.bytes) if row.bytes else "",
            row.commit[:COMMIT_CHARACTERS],
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


def pulled_lines(pulled: "PullResult", *, used: bool, advice: bool) -> Iterator[str]:
    """Describe the outcome of a pull, and the next steps if `advice` is set."""
    yield printable(_outcome(pulled))
    entry = pulled.entry
    licence = _licence(entry, pulled.locked)
    if entry.licence not in ("", licence):
        yield printable(
            f"  The repository names the licence {licence}, the catalogue {entry.licence}."
        )
    if not advice or pulled.before:
        return
    layout = detect_layout(pulled.locked.files)
    if layout and layout.code:
        yield f"  Install the engine's code, if you have not: {layout.code}"
    if not used:
        yield "  Use it in narrated.yaml:"
        yield from (f"    {line}" for line in usage_lines(entry, pulled.locked.files))


def _outcome(pulled: "PullResult") -> str:
    repository, locked = pulled.entry.repository, pulled.locked
    commit = locked.commit[:COMMIT_CHARACTERS]
    model = f"{repository} at {commit}, {size(locked.bytes)}"
    if not pulled.before:
        return f"{model}: pulled. Later pulls keep this commit, until --update."
    if pulled.before != locked.commit:
        return f"{model}: updated from {pulled.before[:COMMIT_CHARACTERS]}."
    if pulled.fetched:
        return f"{model}: repaired, {count_noun(pulled.fetched, 'file')} fetched."
    return f"{model}: complete, nothing to fetch."


# Verification


@dataclass(frozen=True, slots=True)
class VerificationLine:
    """A line of a verification. `well` is False if the line reports a problem."""

    text: str
    well: bool = True


def verification(store: ModelStore, names: Sequence[str]) -> Iterator[VerificationLine]:
    """Verify these models, or all of them, and yield the lines of `narrated models verify`."""
    locks = store.locks()
    if names:
        repositories = [find_model(name).repository for name in names]
    else:
        repositories = sorted({*locks, *store.repositories()})
    if not repositories:
        yield VerificationLine(f"There are no models in {printable(str(store.path))}.")
    for repository in repositories:
        locked = locks.get(repository)
        if locked is None:
            yield from _unlocked(store, repository)
        else:
            yield from _verification(store, repository, locked)


def _unlocked(store: ModelStore, repository: str) -> Iterator[VerificationLine]:
    pull = f"narrated models pull {repository}"
    if store.model_state(repository, None) is ModelState.ABSENT:
        yield VerificationLine(f"BAD   {repository} is not pulled.", well=False)
        yield VerificationLine(f"      Pull it: {pull}", well=False)
    else:
        yield VerificationLine(
            f"BAD   {repository} was not pulled but copied here: the lockfile has no hashes of it.",
            well=False,
        )
        yield VerificationLine(f"      Compare it with the hub, and lock it: {pull}", well=False)


def _verification(
    store: ModelStore, repository: str, locked: LockedModel
) -> Iterator[VerificationLine]:
    with VerificationProgress(repository, locked) as on_bytes:
        files = list(verify_files(store, repository, locked, on_bytes))
    wrong = [file for file in files if file.state is not FileState.FINE]
    model = f"{repository} at {locked.commit[:COMMIT_CHARACTERS]}"
    count = count_noun(len(files), "file")
    if not wrong:
        yield VerificationLine(f"ok    {model}: {count}, {size(locked.bytes)}, as pulled")
        return
    yield VerificationLine(f"BAD   {model}: {len(wrong)} of {count} not as pulled", well=False)
    for file in wrong[:MOST_FILES]:
        line = f"      {file.state}: {printable(file.name)}: {file.why}"
        yield VerificationLine(line, well=False)
    if len(wrong) > MOST_FILES:
        yield VerificationLine(f"      and {len(wrong) - MOST_FILES} more", well=False)
    yield from _remedies(store, repository, wrong)


def _remedies(
    store: ModelStore, repository: str, wrong: Sequence[VerifiedFile]
) -> Iterator[VerificationLine]:
    unlocked = [file for file in wrong if file.state is FileState.NOT_LOCKED]
    if len(unlocked) < len(wrong):
        yield VerificationLine(f"      Repair it: narrated models pull {repository}", well=False)
    if unlocked:
        folder = printable(str(store.folder_of(repository)))
        yield VerificationLine(f"      Move files that no pull wrote out of {folder}", well=False)
