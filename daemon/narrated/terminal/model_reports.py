"""Messages about models: the end of a pull, a verification."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from narrated.human_formatting import count_noun, size
from narrated.models.catalogue import detect_layout, find_model, usage_lines
from narrated.models.store import LockedModel, ModelState, ModelStore
from narrated.models.verify import FileState, VerifiedFile, verify_files
from narrated.printable import printable
from narrated.terminal.model_list import licence_of
from narrated.terminal.progress_bars import COMMIT_CHARACTERS, VerificationProgress

if TYPE_CHECKING:
    from narrated.models.pull import PullResult

MOST_FILES = 8
"""Number of wrong files that are listed for each model."""


def pulled_lines(pulled: "PullResult", *, used: bool, advice: bool) -> Iterator[str]:
    """Describe the outcome of a pull, and the next steps if `advice` is set."""
    yield printable(_outcome(pulled))
    entry = pulled.entry
    licence = licence_of(entry, pulled.locked)
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
