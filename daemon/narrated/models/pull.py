"""A pull: what is missing is fetched beside the models, and takes its place once all is whole."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from narrated.errors import NarratedError, StorageError
from narrated.human_sizes import size
from narrated.models.catalogue import CatalogueEntry, is_mark, wanted
from narrated.models.file_hashes import FileHashes, HubFile, digest
from narrated.models.file_hashes import size as size_of
from narrated.models.hub import NEWEST, Hub, RepositoryListing
from narrated.models.lockfile import LockedFile, LockedModel
from narrated.models.store import ModelStore, writing
from narrated.models.transfer import FileTransfer
from narrated.models.verify import FileState, verified

LINES = 4
"""How many files come at once: most are small, and asking takes longer than sending."""

_SPARE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What a pull is going to do."""

    entry: CatalogueEntry
    commit: str
    licence: str
    there: dict[str, LockedFile]
    """What is on the disk as the hub lists it."""
    missing: tuple[HubFile, ...]
    begun_bytes: int
    """What earlier pulls have left of the missing ones."""
    before: LockedModel | None
    """What was locked until now."""

    @property
    def bytes(self) -> int:
        """What all of it takes."""
        return sum(file.size for file in self.there.values()) + self.missing_bytes

    @property
    def missing_bytes(self) -> int:
        """What the missing files take."""
        return sum(file.size for file in self.missing)


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull came to."""

    entry: CatalogueEntry
    locked: LockedModel
    fetched: int
    """How many files were missing."""
    before: str
    """The commit that was locked until now; empty where there was none."""


class PullObserver(Protocol):
    """Who looks at a pull."""

    def planned(self, plan: PullPlan) -> None:
        """Told once, before anything is fetched."""

    def came(self, done: int, total: int) -> None:
        """Told from several threads, one at a time, how many bytes are there, of how many."""


def pull(
    entry: CatalogueEntry,
    shelf: ModelStore,
    hub: Hub,
    watcher: PullObserver,
    *,
    update: bool = False,
) -> PullResult:
    """Have a model as the lock holds it, or the newest where there is none or on `update`.

    A model that is whole is not asked for. What is interrupted is gone on with by the next call.
    Raises NarratedError where the hub does not give what it should, StorageError where the disk
    does not take it.
    """
    with shelf.held():
        locks = shelf.locks()
        before = locks.get(entry.repository)
        if before and not update and _is_whole(shelf, entry.repository, before):
            return PullResult(entry, before, 0, before.commit)
        plan = _planned(entry, shelf, hub, before, update)
        watcher.planned(plan)
        _refuse_without_room(plan, shelf)
        locked = _carried_out(plan, shelf, hub, watcher)
        shelf.write_locks({**locks, entry.repository: locked})
        _clear_away(plan, locked, shelf)
    return PullResult(entry, locked, len(plan.missing), before.commit if before else "")


def _is_whole(shelf: ModelStore, repository: str, locked: LockedModel) -> bool:
    found = verified(shelf, repository, locked, lambda _: None)
    return all(file.state in (FileState.FINE, FileState.NOT_LOCKED) for file in found)


# The plan


def _planned(
    entry: CatalogueEntry, shelf: ModelStore, hub: Hub, before: LockedModel | None, update: bool
) -> PullPlan:
    if before and not update:
        listing = hub.listing(entry.repository, before.commit)
        if listing.commit != before.commit:
            raise _other_content(entry, before, f"it answers with {listing.commit[:12]}")
        names = tuple(sorted(before.files))
    else:
        listing = hub.listing(entry.repository, NEWEST)
        names = wanted(entry, listing.files)
    if before and before.commit == listing.commit:
        _refuse_other_content(entry, listing, before)
    there, missing = _sorted(entry, shelf, [listing.files[name] for name in names])
    parts = (shelf.part(entry.repository, file.name, file.content) for file in missing)
    return PullPlan(
        entry=entry,
        commit=listing.commit,
        licence=listing.licence,
        there=there,
        missing=tuple(missing),
        begun_bytes=sum(size_of(part) for part in parts),
        before=before,
    )


def _sorted(
    entry: CatalogueEntry, shelf: ModelStore, files: list[HubFile]
) -> tuple[dict[str, LockedFile], list[HubFile]]:
    """What is there already, and what is not, or not as the hub lists it."""
    there, missing = {}, []
    for file in files:
        path = shelf.place(entry.repository) / file.name
        try:
            found = digest(path) if path.stat().st_size == file.size else None
        except OSError:
            found = None
        if found and found.fits(file):
            there[file.name] = LockedFile(found.size, found.sha256)
        else:
            missing.append(file)
    return there, missing


def _refuse_other_content(
    entry: CatalogueEntry, listing: RepositoryListing, before: LockedModel
) -> None:
    """A commit that is locked has one content for ever; whatever else is served is not it."""
    for name, file in before.files.items():
        offered = listing.files.get(name)
        if offered is None:
            raise _other_content(entry, before, f"{name} is no longer in it")
        if offered.size != file.size or offered.sha256 not in ("", file.sha256):
            raise _other_content(entry, before, f"{name} is another file")


def _other_content(entry: CatalogueEntry, before: LockedModel, why: str) -> NarratedError:
    return NarratedError(
        f"The hub now has other content for {entry.repository} at commit {before.commit[:12]} "
        f"than was pulled before: {why}. Nothing was changed.",
        "Somebody may have tampered with it. If you trust what it serves now, begin anew: "
        f"narrated models remove --force {entry.repository} && "
        f"narrated models pull {entry.repository}",
    )


def _refuse_without_room(plan: PullPlan, shelf: ModelStore) -> None:
    place = next(each for each in (shelf.path, *shelf.path.parents) if each.is_dir())
    free = shutil.disk_usage(place).free
    needed = plan.missing_bytes - plan.begun_bytes
    if needed + _SPARE_BYTES > free:
        raise StorageError(
            f"{plan.entry.repository} needs {size(needed)} more in {shelf.path}, and "
            f"{size(free)} are free there.",
            f"Free {size(needed + _SPARE_BYTES - free)}, or name another `models: {{folder: …}}`.",
        )


# The doing


def _carried_out(plan: PullPlan, shelf: ModelStore, hub: Hub, watcher: PullObserver) -> LockedModel:
    repository = plan.entry.repository
    fetched = _fetched(plan, shelf, hub, watcher)
    files = plan.there | {
        name: LockedFile(found.size, found.sha256) for name, found in fetched.items()
    }
    if plan.before and plan.before.commit == plan.commit:
        _refuse_other_hashes(plan, files)
    with writing(shelf.path):
        # What a loader knows a model by comes when all else is there.
        for file in sorted(plan.missing, key=lambda file: is_mark(file.name)):
            part = shelf.part(repository, file.name, file.content)
            shelf.publish(part, repository, file.name)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return LockedModel(plan.commit, now, plan.licence, dict(sorted(files.items())))


def _refuse_other_hashes(plan: PullPlan, files: dict[str, LockedFile]) -> None:
    """Of small files the hub lists a hash of another kind; they can be told apart only now."""
    assert plan.before is not None
    for name, file in plan.before.files.items():
        if name in files and files[name] != file:
            raise _other_content(plan.entry, plan.before, f"{name} is another file")


def _fetched(
    plan: PullPlan, shelf: ModelStore, hub: Hub, watcher: PullObserver
) -> dict[str, FileHashes]:
    """Every missing file as a whole part, with what its hashes turned out to be."""
    stop = threading.Event()
    transfer = FileTransfer(hub, shelf, plan.entry.repository, plan.commit, stop)
    tally = _ByteCounter(watcher, plan.bytes - plan.missing_bytes, plan.bytes)
    with _lines(stop) as lines:
        # The largest first: it takes longest, and the small ones fit in beside it.
        order = sorted(plan.missing, key=lambda file: -file.size)
        coming = {file.name: lines.submit(transfer.fetch, file, tally) for file in order}
        done, _ = wait(coming.values(), return_when=FIRST_EXCEPTION)
        _raise_first(done)
        return {name: each.result() for name, each in coming.items()}


@contextmanager
def _lines(stop: threading.Event) -> Iterator[ThreadPoolExecutor]:
    """Threads that stop soon, and keep what they have, on an error or a Ctrl-C."""
    lines = ThreadPoolExecutor(LINES, thread_name_prefix="pull")
    try:
        yield lines
    finally:
        stop.set()
        lines.shutdown(cancel_futures=True)


def _raise_first(done: set[Future[FileHashes]]) -> None:
    for each in done:
        each.result()


class _ByteCounter:
    """Counts the bytes of several threads for one watcher."""

    def __init__(self, watcher: PullObserver, done: int, total: int) -> None:
        self._watcher = watcher
        self._done = done
        self._total = total
        self._lock = threading.Lock()

    def __call__(self, more: int) -> None:
        with self._lock:
            self._done += more
            self._watcher.came(self._done, self._total)


def _clear_away(plan: PullPlan, locked: LockedModel, shelf: ModelStore) -> None:
    """Remove what the newer commit has no more, which a loader might prefer, and every part."""
    for name in plan.before.files if plan.before else ():
        if name not in locked.files:
            shelf.discard(plan.entry.repository, name)
    shelf.clear(plan.entry.repository)
