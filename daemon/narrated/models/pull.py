"""A pull: downloads the missing files of a model, then moves all of them into place."""

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
from narrated.models.catalogue import CatalogueEntry, is_identifying_file, select_files
from narrated.models.file_hashes import FileHashes, HubFile, file_size, hash_file
from narrated.models.hub import NEWEST, Hub, RepositoryListing
from narrated.models.lockfile import LockedFile, LockedModel
from narrated.models.store import ModelStore, explain_write_errors
from narrated.models.transfer import FileTransfer
from narrated.models.verify import FileState, verify_files

PARALLEL_DOWNLOADS = 4
"""Most files are small: for those the request takes longer than the transfer."""

_SPARE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PullPlan:
    """The files that a pull will download."""

    entry: CatalogueEntry
    commit: str
    licence: str
    present: dict[str, LockedFile]
    """Files on the disk that match the hub's listing."""
    missing: tuple[HubFile, ...]
    begun_bytes: int
    """Bytes of the missing files that earlier pulls left."""
    before: LockedModel | None
    """The lock before this pull."""

    @property
    def bytes(self) -> int:
        """Size of the whole model."""
        return sum(file.size for file in self.present.values()) + self.missing_bytes

    @property
    def missing_bytes(self) -> int:
        """Size of the missing files."""
        return sum(file.size for file in self.missing)


@dataclass(frozen=True, slots=True)
class PullResult:
    """The outcome of a pull."""

    entry: CatalogueEntry
    locked: LockedModel
    fetched: int
    """Number of files that were downloaded."""
    before: str
    """The commit that was locked before; empty if there was none."""


class PullObserver(Protocol):
    """Follows a pull."""

    def planned(self, plan: PullPlan) -> None:
        """Called once, before the first download."""

    def progressed(self, done: int, total: int) -> None:
        """Called with bytes done and in all; from several threads, one at a time."""


def pull(
    entry: CatalogueEntry,
    store: ModelStore,
    hub: Hub,
    observer: PullObserver,
    *,
    update: bool = False,
) -> PullResult:
    """Download a model at its locked commit; at the newest if it has no lock, or on `update`.

    Asks the hub for nothing if the model is complete. The next call resumes an interrupted pull.
    Raises NarratedError if the hub does not deliver, StorageError if the disk refuses.
    """
    with store.exclusive():
        locks = store.locks()
        before = locks.get(entry.repository)
        if before and not update and _is_complete(store, entry.repository, before):
            return PullResult(entry, before, 0, before.commit)
        plan = _make_plan(entry, store, hub, before, update)
        observer.planned(plan)
        _check_free_space(plan, store)
        locked = _execute(plan, store, hub, observer)
        store.write_locks({**locks, entry.repository: locked})
        _remove_leftovers(plan, locked, store)
    return PullResult(entry, locked, len(plan.missing), before.commit if before else "")


def _is_complete(store: ModelStore, repository: str, locked: LockedModel) -> bool:
    found = verify_files(store, repository, locked, lambda _: None)
    return all(file.state in (FileState.FINE, FileState.NOT_LOCKED) for file in found)


# The plan


def _make_plan(
    entry: CatalogueEntry, store: ModelStore, hub: Hub, before: LockedModel | None, update: bool
) -> PullPlan:
    if before and not update:
        listing = hub.listing(entry.repository, before.commit)
        if listing.commit != before.commit:
            raise _other_content(entry, before, f"the hub answers with {listing.commit[:12]}")
        names = tuple(sorted(before.files))
    else:
        listing = hub.listing(entry.repository, NEWEST)
        names = select_files(entry, listing.files)
    if before and before.commit == listing.commit:
        _check_listing(entry, listing, before)
    present, missing = _compare(entry, store, [listing.files[name] for name in names])
    parts = (store.part_path(entry.repository, file.name, file.content) for file in missing)
    return PullPlan(
        entry=entry,
        commit=listing.commit,
        licence=listing.licence,
        present=present,
        missing=tuple(missing),
        begun_bytes=sum(file_size(part) for part in parts),
        before=before,
    )


def _compare(
    entry: CatalogueEntry, store: ModelStore, files: list[HubFile]
) -> tuple[dict[str, LockedFile], list[HubFile]]:
    """Split the listed files into those on the disk, and those missing or different."""
    present, missing = {}, []
    for file in files:
        path = store.folder_of(entry.repository) / file.name
        try:
            found = hash_file(path) if path.stat().st_size == file.size else None
        except OSError:
            found = None
        if found and found.matches(file):
            present[file.name] = LockedFile(found.size, found.sha256)
        else:
            missing.append(file)
    return present, missing


def _check_listing(entry: CatalogueEntry, listing: RepositoryListing, before: LockedModel) -> None:
    """Refuse other content at the locked commit: the content of a commit never changes."""
    for name, file in before.files.items():
        listed = listing.files.get(name)
        if listed is None:
            raise _other_content(entry, before, f"{name} is no longer in it")
        if listed.size != file.size or listed.sha256 not in ("", file.sha256):
            raise _other_content(entry, before, f"{name} is another file")


def _other_content(entry: CatalogueEntry, before: LockedModel, why: str) -> NarratedError:
    return NarratedError(
        f"The hub now has other content for {entry.repository} at commit {before.commit[:12]} "
        f"than the content that was pulled: {why}. Nothing was changed.",
        "Somebody may have tampered with it. If you trust the new content, pull it again: "
        f"narrated models remove --force {entry.repository} && "
        f"narrated models pull {entry.repository}",
    )


def _check_free_space(plan: PullPlan, store: ModelStore) -> None:
    place = next(each for each in (store.path, *store.path.parents) if each.is_dir())
    free = shutil.disk_usage(place).free
    needed = plan.missing_bytes - plan.begun_bytes
    if needed + _SPARE_BYTES > free:
        raise StorageError(
            f"{plan.entry.repository} needs {size(needed)} more in {store.path}, but only "
            f"{size(free)} are free.",
            f"Free {size(needed + _SPARE_BYTES - free)}, or set another `models: {{folder: …}}`.",
        )


# The download


def _execute(plan: PullPlan, store: ModelStore, hub: Hub, observer: PullObserver) -> LockedModel:
    repository = plan.entry.repository
    fetched = _download(plan, store, hub, observer)
    files = plan.present | {
        name: LockedFile(found.size, found.sha256) for name, found in fetched.items()
    }
    if plan.before and plan.before.commit == plan.commit:
        _check_hashes(plan, files)
    with explain_write_errors(store.path):
        # Loaders know a model by its identifying files, so these come last.
        for file in sorted(plan.missing, key=lambda file: is_identifying_file(file.name)):
            part = store.part_path(repository, file.name, file.content)
            store.publish(part, repository, file.name)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return LockedModel(plan.commit, now, plan.licence, dict(sorted(files.items())))


def _check_hashes(plan: PullPlan, files: dict[str, LockedFile]) -> None:
    """Refuse other small files: the hub lists no SHA-256 of them, so their content decides."""
    assert plan.before is not None
    for name, file in plan.before.files.items():
        if name in files and files[name] != file:
            raise _other_content(plan.entry, plan.before, f"{name} is another file")


def _download(
    plan: PullPlan, store: ModelStore, hub: Hub, observer: PullObserver
) -> dict[str, FileHashes]:
    """Download every missing file as an incomplete file. Returns their hashes."""
    stop = threading.Event()
    transfer = FileTransfer(hub, store, plan.entry.repository, plan.commit, stop)
    on_bytes = _ByteCounter(observer, plan.bytes - plan.missing_bytes, plan.bytes)
    with _stoppable_threads(stop) as threads:
        # The largest file first: it takes longest, and small files fit beside it.
        largest_first = sorted(plan.missing, key=lambda file: -file.size)
        downloads = {
            file.name: threads.submit(transfer.fetch, file, on_bytes) for file in largest_first
        }
        done, _ = wait(downloads.values(), return_when=FIRST_EXCEPTION)
        _raise_first(done)
        return {name: each.result() for name, each in downloads.items()}


@contextmanager
def _stoppable_threads(stop: threading.Event) -> Iterator[ThreadPoolExecutor]:
    """Download threads. On an error or Ctrl-C they stop soon and keep their incomplete files."""
    threads = ThreadPoolExecutor(PARALLEL_DOWNLOADS, thread_name_prefix="pull")
    try:
        yield threads
    finally:
        stop.set()
        threads.shutdown(cancel_futures=True)


def _raise_first(done: set[Future[FileHashes]]) -> None:
    for each in done:
        each.result()


class _ByteCounter:
    """Sums the bytes of all download threads for the observer."""

    def __init__(self, observer: PullObserver, done: int, total: int) -> None:
        self._observer = observer
        self._done = done
        self._total = total
        self._lock = threading.Lock()

    def __call__(self, more: int) -> None:
        with self._lock:
            self._done += more
            self._observer.progressed(self._done, self._total)


def _remove_leftovers(plan: PullPlan, locked: LockedModel, store: ModelStore) -> None:
    """Remove incomplete files, and files of the old commit that a loader might prefer."""
    for name in plan.before.files if plan.before else ():
        if name not in locked.files:
            store.remove_file(plan.entry.repository, name)
    store.remove_parts(plan.entry.repository)
