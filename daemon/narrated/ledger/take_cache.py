"""Take cache: FLAC files by content key; the least recently used are evicted."""

import asyncio
import secrets
from collections import OrderedDict
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path

from narrated.atomic_write import atomic_write
from narrated.audio.pcm import from_flac, length, measure, to_flac
from narrated.errors import StorageError
from narrated.ledger.job import Take
from narrated.ledger.store import Ledger

HOT_BYTES = 24 * 2**20
"""New takes stay in memory up to this size, so that the encoder need not decode them: about nine
minutes at 22,050 Hz, more than a job is spoken ahead of its encoder."""

_SUFFIX = ".flac"
_FOLDED = 2  # as many characters of the key name a take's folder

PROBE_BYTES = 1 << 20
"""More room than a full disk has."""


class TakeCache:
    """Takes as FLAC files named by their keys; the ledger holds the index.

    A file is renamed into place before the ledger lists it, so that a listed take is complete. If a
    kill leaves a file unlisted, the next start lists it. Reading a damaged file raises
    DamagedTake; the caller drops the take and speaks it again.
    """

    def __init__(self, folder: Path, ledger: Ledger, limit_bytes: int, disk: Executor) -> None:
        self._folder = folder
        self._ledger = ledger
        self.limit_bytes = limit_bytes
        self._disk = disk
        self._hot: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._hot_bytes = 0
        self._leaving: set[str] = set()
        self._unlisted: dict[str, Take] = {}
        """Takes that the ledger refused to list. Their files exist, so nothing is spoken again."""
        self._prepare()
        self._bytes = ledger.takes.total_bytes()

    @property
    def size_bytes(self) -> int:
        """Bytes in the cache; a take written twice at once may count twice for a while."""
        return self._bytes

    def has(self, key: str) -> bool:
        """True if a take exists; StorageError if the ledger refuses to list it."""
        if key in self._unlisted:
            self._list(self._unlisted[key])
        take = self._ledger.takes.get(key)
        return take is not None and (key in self._hot or self._is_listed_so(take))

    async def keep(self, key: str, pcm: bytes, sample_rate: int, elapsed_s: float) -> Take:
        """Write a take and list it; `pcm` is 16-bit mono. Errors: StorageError.

        A cancelled caller does not stop this, since the take would have to be spoken again.
        """
        keeping = asyncio.ensure_future(self._keep(key, pcm, sample_rate, elapsed_s))
        try:
            return await asyncio.shield(keeping)
        except asyncio.CancelledError:
            await asyncio.gather(keeping, return_exceptions=True)
            raise

    async def _keep(self, key: str, pcm: bytes, sample_rate: int, elapsed_s: float) -> Take:
        loop = asyncio.get_running_loop()
        take = await loop.run_in_executor(self._disk, self._write, key, pcm, sample_rate, elapsed_s)
        self._warm(key, pcm, sample_rate)
        self._unlisted[key] = take
        self._list(take)
        if self._bytes > self.limit_bytes:
            await self._evict()
        return take

    def read(self, key: str) -> tuple[bytes, int]:
        """Return a take's 16-bit mono PCM and sample rate; safe to call from any thread.

        Raises DamagedTake if the file is gone or does not decode, StorageError if it cannot be
        read now.
        """
        hot = self._hot.get(key)
        if hot is not None:
            return hot
        try:
            return from_flac(self._path(key))
        except (StorageError, FileNotFoundError) as error:
            raise DamagedTake(key) from error
        except OSError as error:  # the file may be intact, so that it is not spoken again
            raise _refused(self._path(key), "read", error) from error

    async def fetch(self, key: str) -> None:
        """Load a take into memory for `read`; only `read` reports damage."""
        if key in self._hot:
            return
        loop = asyncio.get_running_loop()
        with suppress(DamagedTake):
            pcm, sample_rate = await loop.run_in_executor(self._disk, self.read, key)
            self._warm(key, pcm, sample_rate)

    def drop(self, key: str) -> None:
        """Delete a take and its file. Errors: StorageError."""
        self._unlink([key])
        self._ledger.takes.drop(key)
        if hot := self._hot.pop(key, None):
            self._hot_bytes -= len(hot[0])

    def found(self) -> list[tuple[Take, float]]:
        """Return every take in the folder with the time of its file, listed or not.

        Loudness and elapsed time are 0, since the file does not tell. Takes 20 µs per take.
        """
        files = (
            path for path in self._folder.glob("??/*.flac") if path.stem[:2] == path.parent.name
        )
        return [found for path in files if (found := _found(path))]

    def adopt(self, found: list[tuple[Take, float]]) -> None:
        """List these takes in the ledger."""
        self._ledger.takes.adopt(found)
        self._bytes = self._ledger.takes.total_bytes()

    def probe(self) -> None:
        """Check that takes could be written now. Errors: StorageError."""
        path = self._temporary()
        try:
            path.write_bytes(bytes(PROBE_BYTES))
            path.unlink()
        except OSError as error:
            with suppress(OSError):
                path.unlink()
            raise _unwritable(path, error) from error

    def _prepare(self) -> None:
        try:
            (self._folder / "tmp").mkdir(parents=True, exist_ok=True)
            for left in (self._folder / "tmp").iterdir():
                left.unlink()
            # A restored ledger gets all takes at once, by `adopt`.
            if not self._ledger.jobs.is_empty or self._ledger.takes.total_bytes():
                for folder in self._folder.iterdir():
                    self._take_in(folder)
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def _is_listed_so(self, take: Take) -> bool:
        """True if the file has the size and sample rate of the take; it is not decoded."""
        path = self._path(take.key)
        try:
            return (length(path)[0], path.stat().st_size) == (take.sample_rate, take.size_bytes)
        except (FileNotFoundError, StorageError):
            return False
        except OSError:  # the file may be intact; `read` reports the error
            return True

    def _list(self, take: Take) -> None:
        self._ledger.takes.record(take)
        self._leaving.discard(take.key)
        del self._unlisted[take.key]
        self._bytes += take.size_bytes

    def _take_in(self, folder: Path) -> None:
        """List the files of a folder that are unlisted; compares names only, 2 µs per take."""
        known = self._ledger.takes.keys_starting(folder.name)
        for path in folder.glob(f"*{_SUFFIX}"):
            if (key := path.name.removesuffix(_SUFFIX)) not in known and path == self._path(key):
                self._adopt(key, path)

    def _adopt(self, key: str, path: Path) -> None:
        try:
            pcm, sample_rate = from_flac(path)
        except StorageError:
            path.unlink()
        except OSError:
            return  # the file may be intact; if not, the chunk is spoken again
        else:
            self._ledger.takes.record(_take(key, pcm, sample_rate, 0.0, path.stat().st_size))

    def _write(self, key: str, pcm: bytes, sample_rate: int, elapsed_s: float) -> Take:
        path = self._path(key)
        try:
            with atomic_write(path, self._temporary()) as draft:
                to_flac(draft, pcm, sample_rate)
                size_bytes = draft.stat().st_size
                path.parent.mkdir(exist_ok=True)
        except (OSError, StorageError) as error:
            raise _unwritable(path, error) from error
        return _take(key, pcm, sample_rate, elapsed_s, size_bytes)

    def _warm(self, key: str, pcm: bytes, sample_rate: int) -> None:
        if key in self._hot:
            return
        self._hot[key] = (pcm, sample_rate)
        self._hot_bytes += len(pcm)
        while self._hot_bytes > HOT_BYTES:
            _, (oldest, _) = self._hot.popitem(last=False)
            self._hot_bytes -= len(oldest)

    async def _evict(self) -> None:
        """Evict down to nine tenths of the limit, so that not every take evicts again."""
        keys = self._ledger.takes.evictable(self._bytes - self.limit_bytes * 9 // 10)
        loop = asyncio.get_running_loop()
        self._leaving |= set(keys)
        try:
            await loop.run_in_executor(self._disk, self._unlink, keys)
            with self._ledger.transaction():
                for key in self._leaving.intersection(keys):  # but not takes spoken again meanwhile
                    self._ledger.takes.drop(key)
        finally:
            self._leaving -= set(keys)
        self._bytes = self._ledger.takes.total_bytes()

    def _unlink(self, keys: list[str]) -> None:
        """Files go first: a row without a file is noticed, a file without a row never leaves."""
        for key in keys:
            path = self._path(key)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise _refused(path, "removed", error) from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:_FOLDED] / (key + _SUFFIX)

    def _temporary(self) -> Path:
        return self._folder / "tmp" / secrets.token_hex(8)


class DamagedTake(Exception):
    """The file of this take is gone or does not decode; the chunk must be spoken again."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the take {key} is damaged")
        self.key = key


def _found(path: Path) -> tuple[Take, float] | None:
    """A take by its file's header; None if that is missing or no FLAC file."""
    try:
        sample_rate, duration_s = length(path)
        status = path.stat()
    except (OSError, StorageError):
        return None
    return Take(path.stem, sample_rate, duration_s, 0, 0, 0, status.st_size), status.st_mtime


def _take(key: str, pcm: bytes, sample_rate: int, elapsed_s: float, size_bytes: int) -> Take:
    level = measure(pcm)
    duration_s = len(pcm) / 2 / sample_rate
    return Take(key, sample_rate, duration_s, level.rms_db, level.peak_db, elapsed_s, size_bytes)


def _unwritable(path: Path, error: Exception) -> StorageError:
    return _refused(path, "written", error)


def _refused(path: Path, verb: str, error: Exception) -> StorageError:
    return StorageError(
        f"The cache file {path} cannot be {verb}: {_reason(error)}.",
        "Make room on its disk, or mend its rights; the work goes on by itself.",
    )


def _reason(error: Exception) -> str:
    if isinstance(error, StorageError):
        return error.problem.rstrip(".")
    return getattr(error, "strerror", None) or str(error)
