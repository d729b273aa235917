"""Estimates of time left, in a simulated engine that works by shares and ranks."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from narrated.jobs.job_progress import JobProgress
from narrated.jobs.time_left import times_left
from narrated.workers.engine_speed import EngineSpeed
from narrated.workers.fair_shares import FairShares, Priority, Standing

SLOTS = 4
STEP_S = 0.5


@dataclass
class _Job:
    id: int
    chunks: dict[int, float]
    """Characters of the chunks that are not asked for yet, by number."""
    progress: JobProgress = field(init=False)

    def __post_init__(self) -> None:
        self.progress = JobProgress(cast(Any, self))
        self.progress.unspoken = {n: ("toy", int(size)) for n, size in self.chunks.items()}


@dataclass
class _Engine:
    """Stands in for the scheduler: answers requests after a fixed and a proportional time."""

    standings: dict[int, Standing] = field(default_factory=dict)
    speed: EngineSpeed = field(default_factory=EngineSpeed)
    shares: FairShares = field(default_factory=FairShares)
    busy: list[tuple[float, float, _Job, int, float]] = field(default_factory=list)
    """Requests in flight: their ends, begins, jobs, chunks and characters."""
    now_s: float = 0.0

    def slots(self, _engine: str) -> int:
        return SLOTS

    def slot_seconds(self, _engine: str, requests: int, weight: float) -> float | None:
        return self.speed.slot_seconds(requests, weight)

    def seconds_done(self, _engine: str, job: int) -> float:
        return sum(self.now_s - begun_s for _, begun_s, of, *_ in self.busy if of.id == job)

    def step(self, jobs: list[_Job]) -> None:
        self.now_s += STEP_S
        for done in [each for each in self.busy if each[0] <= self.now_s]:
            self.busy.remove(done)
            _, begun_s, job, chunk, size = done
            self.speed.learn(size, self.now_s - begun_s)
            del job.progress.unspoken[chunk]
        while len(self.busy) < SLOTS and (waiting := [each for each in jobs if each.chunks]):
            self._admit(waiting)

    def _admit(self, waiting: list[_Job]) -> None:
        of = {each.id: self.standings[each.id].priority for each in waiting}
        priority = self.shares.first(set(of.values()))
        alike = [each for each in waiting if of[each.id] is priority]
        job = min(alike, key=lambda each: (self.standings[each.id].rank, each.id))
        chunk, size = next(iter(job.chunks.items()))
        del job.chunks[chunk]
        self.shares.charge(priority, size)
        self.busy.append((self.now_s + 3 + 0.02 * size, self.now_s, job, chunk, size))


def _jobs(engine: _Engine) -> list[_Job]:
    """A book, ten posts that came together, and notes among them."""
    lengths = {Priority.BOOK: [150], Priority.POST: [25] * 10, Priority.NOTE: [3] * 8}
    jobs: list[_Job] = []
    for priority, counts in lengths.items():
        for count in counts:
            sizes = [20.0, *(120.0 + 80 * (n % 3) for n in range(count))]
            jobs.append(_Job(len(jobs), dict(enumerate(sizes))))
            engine.standings[len(jobs) - 1] = Standing(priority)
    return jobs


def test_estimates_do_not_swing() -> None:
    """While nothing arrives, no estimate doubles or halves from one look to the next."""
    engine = _Engine()
    jobs = _jobs(engine)
    before: dict[int, float] = {}
    looks = 0
    while any(job.progress.unspoken for job in jobs):
        engine.step(jobs)
        left = times_left([job.progress for job in jobs], cast(Any, engine))
        for job in left.keys() & before.keys():
            looks += 1
            # Within a request's time of the end half a second is much.
            swing = (left[job] + 7) / (before[job] + 7)
            assert 0.5 < swing < 2, (engine.now_s, job, before[job], left[job])
        before = left
    assert looks > 1000


def test_estimates_come_true() -> None:
    """What was told early, the last post of all included, is right within a third."""
    engine = _Engine()
    jobs = _jobs(engine)
    told: dict[int, float] = {}
    ended: dict[int, float] = {}
    while any(job.progress.unspoken for job in jobs):
        engine.step(jobs)
        if not told and engine.now_s > 30:
            left = times_left([job.progress for job in jobs], cast(Any, engine))
            told = {job: engine.now_s + seconds for job, seconds in left.items()}
        for job in jobs:
            if not job.progress.unspoken:
                ended.setdefault(job.id, engine.now_s)
    assert len(told) > 10
    off = {job: told[job] / ended[job] for job in told if ended[job] > 60}
    assert all(0.67 < each < 1.5 for each in off.values()), off


def test_encoding_alone_is_told() -> None:
    """What is spoken already needs its encoding, at its speed so far; not by its first step."""
    progress = JobProgress(cast(Any, _Job(1, {})), characters=100_000)
    progress.recorded, progress.encoding_s = 20, 0.5
    assert times_left([progress], cast(Any, _Engine())) == {}
    progress.recorded, progress.encoding_s = 50_000, 10.0
    assert times_left([progress], cast(Any, _Engine())) == {1: 10.0}


def test_second_encoding_goes_not_back() -> None:
    """A narration that is encoded again shows no less than before, and at once the time left."""
    progress = JobProgress(cast(Any, _Job(1, {})))
    progress.begin(100_000)
    progress.recorded, progress.encoding_s = 99_000, 9.9
    progress.begin_again()
    assert progress.fraction == pytest.approx(0.99)
    assert times_left([progress], cast(Any, _Engine())) == {1: pytest.approx(10.0)}
    progress.recorded, progress.encoding_s = 50_000, 5.0
    assert times_left([progress], cast(Any, _Engine())) == {1: pytest.approx(5.0)}
    assert progress.fraction == pytest.approx(0.99)


def test_unknown_speed_tells_nothing() -> None:
    """Before an engine has answered, nothing is told of its jobs."""
    engine = _Engine()
    jobs = _jobs(engine)
    assert times_left([job.progress for job in jobs], cast(Any, engine)) == {}


class _HalfKnown(_Engine):
    """One engine has spoken before, the other never has."""

    def slot_seconds(self, engine: str, requests: int, weight: float) -> float | None:
        return weight if engine == "known" else None


def test_unknown_engine_hides_the_time() -> None:
    """A job that an unknown engine speaks in part has no estimate; others keep theirs."""
    both, alone = _Job(1, {0: 10.0}), _Job(2, {0: 10.0})
    both.progress.unspoken = {0: ("unknown", 10), 1: ("known", 10)}
    alone.progress.unspoken = {0: ("known", 10)}
    progress = [both.progress, alone.progress]
    assert times_left(progress, cast(Any, _HalfKnown())).keys() == {2}
