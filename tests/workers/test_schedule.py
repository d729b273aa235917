"""The scheduler: fair between jobs, full slots, and a poisonous request found alone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from narrated.errors import EngineError, EngineUnavailable
from narrated.ledger.store import Ledger
from narrated.workers.pool import RequestResult, WorkerPool
from narrated.workers.schedule import Request, Scheduler, _PendingRequest
from narrated.workers.worker import Worker
from workers.support import spec, toy


class RecordingScheduler(Scheduler):
    """A scheduler that notes the order of its admissions."""

    def __init__(self, pool: WorkerPool, ledger: Ledger, admitted: list[str]) -> None:
        super().__init__(pool, ledger)
        self._admitted = admitted

    def _admit(self, pending: _PendingRequest, worker: Worker) -> None:
        self._admitted.append(pending.request.key)
        super()._admit(pending, worker)


@dataclass
class Fixture:
    """A scheduler on real workers, with the keys of requests in the order of admission."""

    scheduler: Scheduler
    pool: WorkerPool
    ledger: Ledger
    admitted: list[str]

    def request(self, key: str, job: int, text: str = "word", weight: float = 10.0) -> Request:
        return Request(key, "toy", job, weight, {"text": text, "voice": "toy"})

    def ask(self, key: str, job: int, text: str = "word", weight: float = 10.0) -> Any:
        work = self.scheduler.perform(self.request(key, job, text, weight))
        return asyncio.ensure_future(work)


@asynccontextmanager
async def _scheduling(folder: Path, **options: Any) -> AsyncIterator[Fixture]:
    ledger = Ledger(folder / "ledger.sqlite")
    pool = WorkerPool([spec(toy(**options))], lambda: scheduler.workers_changed())
    admitted: list[str] = []
    scheduler = RecordingScheduler(pool, ledger, admitted)
    fixture = Fixture(scheduler, pool, ledger, admitted)
    await pool.start()
    try:
        async with asyncio.timeout(30):
            await scheduler.engine("toy")
            yield fixture
    finally:
        await pool.stop()
        ledger.close()


async def _until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_new_job_admitted_next(tmp_path: Path) -> None:
    """A new job is in the next admission, however long the others wait."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=2, delay_s=0.1) as fixture:
            book = [fixture.ask(f"book-{n}", 1) for n in range(20)]
            await book[3]
            before = len(fixture.admitted)
            await fixture.ask("note", 2)
            assert fixture.admitted.index("note") <= before + 2
            for task in book:
                task.cancel()

    asyncio.run(story())


def test_jobs_share_by_weight(tmp_path: Path) -> None:
    """Jobs share an engine by weight, not by the number of requests."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            heavy = [fixture.ask(f"heavy-{n}", 1, weight=30) for n in range(10)]
            light = [fixture.ask(f"light-{n}", 2, weight=10) for n in range(30)]
            await asyncio.gather(*heavy, *light)
            first = fixture.admitted[:20]
            assert 4 <= sum(key.startswith("heavy") for key in first) <= 6

    asyncio.run(story())


def test_notes_do_not_starve_book(tmp_path: Path) -> None:
    """A flood of notes does not starve a book."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            book = [fixture.ask(f"book-{n}", 1) for n in range(10)]
            flood = [asyncio.ensure_future(_flood(fixture, lane)) for lane in (1000, 2000, 3000)]
            await asyncio.gather(*book)
            for task in flood:
                task.cancel()
            notes = sum(key.startswith("note") for key in fixture.admitted)
            assert 10 <= notes <= 60

    asyncio.run(story())


async def _flood(fixture: Fixture, lane: int) -> None:
    """Short notes, each a job of its own, one after the other without an end."""
    for number in range(lane, lane + 1000):
        await fixture.ask(f"note-{number}", number)


def test_all_slots_are_filled(tmp_path: Path) -> None:
    """All slots of a worker are filled."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=4, delay_s=0.3) as fixture:
            tasks = [fixture.ask(f"piece-{n}", n) for n in range(6)]
            await _until(lambda: fixture.pool.states()[0].in_flight == 4)
            assert fixture.scheduler.waiting == 2
            await asyncio.gather(*tasks)

    asyncio.run(story())


def test_same_key_runs_once(tmp_path: Path) -> None:
    """Two requests of one key are done once."""

    async def story() -> list[RequestResult]:
        async with _scheduling(tmp_path, rows=4, delay_s=0.1) as fixture:
            first, second = fixture.ask("same", 1), fixture.ask("same", 2)
            results = [await first, await second]
            assert fixture.admitted == ["same"]
            return results

    first, second = asyncio.run(story())
    assert first is second


def test_shared_request_outlives_first(tmp_path: Path) -> None:
    """A shared request goes on if its first caller is cancelled."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1, delay_s=0.2) as fixture:
            first, second = fixture.ask("same", 1), fixture.ask("same", 2)
            await _until(lambda: fixture.admitted)
            first.cancel()
            assert (await second).payload
            assert fixture.admitted == ["same"]

    asyncio.run(story())


def test_abandoned_request_frees_slot(tmp_path: Path) -> None:
    """A request that no caller waits for frees its slot."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            long = fixture.ask("long", 1, "SLOW:20")
            await _until(lambda: fixture.admitted)
            long.cancel()
            await fixture.ask("next", 2)
            assert fixture.admitted == ["long", "next"]

    asyncio.run(story())


def test_fatal_request_is_isolated(tmp_path: Path) -> None:
    """A request that kills its worker is isolated, and the others are spoken."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=4, delay_s=0.1) as fixture:
            good = [fixture.ask(f"good-{n}", n) for n in range(3)]
            poison = fixture.ask("poison", 9, "DIE")
            with pytest.raises(EngineError, match="died 3 times at this chunk"):
                await poison
            for task in good:
                assert (await task).payload
            assert fixture.admitted.count("poison") == 3
            assert all(fixture.admitted.count(f"good-{n}") <= 2 for n in range(3))
            assert (await fixture.ask("after", 1)).payload

    asyncio.run(story())


def test_deaths_survive_restart(tmp_path: Path) -> None:
    """Deaths are counted over a restart."""

    async def story(deaths: int) -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            for _ in range(deaths):
                fixture.ledger.crashes.add("poison")
            with pytest.raises(EngineError, match="died 3 times"):
                await fixture.ask("poison", 1, "DIE")
            assert fixture.admitted == ["poison"]

    asyncio.run(story(2))


def test_outside_kill_costs_one_retry(tmp_path: Path) -> None:
    """A worker killed from outside costs one more try."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=2) as fixture:
            tasks = [fixture.ask(f"piece-{n}", 1, "SLOW:0.4") for n in range(2)]
            await _until(lambda: fixture.pool.states()[0].in_flight == 2)
            os.kill(fixture.pool.workers[0].pid, signal.SIGKILL)
            await asyncio.gather(*tasks)
            assert sorted(fixture.admitted) == ["piece-0"] * 2 + ["piece-1"] * 2

    asyncio.run(story())


def test_missing_engine_fails_waiting(tmp_path: Path) -> None:
    """An unavailable engine fails the requests that wait for it."""

    async def story() -> None:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        specs = [spec(toy(unless=str(tmp_path / "model")))]
        pool = WorkerPool(specs, lambda: scheduler.workers_changed())
        scheduler = Scheduler(pool, ledger)
        await pool.start()
        try:
            with pytest.raises(EngineUnavailable, match="model is missing"):
                await scheduler.engine("toy")
            with pytest.raises(EngineUnavailable):
                await scheduler.engine("nobody")
        finally:
            await pool.stop()
            ledger.close()

    asyncio.run(story())


def test_unstored_result_keeps_slot(tmp_path: Path) -> None:
    """A result that is not stored yet keeps its slot."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=2) as fixture:
            kept = asyncio.Event()

            async def keep_slowly(key: str) -> None:
                async with fixture.scheduler.performing(fixture.request(key, 1)):
                    await kept.wait()

            keeping = [asyncio.ensure_future(keep_slowly(f"piece-{n}")) for n in range(6)]
            await _until(lambda: len(fixture.admitted) == 2)
            await asyncio.sleep(0.2)
            assert len(fixture.admitted) == 2
            kept.set()
            await asyncio.gather(*keeping)
            assert len(fixture.admitted) == 6

    asyncio.run(story())


def test_engine_error_fails_one_request(tmp_path: Path) -> None:
    """An engine's error fails only the request that causes it."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=4, delay_s=0.05) as fixture:
            good = [fixture.ask(f"good-{n}", n) for n in range(3)]
            bad = fixture.ask("bad", 9, text="RAISE")
            for task in good:
                assert (await task).payload
            with pytest.raises(EngineError, match="ZeroDivisionError"):
                await bad

    asyncio.run(story())
