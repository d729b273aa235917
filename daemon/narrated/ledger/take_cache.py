"""Take cache: FLAC files by content key; the least recently used are evicted."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from narrated import private_files
from narrated.audio.encoder_requests import NO_TEXT, SaidText
from narrated.audio.take_errors import refused
from narrated.audio.take_header import length
from narrated.audio.take_measures import TakeMeasures
from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.engines.speech_times import NO_TIMES, SpeechTimes
from narrated.errors import StorageError
from narrated.ledger.store import Ledger
from narrated.ledger.takes import Take
from narrated.workers.encoder_pool import EncoderPool

Value = TypeVar("Value")

_SUFFIX = ".flac"
_FOLDED = 2  # as many characters of the key name a take's folder

PROBE_BYTES = 1 << 20
"""More room than a full disk has."""


class KeptTake(NamedTuple):
    """A take that was written just now, its loudness, which its file keeps, and its measures."""

    take: Take
    lufs: float | None
    """None if it is silent."""
    measures: TakeMeasures


class TakeCache:
    """Takes as FLAC files named by their keys; the ledger holds the index.

    A file is renamed into place before the ledger lists it, so that a listed take is complete. If a
    kill leaves a file unlisted, the next start lists it. Encoders write and read the files. If one
    finds a file damaged, the caller drops the take and speaks it again.
    """

    def __init__(
        self,
        folder: Path,
        ledger: Ledger,
        limit_bytes: int,
        disk: DiskThreads,
        encoders: EncoderPool,
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self.limit_bytes = limit_bytes
        self._disk = disk
        self._encoders = encoders
        self._writing: dict[str, asyncio.Task[KeptTake]] = {}
        """By the keys of the takes."""
        self._leaving: set[str] = set()
        self._unlisted: dict[str, Take] = {}
        """Takes that the ledger refused to list. Their files exist, so nothing is spoken again."""
        self._prepare()
        self.size_bytes = ledger.takes.total_bytes()
        """Bytes in the cache; a take written twice at once may count twice for a while."""

    async def has(self, key: str) -> bool:
        """True if a take exists; StorageError if the ledger refuses to list it."""
        if key in self._unlisted:
            self._list(self._unlisted[key])
        take = self._ledger.takes.get(key)
        return take is not None and await self._in_thread(self._is_listed_so, take)

    def missing(self, job: int) -> list[int]:
        """Return which chunks of an open job have no listed take, by their numbers."""
        return self._ledger.takes.missing(job)

    async def keep(
        self,
        key: str,
        sound: bytes,
        sample_rate: int,
        elapsed_s: float,
        times: SpeechTimes = NO_TIMES,
        job: int = 0,
        learn: Callable[[KeptTake], None] = lambda kept: None,
        said: SaidText = NO_TEXT,
        *,
        is_flac: bool = False,
    ) -> KeptTake:
        """Write a take of a job and list it; `sound` is 16-bit mono PCM, or FLAC of it.

        Errors: StorageError; EngineError if the FLAC is damaged.

        `said` is the text that it speaks: its measures tell its effort.

        `learn` records what it tells of its engine, in the same transaction. A cancelled caller
        does not stop this, since the take would have to be spoken again.
        """
        writing = self._writing.get(key)
        if writing is None:  # otherwise another job has the same take, and is before this one
            written = (sound, sample_rate, elapsed_s, times, job, learn, said, is_flac)
            keeping = self._keep(key, *written)
            writing = self._writing[key] = asyncio.create_task(keeping)
            writing.add_done_callback(partial(self._written, key))
        return await asyncio.shield(writing)

    async def measured(self, key: str, job: int = 0, said: SaidText = NO_TEXT) -> TakeMeasures:
        """Measure a take that was kept without measures. Errors: DamagedTakes, StorageError."""
        return await self._encoders.measure_take(self.path(key), job, said)

    async def settle(self, patience_s: float) -> None:
        """Wait a moment for the takes that are being written; one that is lost is spoken again."""
        if self._writing:
            await asyncio.wait(set(self._writing.values()), timeout=patience_s)

    def path(self, key: str) -> Path:
        """The file of a take."""
        return Path(f"{self._folder}/{key[:_FOLDED]}/{key}{_SUFFIX}")

    async def _keep(
        self,
        key: str,
        sound: bytes,
        sample_rate: int,
        elapsed_s: float,
        times: SpeechTimes,
        job: int,
        learn: Callable[[KeptTake], None],
        said: SaidText,
        is_flac: bool,
    ) -> KeptTake:
        draft, path = self._temporary(), self.path(key)
        written = await self._encoders.write_take(
            path, draft, sound, sample_rate, times, job, said, is_flac=is_flac
        )
        lufs, measures = written.pop("lufs"), written.pop("measures")
        take = Take(key, sample_rate, elapsed_s=elapsed_s, **written)
        kept = KeptTake(take, lufs, measures)
        self._unlisted[key] = take
        self._list(take, lambda: learn(kept))
        if self.size_bytes > self.limit_bytes:
            await self._evict()
        return kept

    def _written(self, key: str, writing: asyncio.Task[KeptTake]) -> None:
        del self._writing[key]
        if not writing.cancelled():
            writing.exception()  # its caller may be cancelled, and the take is spoken again

    async def drop(self, key: str) -> None:
        """Delete a take and its file. Errors: StorageError."""
        await self._in_thread(self._unlink, [key])
        self._ledger.takes.drop(key)

    def found(self) -> list[tuple[Take, float]]:
        """Return every take in the folder with the time of its file, listed or not.

        Loudness and elapsed time are 0, since the file does not tell. Takes 20 µs per take.
        """
        files = (path for path in self._folder.glob("??/*.flac") if path == self.path(path.stem))
        return [found for path in files if (found := _found(path))]

    def adopt(self, found: list[tuple[Take, float]]) -> None:
        """List these takes in the ledger."""
        self._ledger.takes.adopt(found)
        self.size_bytes = self._ledger.takes.total_bytes()

    def is_gone(self) -> bool:
        """True if there is no cache folder. Errors: none."""
        try:
            self._folder.stat()
        except FileNotFoundError:
            return True
        except OSError:
            pass
        return False

    def make_folders(self) -> None:
        """Make the cache folder if it is missing. Errors: StorageError."""
        try:
            for folder in (self._folder, self._folder / "tmp"):
                private_files.make_folder(folder)
        except OSError as error:
            raise refused(self._folder, "written", error) from error

    def probe(self) -> None:
        """Check that takes could be written now. Errors: StorageError."""
        path = self._temporary()
        self.make_folders()
        try:
            path.write_bytes(bytes(PROBE_BYTES))
            path.unlink()
        except OSError as error:
            with suppress(OSError):
                path.unlink()
            raise refused(path, "written", error) from error

    def _prepare(self) -> None:
        self.make_folders()
        try:
            for left in (self._folder / "tmp").iterdir():
                with suppress(IsADirectoryError):
                    left.unlink()
            # A restored ledger gets all takes at once, by `adopt`.
            if not self._ledger.jobs.is_empty or self._ledger.takes.total_bytes():
                for folder in self._folder.iterdir():
                    self._take_in(folder)
        except OSError as error:
            raise refused(self._folder, "written", error) from error

    def _is_listed_so(self, take: Take) -> bool:
        """True if the file has the size and sample rate of the take; it is not decoded."""
        path = self.path(take.key)
        try:
            return (length(path)[0], path.stat().st_size) == (take.sample_rate, take.size_bytes)
        except (FileNotFoundError, StorageError):
            return False
        except OSError:  # the file may be intact; an encoder reports the error
            return True

    def _list(self, take: Take, learn: Callable[[], None] = lambda: None) -> None:
        with self._ledger.transaction():
            self._ledger.takes.record(take)
            learn()
        self._leaving.discard(take.key)
        del self._unlisted[take.key]
        self.size_bytes += take.size_bytes

    def _take_in(self, folder: Path) -> None:
        """List the files of a folder that are unlisted; compares names only, 2 µs per take."""
        known = self._ledger.takes.keys_starting(folder.name)
        for path in folder.glob(f"*{_SUFFIX}"):
            if path.stem not in known and path == self.path(path.stem):
                self._adopt(path)

    def _adopt(self, path: Path) -> None:
        """List a file by its header; an encoder that reads it finds out whether it is whole."""
        try:
            self._ledger.takes.record(_take_of(path))
        except StorageError:
            with suppress(IsADirectoryError):
                path.unlink()
        except OSError:
            return  # the file may be intact; if not, the chunk is spoken again

    async def _evict(self) -> None:
        """Evict down to nine tenths of the limit, so that not every take evicts again."""
        keys = self._ledger.takes.evictable(self.size_bytes - self.limit_bytes * 9 // 10)
        self._leaving |= set(keys)
        try:
            await self._in_thread(self._unlink, keys)
            with self._ledger.transaction():
                for key in self._leaving.intersection(keys):  # but not takes spoken again meanwhile
                    self._ledger.takes.drop(key)
        finally:
            self._leaving -= set(keys)
        self.size_bytes = self._ledger.takes.total_bytes()

    def _unlink(self, keys: list[str]) -> None:
        """Files go first: a row without a file is noticed, a file without a row never leaves."""
        for key in keys:
            path = self.path(key)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise refused(path, "removed", error) from error

    async def _in_thread(self, call: Callable[..., Value], *values: Any) -> Value:
        return await self._disk.run(call, *values, patience_s=TRANSFER_S)

    def _temporary(self) -> Path:
        return self._folder / "tmp" / secrets.token_hex(8)


def _found(path: Path) -> tuple[Take, float] | None:
    """A take by its file's header; None if that is missing or no FLAC file."""
    try:
        return _take_of(path), path.stat().st_mtime
    except (OSError, StorageError):
        return None


def _take_of(path: Path) -> Take:
    """A take by its file's header, which tells neither loudness nor elapsed time."""
    sample_rate, duration_s = length(path)
    return Take(path.stem, sample_rate, duration_s, 0, 0, 0, path.stat().st_size)
