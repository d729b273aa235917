"""Tables and messages about models: the catalogue, the end of a pull, a verification."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from narrated.config.values import Config
from narrated.human_formatting import count_noun, size
from narrated.models.catalogue import (
    CatalogueEntry,
    configured_models,
    detect_layout,
    find_model,
    known_models,
    usage_lines,
)
from narrated.models.store import LockedModel, ModelState, ModelStore
from narrated.models.verify import FileState, VerifiedFile, verify_files
from narrated.printable import printable
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
    columns = {
        "NAME": [row.name for row in found],
        "DOES": [row.does for row in found],
        "STATE": [row.state.value for row in found],
        "SIZE": [size(row.bytes) if row.bytes else "" for row in found],
        "COMMIT": [row.commit[:COMMIT_CHARACTERS] for row in found],
        "LICENCE": [row.licence for row in found],
        "REPOSITORY": [row.repository for row in found],
    }
    widths = [max(map(len, (head, *cells))) for head, cells in columns.items()]
    for line in (columns.keys(), *zip(*columns.values(), strict=True)):
        padded = map(str.ljust, line, widths)
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


class ModelVerdict(NamedTuple):
    """The outcome of a model's verification, with the lines that report it."""

    well: bool
    lines: list[str]


def verification(store: ModelStore, names: Sequence[str]) -> Iterator[ModelVerdict]:
    """Verify these models, or all of them, for `narrated models verify`."""
    locks = store.locks()
    if names:
        repositories = [find_model(name).repository for name in names]
    else:
        repositories = sorted({*locks, *store.repositories()})
    if not repositories:
        yield ModelVerdict(True, [f"There are no models in {printable(str(store.path))}."])
    for repository in repositories:
        if locked := locks.get(repository):
            yield _verify(store, repository, locked)
        else:
            yield ModelVerdict(False, _unlocked(store, repository))


def _unlocked(store: ModelStore, repository: str) -> list[str]:
    pull = f"narrated models pull {repository}"
    if store.model_state(repository, None) is ModelState.ABSENT:
        return [f"BAD   {repository} is not pulled.", f"      Pull it: {pull}"]
    return [
        f"BAD   {repository} was not pulled but copied here: the lockfile has no hashes of it.",
        f"      Compare it with the hub, and lock it: {pull}",
    ]


def _verify(store: ModelStore, repository: str, locked: LockedModel) -> ModelVerdict:
    with VerificationProgress(repository, locked.bytes) as on_bytes:
        files = list(verify_files(store, repository, locked, on_bytes))
    wrong = [file for file in files if file.state is not FileState.FINE]
    model = f"{repository} at {locked.commit[:COMMIT_CHARACTERS]}"
    count = count_noun(len(files), "file")
    if not wrong:
        return ModelVerdict(True, [f"ok    {model}: {count}, {size(locked.bytes)}, as pulled"])
    lines = [f"BAD   {model}: {len(wrong)} of {count} not as pulled"]
    for file in wrong[:MOST_FILES]:
        lines.append(f"      {file.state}: {printable(file.name)}: {file.why}")
    if len(wrong) > MOST_FILES:
        lines.append(f"      and {len(wrong) - MOST_FILES} more")
    return ModelVerdict(False, lines + _remedies(store, repository, wrong))


def _remedies(store: ModelStore, repository: str, wrong: Sequence[VerifiedFile]) -> list[str]:
    unlocked = [file for file in wrong if file.state is FileState.NOT_LOCKED]
    repair = f"      Repair it: narrated models pull {repository}"
    remedies = [repair] if len(unlocked) < len(wrong) else []
    if unlocked:
        folder = printable(str(store.folder_of(repository)))
        remedies.append(f"      Move files that no pull wrote out of {folder}")
    return remedies
