"""The scheduler: shares of priorities, jobs in turn, full slots, a fatal request found alone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from narrated.engines.engine_info import EngineInfo
from narrated.errors import EngineError, EngineReplaced, EngineUnavailable, NarratedError
from narrated.ledger.store import Ledger
from narrated.workers.fair_shares import Priority, Standing
from narrated.workers.pending_requests import PendingRequest
from narrated.workers.pool import WorkerPool
from narrated.workers.request_dispatch import Scheduler
from narrated.workers.request_matching import ScheduledRequest
from narrated.workers.worker import RequestResult, Worker, WorkerSpec
from workers.support import spec, toy


class RecordingScheduler(Scheduler):
    """A scheduler that notes the order of its admissions."""

    def __init__(self, pool: WorkerPool, ledger: Ledger, admitted: list[str]) -> None:
        super().__init__(pool, ledger, encoders=2)
        self._admitted = admitted

    def _admit(self, pending: PendingRequest, worker: Worker) -> None:
        self._admitted.append(pending.request.key)
        super()._admit(pending, worker)


@dataclass
class SchedulerFixture:
    """A scheduler on real workers, with the keys of requests in the order of admission."""

    scheduler: RecordingScheduler
    pool: WorkerPool
    ledger: Ledger
    admitted: list[str]

    def stand(self, job: int, priority: Priority, rank: float = 0.0) -> None:
        self.scheduler.standings[job] = Standing(priority, rank)

    def request(
        self, key: str, job: int, text: str = "word", weight: float = 10.0
    ) -> ScheduledRequest:
        return ScheduledRequest(key, "toy", job, weight, {"text": text, "voice": "toy"})

    def ask(self, key: str, job: int, text: str = "word", weight: float = 10.0) -> Any:
        work = self.scheduler.perform(self.request(key, job, text, weight))
        return asyncio.ensure_future(work)

    def ask_of(self, engine: EngineInfo, number: int) -> Any:
        request = self.request(f"{engine.identity}-{number}", number)
        work = self.scheduler.perform(replace(request, identity=engine.identity))
        return asyncio.ensure_future(work)


def _scheduling(folder: Path, **options: Any) -> AbstractAsyncContextManager[SchedulerFixture]:
    return _scheduling_on(folder, spec(toy(**options)))


@asynccontextmanager
async def _scheduling_on(folder: Path, *specs: WorkerSpec) -> AsyncIterator[SchedulerFixture]:
    ledger = Ledger(folder / "ledger.sqlite")
    pool = WorkerPool(specs, lambda: scheduler.workers_changed())
    admitted: list[str] = []
    scheduler = RecordingScheduler(pool, ledger, admitted)
    fixture = SchedulerFixture(scheduler, pool, ledger, admitted)
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


def test_short_note_admitted_next(tmp_path: Path) -> None:
    """A short note is in the next admission, however long the others wait."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=2, delay_s=0.1) as fixture:
            fixture.stand(1, Priority.BOOK)
            fixture.stand(2, Priority.NOTE)
            book = [fixture.ask(f"book-{n}", 1) for n in range(20)]
            await book[3]
            before = len(fixture.admitted)
            await fixture.ask("note", 2)
            assert fixture.admitted.index("note") <= before + 2
            for task in book:
                task.cancel()

    asyncio.run(story())


def test_priorities_share_by_weight(tmp_path: Path) -> None:
    """Priorities share an engine by characters in proportion, not by the number of requests."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            fixture.stand(1, Priority.POST)
            fixture.stand(2, Priority.BOOK)
            posts = [fixture.ask(f"post-{n}", 1, weight=30) for n in range(20)]
            books = [fixture.ask(f"book-{n}", 2, weight=10) for n in range(30)]
            await asyncio.gather(*posts, *books)
            first = fixture.admitted[:20]  # 2 to 1 by characters: 2 to 3 by requests
            assert 7 <= sum(key.startswith("post") for key in first) <= 9

    asyncio.run(story())


def test_equal_posts_come_in_turn(tmp_path: Path) -> None:
    """A post has all its requests admitted before the next of its priority has one."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=2) as fixture:
            asked = [fixture.ask(f"{job}-{n}", job) for n in range(4) for job in (1, 2, 3)]
            await asyncio.gather(*asked)
            assert [key[0] for key in fixture.admitted] == sorted("123" * 4)

    asyncio.run(story())


def test_encoders_brake_later_posts(tmp_path: Path) -> None:
    """Once each of two encoders has enough, only the first post is spoken, and what it shares."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            for job in (1, 2, 3):
                fixture.stand(job, Priority.POST)
            for job in (1, 2):
                fixture.scheduler.brake.hold(job, ["toy"])
            fixture.stand(4, Priority.NOTE)
            later = [fixture.ask(str(job), job) for job in (2, 3)]
            both = [fixture.ask("both", job) for job in (3, 1)]
            await asyncio.gather(fixture.ask("1", 1), fixture.ask("note", 4), *both)
            assert sorted(fixture.admitted) == ["1", "both", "note"]
            fixture.scheduler.brake.release(1)
            await asyncio.gather(*later)
            assert fixture.admitted[3:] == ["2", "3"]

    asyncio.run(story())


def test_idle_slots_go_to_next_post(tmp_path: Path) -> None:
    """Slots that the first post cannot use go to the next one."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=4, delay_s=0.3) as fixture:
            tasks = [fixture.ask(key, int(key[0])) for key in ("1-a", "1-b", "2-a", "2-b", "2-c")]
            await _until(lambda: fixture.pool.states()[0].in_flight == 4)
            assert fixture.admitted == ["1-a", "1-b", "2-a", "2-b"]
            await asyncio.gather(*tasks)

    asyncio.run(story())


def test_rank_orders_equal_posts(tmp_path: Path) -> None:
    """Among posts of one priority the lowest rank is first, whichever came first."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            for job, rank in ((1, 3.0), (2, 1.0), (3, 2.0)):
                fixture.stand(job, Priority.POST, rank)
            await asyncio.gather(*(fixture.ask(f"{job}", job) for job in (1, 2, 3)))
            assert fixture.admitted == ["2", "3", "1"]

    asyncio.run(story())


def test_notes_do_not_starve_book(tmp_path: Path) -> None:
    """A flood of notes does not starve a book."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            fixture.stand(1, Priority.BOOK)
            for note in range(1000, 4000):
                fixture.stand(note, Priority.NOTE)
            book = [fixture.ask(f"book-{n}", 1) for n in range(10)]
            flood = [asyncio.ensure_future(_flood(fixture, first)) for first in (1000, 2000, 3000)]
            await asyncio.gather(*book)
            for task in flood:
                task.cancel()
            notes = sum(key.startswith("note") for key in fixture.admitted)
            assert 40 <= notes <= 100  # 8 to 1

    asyncio.run(story())


async def _flood(fixture: SchedulerFixture, first: int) -> None:
    """Short notes, each a job of its own, one after the other without an end."""
    for number in range(first, first + 1000):
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


def test_answer_in_one_turn_keeps_slot(tmp_path: Path) -> None:
    """A slot stays taken while its answer has come, but is not counted as not stored yet."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=2) as fixture:
            scheduler, (worker,) = fixture.scheduler, fixture.pool.workers
            future = asyncio.get_running_loop().create_future()
            answered = PendingRequest(fixture.request("answered", 1), future, 0)
            scheduler._in_flight[worker] = {answered}  # though its worker is free already
            scheduler._unstored[worker, "toy"] = 1
            waiting = fixture.ask("waiting", 1)
            await asyncio.sleep(0)
            assert scheduler._next(worker) is None
            scheduler._unstored[worker, "toy"] = 0
            scheduler.workers_changed()
            assert (await waiting).payload

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
            await _until(lambda: fixture.pool.states()[0].in_flight == 0)
            fixture.scheduler.workers_changed()
            await asyncio.sleep(0)  # the scheduler's turn
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


def test_slots_count_by_worker(tmp_path: Path) -> None:
    """A result that is not stored yet takes a slot of its own worker, and of no other."""

    async def story() -> None:
        one = spec(toy(rows=1))
        async with _scheduling_on(tmp_path, one, replace(one, name="second")) as fixture:
            await _until(lambda: len(fixture.pool.workers) == 2)
            scheduler = fixture.scheduler
            async with scheduler.performing(fixture.request("first", 1)):
                async with scheduler.performing(fixture.request("second", 1)):
                    third = fixture.ask("third", 1)
                    await _until(lambda: all(not w.in_flight() for w in fixture.pool.workers))
                    await asyncio.sleep(0)  # the scheduler's turn
                    assert fixture.admitted == ["first", "second"]
                await third

    asyncio.run(story())


def test_request_goes_to_its_identity(tmp_path: Path) -> None:
    """A request goes to the worker with its engine's identity, however busy that one is."""

    async def story() -> None:
        first, second = spec(toy(rows=1, sample_rate=8000)), spec(toy(rows=1), name="second")
        async with _scheduling_on(tmp_path, first, second) as fixture:
            await _until(lambda: len(fixture.pool.workers) == 2)
            one, two = fixture.pool.announced("toy")
            assert await fixture.scheduler.engine("toy") == one
            results = await asyncio.gather(
                *(fixture.ask_of(engine, number) for number in range(4) for engine in (one, two))
            )
            rates = [result.header["sample_rate"] for result in results]
            assert rates == [8000, 22050] * 4

    asyncio.run(story())


def test_request_goes_to_its_voice(tmp_path: Path) -> None:
    """A request goes to a worker whose voice has its digest; the engine is one for both."""

    async def story() -> None:
        voices = tmp_path / "voices.json"
        voices.write_text('{"toy": "old"}')
        one = spec(toy(rows=1, voices_in=str(voices)))
        async with _scheduling_on(tmp_path, one) as fixture:
            voices.write_text('{"toy": "new", "late": "voice"}')
            await fixture.pool.apply([one, replace(one, name="second")])
            await _until(lambda: len(fixture.pool.workers) == 2)
            old, new = fixture.pool.workers
            joined = await fixture.scheduler.engine("toy", {"late"})
            assert joined.voices == {"toy": "old", "late": "voice"}
            request = fixture.request("new", 1)
            header = {**request.header, "voice_digest": "new"}
            assert await fixture.scheduler.perform(replace(request, header=header))
            assert (old.finished, new.finished) == (0, 1)

    asyncio.run(story())


def test_replaced_engine_is_told(tmp_path: Path) -> None:
    """A request whose engine or voice no worker has is refused, whether it waits or comes."""

    async def story() -> None:
        held = tmp_path / "held"
        held.touch()
        first = spec(toy(rows=1, held=str(held)))
        async with _scheduling_on(tmp_path, first) as fixture:
            (engine,) = fixture.pool.announced("toy")
            flying, waiting = (fixture.ask_of(engine, number) for number in (1, 2))
            await _until(lambda: fixture.admitted)
            await fixture.pool.apply([spec(toy(rows=1, sample_rate=8000))])
            held.unlink()
            assert (await flying).header["identity"] == engine.identity
            with pytest.raises(EngineReplaced, match="`toy` was replaced"):
                await waiting
            with pytest.raises(EngineReplaced, match="`toy` was replaced"):
                await fixture.ask_of(engine, 3)
            request = fixture.request("voice", 1)
            header = {**request.header, "voice_digest": "another"}
            with pytest.raises(EngineReplaced, match="voice 'toy' was changed"):
                await fixture.scheduler.perform(replace(request, header=header))

    asyncio.run(story())


def test_lost_worker_of_a_removed_engine(tmp_path: Path) -> None:
    """A request whose worker dies when a reload has removed its engine is refused, not awaited."""

    async def story() -> None:
        held = tmp_path / "held"
        held.touch()
        other = spec(toy("other"), name="second")
        async with _scheduling_on(tmp_path, spec(toy(held=str(held))), other) as fixture:
            flying = fixture.ask("flying", 1)
            await _until(lambda: fixture.admitted)
            (worker,) = (each for each in fixture.pool.workers if "toy" in each.engines)
            await fixture.pool.apply([other])
            fixture.scheduler.workers_changed()
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(EngineUnavailable, match="No worker has the engine 'toy'"):
                await flying

    asyncio.run(story())


def test_terminal_goes_before_jobs(tmp_path: Path) -> None:
    """What somebody waits for at a terminal is in the next admission."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1, delay_s=0.1) as fixture:
            for job in (1, 2):
                fixture.stand(job, Priority.NOTE, -740_000.0)
            notes = [fixture.ask(f"note-{n}", 1 + n % 2) for n in range(20)]
            await notes[0]
            before = len(fixture.admitted)
            await fixture.ask("said", 0)
            assert fixture.admitted.index("said") <= before + 1
            for task in notes:
                task.cancel()

    asyncio.run(story())


def test_held_scheduler_sends_nothing(tmp_path: Path) -> None:
    """While it is held, jobs' requests wait, those of nobody's job are refused, and then all go."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=1) as fixture:
            flying = fixture.ask("flying", 1, "SLOW:0.3")
            while not fixture.admitted:
                await asyncio.sleep(0)
            asked = fixture.ask("asked", 0)
            await asyncio.sleep(0)  # it is queued now
            fixture.scheduler.hold(NarratedError("It rests."))
            waiting = fixture.ask("waiting", 1)
            refused = await asyncio.gather(asked, fixture.ask("later", 0), return_exceptions=True)
            assert list(map(str, refused)) == ["It rests.", "It rests."]
            assert (await flying).payload
            assert (fixture.admitted, fixture.scheduler.waiting) == (["flying"], 1)
            fixture.scheduler.release()
            assert (await waiting).payload
            assert fixture.admitted == ["flying", "waiting"]

    asyncio.run(story())


@asynccontextmanager
async def _full(folder: Path) -> AsyncIterator[tuple[SchedulerFixture, dict[str, Any], Path]]:
    """A book's first request is begun, and three of it wait at the worker, which has no more room.

    Gives also the tasks by their texts, and a file that gets a line for each text spoken. Nothing
    ends before the block has removed the file `held`.
    """
    held, log = folder / "held", folder / "log"
    held.touch()
    options = {"rows": 4, "slots": 1, "held": str(held), "log": str(log)}
    async with _scheduling(folder, **options) as fixture:
        fixture.stand(1, Priority.BOOK)
        fixture.stand(2, Priority.NOTE)
        texts = [f"book {n}" for n in range(5)]
        tasks = {text: fixture.ask(text, 1, text) for text in texts}
        await _until(lambda: fixture.pool.states()[0].in_flight == 4)
        await _until(lambda: any(each.is_begun for each in fixture.scheduler._pending.values()))
        yield fixture, tasks, log


def test_note_overtakes_workers_queue(tmp_path: Path) -> None:
    """A note's requests overtake what waits at a worker, but not what is begun."""

    async def story() -> None:
        async with _full(tmp_path) as (fixture, tasks, log):
            notes = [fixture.ask(f"note {n}", 2, f"note {n}") for n in range(2)]
            await _until(lambda: {"note 0", "note 1"} <= {*fixture.admitted})
            assert fixture.pool.states()[0].in_flight == 4
            (tmp_path / "held").unlink()
            await asyncio.gather(*notes, *tasks.values())
            first, *others = tasks
            assert log.read_text().splitlines() == [first, "note 0", "note 1", *others]

    asyncio.run(story())


def test_kill_blames_only_what_is_begun(tmp_path: Path) -> None:
    """A killed worker counts against the request that is begun, not those that wait behind it."""

    async def story() -> None:
        async with _full(tmp_path) as (fixture, tasks, log):
            os.kill(fixture.pool.workers[0].pid, signal.SIGKILL)
            await _until(lambda: fixture.ledger.crashes.count("book 0"))
            assert [text for text in tasks if fixture.ledger.crashes.count(text)] == ["book 0"]
            (tmp_path / "held").unlink()
            await asyncio.gather(*tasks.values())
            assert log.read_text().splitlines() == [*tasks]

    asyncio.run(story())


def test_break_takes_the_queue_back(tmp_path: Path) -> None:
    """A held scheduler takes back what waits at a worker; only what is begun is finished."""

    async def story() -> None:
        async with _full(tmp_path) as (fixture, tasks, log):
            fixture.scheduler.hold(NarratedError("It rests."))
            await _until(lambda: fixture.pool.states()[0].in_flight == 1)
            (tmp_path / "held").unlink()
            assert (await tasks["book 0"]).payload
            assert log.read_text().splitlines() == ["book 0"]
            assert (fixture.pool.states()[0].in_flight, fixture.scheduler.waiting) == (0, 4)
            fixture.scheduler.release()
            await asyncio.gather(*tasks.values())
            assert log.read_text().splitlines() == [*tasks]

    asyncio.run(story())


def test_queue_behind_dying_worker(tmp_path: Path) -> None:
    """Requests behind one that kills its worker are spoken, and none of them is suspected."""

    async def story() -> None:
        async with _scheduling(tmp_path, rows=4, slots=1) as fixture:
            poison = fixture.ask("poison", 1, "SLOW:0.2 DIE")
            good = [fixture.ask(f"good-{n}", 1) for n in range(3)]
            with pytest.raises(EngineError, match="died 3 times at this chunk"):
                await poison
            assert all([(await task).payload for task in good])
            assert not any(fixture.ledger.crashes.count(f"good-{n}") for n in range(3))

    asyncio.run(story())
