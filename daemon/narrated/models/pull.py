"""A pull: downloads the missing files of a model, then moves all of them into place."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from narrated.errors import NarratedError, StorageError
from narrated.human_formatting import size
from narrated.models.catalogue import CatalogueEntry, is_identifying_file, select_files
from narrated.models.file_hashes import HashedFile, hash_file, size_if_file
from narrated.models.hub import (
    NEWEST,
    RETRY_LATER,
    Hub,
    RepositoryListing,
    TransferInterrupted,
)
from narrated.models.hub_folder import HubFolder
from narrated.models.licences import permits_commercial_use
from narrated.models.model_card import CARD, card_licence, read_card
from narrated.models.store import (
    LockedFile,
    LockedModel,
    ModelStore,
    explain_write_errors,
    nearest_folder,
)
from narrated.models.unloadable import refuse_own_code
from narrated.models.verify import FileState, verify_files

MAX_INTERRUPTIONS = 5
"""Interruptions in a row, without a new byte between them, before a download fails."""

_PARALLEL_DOWNLOADS = 4  # most files are small: the request takes longer than the transfer
_SPARE_BYTES = 1 << 20
_MOST_CONFIG_BYTES = 1 << 20
_CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class PullPlan:
    """The files that a pull will download."""

    entry: CatalogueEntry
    commit: str
    licence: str
    present: dict[str, LockedFile]
    """Files on the disk that match the hub's listing."""
    missing: tuple[HashedFile, ...]
    begun_bytes: int
    """Bytes of the missing files that earlier pulls left."""
    before: LockedModel | None
    """The lock before this pull."""

    @property
    def licences(self) -> tuple[str, ...]:
        """The licence of the repository, and that of the catalogue where it names another."""
        named = (self.licence, self.entry.licence)
        return tuple({each.lower(): each for each in named if each}.values())

    @property
    def has_unknown_licence(self) -> bool:
        """True for a voice outside of the catalogue, unless its card names a licence that permits
        all use."""
        is_voice = bool(self.entry.origin[1])
        return is_voice and not self.entry.licence and not permits_commercial_use(self.licence)

    @property
    def is_known_licence(self) -> bool:
        """True if an earlier pull brought the model whole under the same licence."""
        return self.before is not None and self.before.licence == self.licence

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


HubSource = Hub | HubFolder


class PullObserver(Protocol):
    """Follows a pull."""

    def planned(self, plan: PullPlan) -> None:
        """Called once, before the first download. An error from it ends the pull."""

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
    source = _source(entry, hub)
    with store.exclusive():
        locks = store.locks()
        before = locks.get(entry.repository)
        if before and not update and _is_complete(store, entry.repository, before):
            return PullResult(entry, before, 0, before.commit)
        plan = _make_plan(entry, store, source, before, update)
        observer.planned(plan)
        _check_free_space(plan, store)
        downloads = _Downloads(plan, store, source, observer)
        if before is None or before.commit != plan.commit:
            _refuse_own_code(plan, store, downloads)
        locked = _execute(plan, store, downloads)
        store.write_locks({**locks, entry.repository: locked})
        # Incomplete files go, and files of the old commit: a loader might prefer one.
        for name in before.files.keys() - locked.files if before else ():
            store.remove_file(entry.repository, name)
        store.remove_parts(entry.repository)
    return PullResult(entry, locked, len(plan.missing), before.commit if before else "")


def _source(entry: CatalogueEntry, hub: Hub) -> HubSource:
    """The hub, or the folder of one of its repositories."""
    repository, folder = entry.origin
    return HubFolder(hub, repository, folder, entry.licence) if folder else hub


def _is_complete(store: ModelStore, repository: str, locked: LockedModel) -> bool:
    found = verify_files(store, repository, locked, lambda _: None)
    return all(file.state in (FileState.FINE, FileState.NOT_LOCKED) for file in found)


def _make_plan(
    entry: CatalogueEntry,
    store: ModelStore,
    hub: HubSource,
    before: LockedModel | None,
    update: bool,
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
        licence=listing.licence or _card_licence(entry, listing, hub),
        present=present,
        missing=tuple(missing),
        begun_bytes=sum(size_if_file(part) or 0 for part in parts),
        before=before,
    )


def _card_licence(entry: CatalogueEntry, listing: RepositoryListing, hub: HubSource) -> str:
    """The licence by the card of a voice outside of the catalogue: a small file, before all."""
    if not entry.origin[1] or CARD not in listing.files:
        return ""
    with hub.content(entry.repository, listing.commit, CARD, 0) as stream:
        return card_licence(read_card(stream))


def _compare(
    entry: CatalogueEntry, store: ModelStore, files: list[HashedFile]
) -> tuple[dict[str, LockedFile], list[HashedFile]]:
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
    free = shutil.disk_usage(nearest_folder(store.path)).free
    needed = plan.missing_bytes - plan.begun_bytes
    if needed + _SPARE_BYTES > free:
        raise StorageError(
            f"{plan.entry.repository} needs {size(needed)} more in {store.path}, but only "
            f"{size(free)} are free.",
            f"Free {size(needed + _SPARE_BYTES - free)}, or set another `models: {{folder: …}}`.",
        )


def _refuse_own_code(plan: PullPlan, store: ModelStore, downloads: "_Downloads") -> None:
    """Fetch the small file that tells of code, before gigabytes of weights that would need it."""
    repository = plan.entry.repository
    file = next((each for each in plan.missing if each.name == _CONFIG), None)
    if file is None or file.size > _MOST_CONFIG_BYTES:
        return
    try:
        refuse_own_code(repository, downloads.fetch_first(file).read_bytes())
    except NarratedError:
        store.remove_parts(repository)
        raise


def _execute(plan: PullPlan, store: ModelStore, downloads: "_Downloads") -> LockedModel:
    repository, before = plan.entry.repository, plan.before
    files = plan.present | downloads.fetch_all()
    if before and before.commit == plan.commit:
        # The hub lists no SHA-256 of small files, so their content decides.
        for name, locked in before.files.items():
            if files.get(name, locked) != locked:
                raise _other_content(plan.entry, before, f"{name} is another file")
    with explain_write_errors(store.path):
        # Loaders know a model by its identifying files, so these come last.
        for file in sorted(plan.missing, key=lambda file: is_identifying_file(file.name)):
            part = store.part_path(repository, file.name, file.content)
            store.publish(part, repository, file.name)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return LockedModel(plan.commit, now, plan.licence, dict(sorted(files.items())))


class _Stopped(Exception):
    """Another download failed, or Ctrl-C came. The incomplete file stays."""


class _Downloads:
    """Downloads the missing files as parts, in threads; each resumes, and its hash is checked."""

    def __init__(
        self, plan: PullPlan, store: ModelStore, hub: HubSource, observer: PullObserver
    ) -> None:
        self._plan = plan
        self._repository = plan.entry.repository
        self._store = store
        self._hub = hub
        self._observer = observer
        self._done = plan.bytes - plan.missing_bytes
        self._fetched: dict[str, LockedFile] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def fetch_first(self, file: HashedFile) -> Path:
        """Download one file before the others. Returns the path of its part."""
        self._fetched[file.name] = self._fetch(file)
        return self._store.part_path(self._repository, file.name, file.content)

    def fetch_all(self) -> dict[str, LockedFile]:
        """Download every missing file; on an error or Ctrl-C all stop, and keep their parts."""
        with self._threads() as threads:
            # The largest file first: it takes longest, and small files fit beside it.
            largest_first = sorted(self._plan.missing, key=lambda file: -file.size)
            files = {
                file.name: threads.submit(self._fetch, file)
                for file in largest_first
                if file.name not in self._fetched
            }
            done, _ = wait(files.values(), return_when=FIRST_EXCEPTION)
            for each in done:
                each.result()  # raises the first error
            return self._fetched | {name: each.result() for name, each in files.items()}

    @contextmanager
    def _threads(self) -> Iterator[ThreadPoolExecutor]:
        threads = ThreadPoolExecutor(_PARALLEL_DOWNLOADS, thread_name_prefix="pull")
        try:
            yield threads
        finally:
            self._stop.set()
            threads.shutdown(cancel_futures=True)

    def _count(self, more: int) -> None:
        with self._lock:
            self._done += more
            self._observer.progressed(self._done, self._plan.bytes)

    def _fetch(self, file: HashedFile) -> LockedFile:
        """Download a file. If its hash is wrong, download once more from the start."""
        part = self._store.part_path(self._repository, file.name, file.content)
        self._count(size_if_file(part) or 0)
        found = self._attempt(file, part)
        if not found.matches(file):
            found = self._attempt(file, part)
        if not found.matches(file):
            got = found.sha256 if file.sha256 else found.blob
            raise NarratedError(
                f"{file.name} of {self._repository} arrived damaged twice: {found.size} bytes with "
                f"hash {got[:12]}…, but the hub lists {file.size} bytes with hash "
                f"{file.content[:12]}….",
                f"Try another network: narrated models pull {self._repository}",
            )
        return LockedFile(found.size, found.sha256)

    def _attempt(self, file: HashedFile, part: Path) -> HashedFile:
        with explain_write_errors(self._store.path):
            with self._store.open_part(part) as output:
                self._complete(file, output)
            found = hash_file(part)
            if not found.matches(file):
                self._count(-found.size)
                part.unlink()
        return found

    def _complete(self, file: HashedFile, output: BinaryIO) -> None:
        interruptions = 0
        furthest = output.seek(0, 2)
        while output.seek(0, 2) < file.size:
            interrupted = self._resume(file, output)
            reached = output.seek(0, 2)
            if reached >= file.size:
                return
            # A hub without ranges starts again each time: no progress beyond `furthest`.
            interruptions = 0 if reached > furthest else interruptions + 1
            furthest = max(furthest, reached)
            if interruptions == MAX_INTERRUPTIONS:
                raise interrupted
            if self._stop.wait(self._hub.pause_s * 2 ** max(0, interruptions - 1)):
                raise _Stopped

    def _resume(self, file: HashedFile, output: BinaryIO) -> TransferInterrupted:
        """Receive until the stream ends. Returns the reason that it ended early, if it did."""
        name = f"{file.name} of {self._repository}"
        have = output.seek(0, 2)
        try:
            with self._hub.content(self._repository, self._plan.commit, file.name, have) as content:
                if content.start > have:
                    problem = f"The hub sent {name} from byte {content.start}, not {have}."
                    return TransferInterrupted(problem, RETRY_LATER)
                self._count(content.start - have)
                output.truncate(content.start)
                output.seek(content.start)
                for block in content.blocks:
                    self._write(block, output)
        except TransferInterrupted as interrupted:
            return interrupted
        problem = f"The hub ended {name} before the {file.size} bytes that it lists."
        return TransferInterrupted(problem, RETRY_LATER)

    def _write(self, block: bytes, output: BinaryIO) -> None:
        rest = memoryview(block)
        while rest:  # an unbuffered file may accept only part of a block
            rest = rest[output.write(rest) :]
        self._count(len(block))
        if self._stop.is_set():
            raise _Stopped
