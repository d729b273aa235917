"""The cache: bounded, the least recently heard leaves first, and what an open job needs stays."""

import asyncio
import sqlite3
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy
import pytest

from narrated.audio.encoder_requests import DamagedTakes, SaidText, TakeToAdd
from narrated.audio.flac_takes import encoded, spoken_notes
from narrated.audio.loudness import energies
from narrated.audio.narration_file import TakeSound, read_takes
from narrated.audio.pcm import samples
from narrated.audio.take_measures import TakeMeasures
from narrated.audio.take_notes import TakeNotes
from narrated.disk_threads import DiskThreads
from narrated.engines.speech_times import NO_TIMES
from narrated.errors import EngineError
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.ledger.take_cache import TakeCache
from narrated.workers.encoder_pool import EncoderPool

RATE = 22050
Value = TypeVar("Value")


class Kept:
    """A cache on a ledger of its own."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self.disk = DiskThreads("the cache")
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.limit_bytes = limit_bytes
        self.reopen()

    def reopen(self) -> None:
        """As after a restart: nothing is at hand but what is on the disk."""
        self.encoders = EncoderPool(cache_disk=self.disk, state_disk=self.disk)
        self.cache = TakeCache(
            self.folder / "cache", self.ledger, self.limit_bytes, self.disk, self.encoders
        )

    def keep(self, *keys: str) -> None:
        async def keep_all() -> None:
            for key in keys:
                await self.cache.keep(key, _noise(key), RATE, 0.1)

        self.run(keep_all())

    def keep_said(self, key: str, text: str) -> TakeMeasures:
        keeping = self.cache.keep(key, _noise(key), RATE, 0.1, said=SaidText(text, "en"))
        return self.run(keeping).measures

    def run(self, doing: Coroutine[Any, Any, Value]) -> Value:
        """Run something on a loop, with an encoder that ends with it."""

        async def whole() -> Value:
            try:
                return await doing
            finally:
                await self.encoders.stop()

        return asyncio.run(whole())

    def read(self, key: str) -> TakeSound:
        take = TakeToAdd(str(self.cache.path(key)), "", 0)
        return read_takes([take])[0][:2]

    def job(self, path: str, *keys: str) -> Job:
        job = self.ledger.jobs.add(path, "aa", 1, path)
        return self.ledger.jobs.write_plan(job, b"", title="", narration="", keys=keys)

    def has(self, *keys: str) -> list[bool]:
        async def has_each() -> list[bool]:
            return [await self.cache.has(key) for key in keys]

        return asyncio.run(has_each())

    def files(self) -> set[str]:
        return {path.stem for path in (self.folder / "cache").rglob("*.flac")}


def _noise(key: str) -> bytes:
    """A tenth of a second that no codec makes smaller."""
    noise = numpy.random.default_rng(list(key.encode())).integers(-9000, 9000, RATE // 10)
    return noise.astype("<i2").tobytes()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """Room for some ten takes of `_noise`."""
    opened = Kept(tmp_path, 45_000)
    yield opened
    opened.disk.close()
    opened.ledger.close()


def test_take_is_read_back(kept: Kept) -> None:
    """A take is read back to the bit."""
    kept.keep("aa01")
    assert kept.read("aa01")[:2] == (_noise("aa01"), RATE)


def test_takes_have_measures(kept: Kept) -> None:
    """A take is measured as it is kept, and by its file alike; a lost file is told as damaged."""
    text = "A fan in an empty room."
    measures = kept.keep_said("one", text)
    assert measures.duration_s > 0
    assert measures.voiced_s > 0
    assert measures.effort == pytest.approx(20, abs=6)
    assert kept.run(kept.cache.measured("one", said=SaidText(text, "en"))) == measures
    with pytest.raises(DamagedTakes):
        kept.run(kept.cache.measured("gone"))


def test_cache_stays_within_limit(kept: Kept) -> None:
    """The cache stays within its limit."""
    kept.keep(*(f"k{n:03}" for n in range(60)))
    size_bytes = sum(path.stat().st_size for path in (kept.folder / "cache").rglob("*.flac"))
    assert size_bytes == kept.ledger.takes.total_bytes() <= 45_000
    assert len(kept.files()) >= 8


def test_least_recent_is_evicted(kept: Kept) -> None:
    """The least recently used take is evicted first."""
    kept.keep("old1", "old2", "old3")
    kept.ledger.takes.mark_used(["old1"])
    kept.keep(*(f"k{n:03}" for n in range(9)))
    assert kept.has("old1", "old2") == [True, False]
    assert "old2" not in kept.files()


def test_eviction_after_clock_change(kept: Kept) -> None:
    """The order of eviction holds after the clock was set back."""
    kept.keep("old1", "old2", "old3")
    with sqlite3.connect(kept.folder / "ledger.sqlite") as db:  # heard when the clock was ahead
        db.execute("UPDATE takes SET used_at = used_at + 31536000")
    db.close()
    kept.ledger.takes.mark_used(["old1"])
    kept.keep(*(f"k{n:03}" for n in range(9)))
    assert kept.has("old1", "old2") == [True, False]


def test_needed_take_is_kept(kept: Kept) -> None:
    """A take that an open job needs is never evicted."""
    kept.keep("open1", "done1")
    open_job, done = kept.job("open.md", "open1"), kept.job("done.md", "done1")
    kept.ledger.jobs.finish(kept.ledger.jobs.move(done, JobState.PUBLISHING), 1.0)
    kept.keep(*(f"k{n:03}" for n in range(30)))
    assert kept.has("open1", "done1") == [True, False]
    kept.ledger.jobs.move(open_job, JobState.FAILED)
    kept.keep(*(f"m{n:03}" for n in range(30)))
    assert kept.has("open1") == [False]


def test_open_jobs_exceed_the_limit(kept: Kept) -> None:
    """A cache full of open jobs' takes grows past its limit."""
    keys = [f"k{n:03}" for n in range(20)]
    kept.job("book.md", *keys)
    kept.keep(*keys)
    assert all(kept.has(*keys))


@pytest.mark.parametrize("damage", ["truncated", "gone", "nonsense"])
def test_damaged_take_is_detected(kept: Kept, damage: str) -> None:
    """A damaged take is told from a good one, and can be dropped."""
    kept.keep("aa01")
    kept.reopen()
    (path,) = (kept.folder / "cache").rglob("*.flac")
    match damage:
        case "truncated":
            path.write_bytes(path.read_bytes()[:500])
        case "gone":
            path.unlink()
        case "nonsense":
            path.write_bytes(b"nonsense" * 100)
    with pytest.raises(DamagedTakes):
        kept.read("aa01")
    asyncio.run(kept.cache.drop("aa01"))
    assert kept.has("aa01") == [False]


def test_leftover_draft_is_removed(kept: Kept) -> None:
    """A half-written file of a killed daemon is removed."""
    left = kept.folder / "cache/tmp/left"
    left.write_bytes(b"half a take")
    kept.reopen()
    assert not left.exists()


def test_engine_files_are_left_alone(kept: Kept) -> None:
    """Files of engines in the cache folder are neither counted nor removed."""
    engines_own = kept.folder / "cache/latents/voice-model-r1.npz"
    engines_own.parent.mkdir()
    engines_own.write_bytes(bytes(100_000))
    kept.keep(*(f"k{n:03}" for n in range(20)))
    kept.reopen()
    assert kept.cache.size_bytes <= kept.limit_bytes
    assert kept.has("k019") == [True]
    assert engines_own.stat().st_size == 100_000


def test_unlisted_take_is_adopted(kept: Kept) -> None:
    """A take that a kill left unlisted is listed at the next start."""
    kept.keep("one", "two")
    whole = kept.read("one")
    kept.ledger.takes.drop("one")
    kept.reopen()
    assert kept.has("one", "two") == [True, True]
    assert kept.read("one") == whole
    assert kept.cache.size_bytes == sum(
        path.stat().st_size for path in (kept.folder / "cache").rglob("*.flac")
    )


def test_unlisted_half_take_is_removed(kept: Kept) -> None:
    """An incomplete file without a row is removed."""
    kept.keep("one", "two")
    kept.ledger.takes.drop("one")
    (half,) = kept.folder.rglob("one.flac")
    half.write_bytes(half.read_bytes()[:20])
    kept.reopen()
    assert kept.has("one", "two") == [False, True]
    assert kept.files() == {"two"}


def test_cancelled_write_is_finished(kept: Kept) -> None:
    """A take is written to its end though its caller was cancelled, more than once."""

    async def cancelled_at_once() -> None:
        keeping = asyncio.ensure_future(kept.cache.keep("one", _noise("one"), RATE, 0.1))
        await asyncio.sleep(0)
        for _ in range(3):
            keeping.cancel()
            await asyncio.sleep(0)
        assert keeping.cancelled()
        await kept.cache.settle(60)

    kept.run(cancelled_at_once())
    assert kept.has("one") == [True]


def test_flac_of_a_box_is_the_file(kept: Kept) -> None:
    """FLAC that a box sent is the take's file, to the byte; its measures are those of its sound."""
    pcm = _noise("aa01")
    kept.keep("aa01")
    flac = encoded(pcm, RATE, spoken_notes(energies(samples(pcm), RATE), NO_TIMES))
    written = kept.run(kept.cache.keep("bb02", flac, RATE, 0.1, is_flac=True))
    assert kept.cache.path("bb02").read_bytes() == flac == kept.cache.path("aa01").read_bytes()
    assert written.take.duration_s == len(pcm) / 2 / RATE
    assert kept.has("bb02") == [True]


def test_forged_notes_are_replaced(kept: Kept) -> None:
    """FLAC with other notes than its sound has gets the right ones."""
    pcm = _noise("aa01")
    kept.keep("aa01")
    forged = encoded(pcm, RATE, TakeNotes(b"loud", ((0, float("nan")),)))
    kept.run(kept.cache.keep("bb02", forged, RATE, 0.1, is_flac=True))
    assert kept.cache.path("bb02").read_bytes() == kept.cache.path("aa01").read_bytes()


@pytest.mark.parametrize("part", [slice(0, 200), slice(0, -50)])
def test_damaged_flac_is_refused(kept: Kept, part: slice) -> None:
    """FLAC of a box that does not decode, or is of another rate, becomes no take."""
    flac = encoded(_noise("aa01"), RATE)
    for sound, rate in ((flac[part], RATE), (flac, RATE + 1)):
        with pytest.raises(EngineError, match="damaged sound"):
            kept.run(kept.cache.keep("bb02", sound, rate, 0.1, is_flac=True))
    assert kept.has("bb02") == [False]
