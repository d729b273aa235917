"""Estimates how long running jobs need: by the work before them and the speed of engines."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from narrated.jobs.job_progress import JobProgress
from narrated.workers.fair_shares import SHARES, Priority, Standing
from narrated.workers.request_dispatch import Scheduler


@dataclass(frozen=True, slots=True)
class _Work:
    """The text of one job that one engine has left to say."""

    job: int
    standing: Standing
    requests: int
    slot_seconds: float

    @property
    def order(self) -> tuple[float, int]:
        return self.standing.rank, self.job


def times_left(progress: Collection[JobProgress], scheduler: Scheduler) -> dict[int, float]:
    """Return the seconds left of each running job by its id; one that is unknown is absent.

    What a job has to wait for counts as well, so that an estimate falls as time goes by, and does
    not leap when the job's turn comes.
    """
    left = {each.job.id: each.encoding_left_s for each in progress}
    unknown: set[int] = set()
    for engine, jobs in _by_engine(progress).items():
        slots = scheduler.slots(engine)
        works = [_work(job, engine, *jobs[job], scheduler) for job in jobs]
        known = [each for each in works if each is not None] if slots else []
        for work in known:
            left[work.job] = max(left[work.job], _seconds(work, known, slots))
        unknown |= jobs.keys() - {each.job for each in known}
    return {job: left[job] for job in left if left[job] > 0 and job not in unknown}


def _by_engine(progress: Collection[JobProgress]) -> dict[str, dict[int, tuple[int, float]]]:
    """Count requests and characters that are not spoken yet, by engine and job."""
    engines: defaultdict[str, dict[int, tuple[int, float]]] = defaultdict(dict)
    for each in progress:
        for engine, characters in (*each.unspoken.values(), *each.unheard.values()):
            requests, total = engines[engine].get(each.job.id, (0, 0.0))
            engines[engine][each.job.id] = (requests + 1, total + characters)
    return engines


def _work(
    job: int, engine: str, requests: int, characters: float, scheduler: Scheduler
) -> _Work | None:
    seconds = scheduler.slot_seconds(engine, requests, characters)
    if seconds is None:
        return None
    seconds -= scheduler.seconds_done(engine, job)
    standing = scheduler.standings.get(job, Standing())  # it may be about to end
    return _Work(job, standing, requests, max(seconds, 0.0))


def _seconds(work: _Work, works: Collection[_Work], slots: int) -> float:
    """Return how long one job waits and is spoken; it cannot use more slots than requests."""
    backlog: defaultdict[Priority, float] = defaultdict(float)
    before = work.slot_seconds
    for other in works:
        backlog[other.standing.priority] += other.slot_seconds
        if other.standing.priority is work.standing.priority and other.order < work.order:
            before += other.slot_seconds
    busy = min(slots, sum(each.requests for each in works))
    alone = work.slot_seconds / min(slots, work.requests)
    return max(alone, _shared_seconds(work.standing.priority, before, backlog) / busy)


def _shared_seconds(priority: Priority, wanted: float, backlog: Mapping[Priority, float]) -> float:
    """Return the seconds of all until a priority was served so much, while all have their shares.

    Its backlog is at least `wanted`. The fluid form of fair queueing.
    """
    seconds, left = 0.0, dict(backlog)
    while True:  # at most once for each priority
        shares = sum(SHARES[each] for each in left)
        ends = {each: left[each] * shares / SHARES[each] for each in left}
        first = min(ends, key=lambda each: ends[each])
        own_end = wanted * shares / SHARES[priority]
        if first is priority or own_end <= ends[first]:
            return seconds + own_end
        seconds += ends[first]
        wanted = max(wanted - ends[first] * SHARES[priority] / shares, 0.0)
        left = {each: left[each] - ends[first] * SHARES[each] / shares for each in left}
        del left[first]
