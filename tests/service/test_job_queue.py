"""The queue of jobs: places for reading and for speaking, and engines that load."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from narrated.jobs.admission_callbacks import AdmissionCallbacks
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.service import job_queue
from narrated.service.job_queue import READING, SLOTS, SPEAKING, JobQueue
from narrated.workers.fair_shares import Priority, Standing

POST = Standing(Priority.POST)


@dataclass
class QueueFixture:
    """A queue whose jobs do what a test tells them: each is given its callbacks."""

    ledger: Ledger
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    acts: dict[str, Callable[[Job, AdmissionCallbacks], Coroutine[Any, Any, None]]] = field(
        default_factory=dict
    )
    ran: list[str] = field(default_factory=list)
    standings: dict[int, Standing] = field(default_factory=dict)
    slots: int = 0

    def __post_init__(self) -> None:
        self.queue = JobQueue(
            self.ledger,
            self.standings,
            lambda job: POST,
            self._answered,
            self._run,
            lambda engine: self.slots,
        )

    async def _answered(self, _engine: str) -> None:
        await self.loaded.wait()

    async def _run(self, job: Job, callbacks: AdmissionCallbacks) -> None:
        self.ran.append(job.path)
        await self.acts.get(job.path, _done)(job, callbacks)

    def push(self, path: str) -> Job:
        job = self.ledger.jobs.add(path, "0" * 64, 9000, path)
        self.queue.push(job)
        return job


async def _done(_job: Job, _callbacks: AdmissionCallbacks) -> None:
    return None


def _told(tmp_path: Path, story: Callable[[QueueFixture], Coroutine[Any, Any, None]]) -> None:
    async def tell() -> None:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        fixture = QueueFixture(ledger)
        try:
            async with asyncio.timeout(30):
                await story(fixture)
        finally:
            await fixture.queue.close()
            ledger.close()

    asyncio.run(tell())


async def _load(job: Job, callbacks: AdmissionCallbacks) -> None:
    callbacks.park_until_loaded("slow")


def test_loading_jobs_hold_no_place(tmp_path: Path) -> None:
    """Any number of jobs whose engine loads leave places for another; they run again after it."""

    async def story(fixture: QueueFixture) -> None:
        slow = [f"slow{n}" for n in range(READING[Priority.POST] * 3)]
        fixture.acts = dict.fromkeys(slow, _load)
        for path in slow:
            fixture.push(path)
        fixture.push("warm")
        while "warm" not in fixture.ran:
            await asyncio.sleep(0)
        assert fixture.queue.queued == len(slow)
        assert not fixture.queue.idle.is_set()
        fixture.acts = {}
        fixture.loaded.set()
        await fixture.queue.idle.wait()
        assert sorted(fixture.ran) == sorted([*slow, *slow, "warm"])

    _told(tmp_path, story)


def test_loaded_jobs_resume_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs whose engine has loaded are queued again in slices, and one may be cancelled then."""
    monkeypatch.setattr(job_queue, "RESUMED_AT_ONCE", 2)

    async def story(fixture: QueueFixture) -> None:
        names = [f"slow{n}" for n in range(9)]
        fixture.acts = dict.fromkeys(names, _load)
        jobs = [fixture.push(name) for name in names]
        while fixture.queue.queued < len(names) or len(fixture.ran) < len(names):
            await asyncio.sleep(0)
        fixture.acts, fixture.ran = {}, []
        fixture.loaded.set()
        while not fixture.ran:
            await asyncio.sleep(0)
        assert fixture.queue.queued > 2
        fixture.queue.cancel(jobs[-1])
        await fixture.queue.idle.wait()
        assert fixture.ran == names[:-1]

    _told(tmp_path, story)


def test_cancelled_load_is_idle(tmp_path: Path) -> None:
    """A job that is cancelled while its engine loads leaves the queue idle, and never runs."""

    async def story(fixture: QueueFixture) -> None:
        fixture.acts = {"slow": _load}
        job = fixture.push("slow")
        while not fixture.queue.queued:
            await asyncio.sleep(0)
        fixture.ledger.jobs.move(job, JobState.REMOVED)
        fixture.queue.cancel(job)
        assert fixture.queue.idle.is_set()
        fixture.loaded.set()
        await asyncio.sleep(0.01)
        assert fixture.ran == ["slow"]

    _told(tmp_path, story)


@pytest.mark.parametrize("turned", [False, True])
def test_planned_jobs_wait_by_rank(tmp_path: Path, turned: bool) -> None:
    """Planned jobs that find no place are run again by rank as places come free."""

    async def story(fixture: QueueFixture) -> None:
        release = asyncio.Event()
        count = SPEAKING[Priority.POST]

        async def speak(job: Job, callbacks: AdmissionCallbacks) -> None:
            rank = float(-job.id)
            if callbacks.may_speak(("voice",), lambda: Standing(Priority.POST, rank)):
                await release.wait()

        paths = [f"post{n:02}" for n in range(count + 4)]
        fixture.acts = dict.fromkeys(paths, speak)
        for path in paths:
            fixture.push(path)
        while fixture.queue.queued != 4 or len(fixture.ran) < len(paths):
            await asyncio.sleep(0)
        if turned:
            await fixture.queue.reverse()
        first = paths[-1] if not turned else paths[-4]
        assert fixture.ledger.jobs.get(fixture.queue.next_up[0]).path == first
        release.set()
        await fixture.queue.idle.wait()
        again = fixture.ran[len(paths) :]
        assert again == (paths[count:] if turned else paths[count:][::-1])

    _told(tmp_path, story)


def test_more_slots_give_more_places(tmp_path: Path) -> None:
    """An engine with many slots has as many posts under way, also once another box comes."""

    async def story(fixture: QueueFixture) -> None:
        never, fixture.slots = asyncio.Event(), 2 * SLOTS

        async def speak(job: Job, callbacks: AdmissionCallbacks) -> None:
            if callbacks.may_speak(("voice",), lambda: POST):
                await never.wait()

        async def waits(count: int) -> None:
            while fixture.queue.queued != count:
                await asyncio.sleep(0)

        paths = [f"post{n:02}" for n in range(60)]
        fixture.acts = dict.fromkeys(paths, speak)
        for path in paths:
            fixture.push(path)
        await waits(60 - 2 * SPEAKING[Priority.POST])
        fixture.slots = 4 * SLOTS
        fixture.queue.fill()
        await waits(60 - 4 * SPEAKING[Priority.POST])

    _told(tmp_path, story)


def test_other_engine_has_own_places(tmp_path: Path) -> None:
    """A full engine leaves the places of another one free."""

    async def story(fixture: QueueFixture) -> None:
        never, spoken = asyncio.Event(), asyncio.Event()

        async def slow(job: Job, callbacks: AdmissionCallbacks) -> None:
            if callbacks.may_speak(("slow",), lambda: POST):
                await never.wait()

        async def fast(job: Job, callbacks: AdmissionCallbacks) -> None:
            if callbacks.may_speak(("fast",), lambda: POST):
                spoken.set()

        paths = [f"slow{n}" for n in range(40)]
        fixture.acts = {**dict.fromkeys(paths, slow), "fast": fast}
        for path in (*paths, "fast"):
            fixture.push(path)
        await spoken.wait()
        assert fixture.queue.queued == 40 - SPEAKING[Priority.POST]

    _told(tmp_path, story)


def test_pushed_again_runs_again(tmp_path: Path) -> None:
    """A job that is pushed while it runs is run once more afterwards; one that waits, once."""

    async def story(fixture: QueueFixture) -> None:
        begun = asyncio.Event()

        async def once(job: Job, callbacks: AdmissionCallbacks) -> None:
            begun.set()
            await asyncio.sleep(0)

        fixture.acts = {"post": once}
        job = fixture.push("post")
        fixture.queue.push(job)
        await begun.wait()
        fixture.queue.push(job)
        fixture.queue.push(job)
        await fixture.queue.idle.wait()
        assert fixture.ran == ["post", "post"]

    _told(tmp_path, story)


def test_stalled_admission_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that nobody gives a free place means that admission stands still; an engine's not."""
    monkeypatch.setattr(job_queue, "LATE_S", 0.2)

    async def story(fixture: QueueFixture) -> None:
        fixture.acts["loads.md"] = _load
        fixture.push("loads.md")
        for _ in range(10):
            await asyncio.sleep(0.1)
            assert fixture.queue.is_turning
        monkeypatch.setattr(fixture.queue, "_fill", lambda: None)
        fixture.push("post.md")
        while fixture.queue.is_turning:
            await asyncio.sleep(0.01)
        assert fixture.queue.queued == 2

    _told(tmp_path, story)


def test_break_is_no_stall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that hold all places for as long as a break lasts do not mean that admission stalls."""
    monkeypatch.setattr(job_queue, "LATE_S", 0.1)

    async def story(fixture: QueueFixture) -> None:
        never = asyncio.Event()

        async def hold(job: Job, callbacks: AdmissionCallbacks) -> None:
            if callbacks.may_speak(("voice",), lambda: POST):
                await never.wait()

        count = SPEAKING[Priority.POST] + 5
        fixture.acts = {f"post{n}": hold for n in range(count)}
        for path in fixture.acts:
            fixture.push(path)
        while len(fixture.ran) < count or fixture.queue.queued != 5:
            await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0.05)
            assert fixture.queue.is_turning
        assert (len(fixture.ran), fixture.queue.queued) == (count, 5)

    _told(tmp_path, story)
