"""How the daemon stands, as values: for `narrated status`, the status note and systemd."""

import time
from datetime import UTC, datetime
from typing import Literal

import msgspec

from narrated.config.values import Config
from narrated.engines.model_interface import ModelStatus
from narrated.errors import StorageError
from narrated.jobs.ingest import InboxStatus
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.outbox import notes
from narrated.printable import printable
from narrated.service.admission import Admission
from narrated.service.app import App
from narrated.workers.pool import WorkerSnapshot

MOST_LISTED = 50


class ReadingStatus(msgspec.Struct, frozen=True):
    """A file being read: how far, from 0 to 1, and the seconds left where that is known."""

    path: str
    fraction: float
    left_s: float | None
    characters: int


class HeldFile(msgspec.Struct, frozen=True):
    """A file that waits or failed, and what there is to do about it."""

    path: str
    problem: str
    remedy: str


class WorkerStatus(msgspec.Struct, frozen=True):
    """How a worker fares."""

    name: str
    pid: int | None
    state: str
    engines: tuple[str, ...]
    restarts: int
    in_flight: int
    problem: str
    models: tuple[ModelStatus, ...] = ()


class StatusReport(msgspec.Struct, frozen=True):
    """How the daemon stands; file names as they are, escaped only where they are shown."""

    state: Literal["starting", "working", "idle", "waiting", "stopped"]
    since: str
    inbox: str
    outbox: str
    reading: tuple[ReadingStatus, ...] = ()
    queued: int = 0
    queue: tuple[str, ...] = ()
    waiting: tuple[HeldFile, ...] = ()
    failed: tuple[HeldFile, ...] = ()
    counts: dict[str, int] = {}
    conflicts: tuple[str, ...] = ()
    arriving: tuple[tuple[str, str], ...] = ()
    """Files of the inbox that are not taken yet, and why."""
    notices: tuple[str, ...] = ()
    workers: tuple[WorkerStatus, ...] = ()
    finished: bool = True
    """False where a single pass was stopped before its end."""
    done_today: int = 0
    cache_bytes: int = 0

    @property
    def line(self) -> str:
        """The whole in one line, for systemd and the journal."""
        if self.state != "working":
            held = f", {len(self.waiting)} waiting" if self.waiting else ""
            why = f": {self.notices[0]}" if self.state == "waiting" and self.notices else ""
            return printable(f"{self.state}{held}{why}")
        if not self.reading:
            return f"working, {self.queued} queued"
        first = self.reading[0]
        left = "" if first.left_s is None else f", {duration(first.left_s)} left"
        more = len(self.reading) - 1 + self.queued
        others = f"; {more} more" if more else ""
        return f"reading {printable(first.path)}: {first.fraction:.0%}{left}{others}"


def report(
    house: App,
    lanes: Admission,
    standing: InboxStatus,
    since: str,
    arriving: tuple[tuple[str, str], ...],
    troubles: tuple[StorageError, ...] = (),
) -> StatusReport:
    """How it stands now, in full."""
    ledger = house.ledger
    held = ledger.jobs("state = 'waiting' ORDER BY id LIMIT ?", MOST_LISTED)
    failed = ledger.jobs("state = 'failed' ORDER BY id LIMIT ?", MOST_LISTED)
    reading = now_reading(house)
    return StatusReport(
        state=_state(lanes, held, standing, bool(troubles)),
        since=since,
        inbox=str(house.config.inbox),
        outbox=str(house.config.outbox),
        reading=reading,
        queued=lanes.queued,
        queue=tuple(ledger.job(number).path for number in lanes.next_up),
        waiting=_held(held),
        failed=_held(failed),
        counts={str(state): count for state, count in ledger.counts().items()},
        conflicts=tuple(sorted(standing.conflicts)),
        arriving=_arriving(arriving, held),
        notices=_notices(house, standing, troubles),
        workers=tuple(map(_worker_now, house.pool.states())),
        done_today=ledger.done_since(_midnight()),
        cache_bytes=house.cache.size_bytes,
    )


def resting(config: Config) -> StatusReport:
    """What the ledger tells where no daemon runs."""
    path = config.state / "ledger.sqlite"
    rest = StatusReport("stopped", "", str(config.inbox), str(config.outbox))
    if not path.exists():
        return rest
    ledger = Ledger(path)
    try:
        return msgspec.structs.replace(
            rest,
            queued=len(ledger.open_jobs()),
            queue=tuple(job.path for job in ledger.open_jobs()[:10]),
            waiting=_held(ledger.jobs("state = 'waiting'")[:MOST_LISTED]),
            failed=_held(ledger.jobs("state = 'failed'")[:MOST_LISTED]),
            counts={str(state): count for state, count in ledger.counts().items()},
            done_today=ledger.done_since(_midnight()),
            cache_bytes=ledger.cache_bytes(),
        )
    finally:
        ledger.close()


def now_reading(house: App) -> tuple[ReadingStatus, ...]:
    """What is being read, the furthest first."""
    progress = sorted(
        house.narrator.progress.values(), key=lambda each: each.fraction, reverse=True
    )
    return tuple(
        ReadingStatus(each.job.path, each.fraction, each.left_s, each.characters)
        for each in progress
        if each.characters
    )


def status_note(report: StatusReport) -> str:
    """The text of the note at the outbox's root."""
    return notes.status_note(
        notes.StatusNote(
            now=datetime.now(UTC).astimezone(),
            state=notes.DaemonState(report.state),
            reading=tuple(
                notes.ReadingProgress(each.path, each.fraction, each.left_s)
                for each in report.reading
            ),
            queued=report.queued,
            queue=report.queue,
            waiting=tuple((each.path, each.problem) for each in report.waiting) + report.arriving,
            failed=tuple((each.path, each.problem) for each in report.failed),
            conflicts=report.conflicts,
            notices=report.notices,
            done_today=report.done_today,
        )
    )


def duration(seconds: float) -> str:
    """A duration as a person reads it: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _notices(
    house: App, standing: InboxStatus, troubles: tuple[StorageError, ...]
) -> tuple[str, ...]:
    """What is wrong with the whole, the worst first."""
    inbox = (standing.root_problem, standing.watch_problem)
    return tuple(filter(None, (*map(str, troubles), *inbox, house.rebuilt)))


def _state(
    lanes: Admission, held: list[Job], standing: InboxStatus, is_in_trouble: bool
) -> Literal["starting", "working", "idle", "waiting"]:
    if not standing.is_known:
        return "starting"
    if not lanes.idle.is_set():
        return "working"
    return "waiting" if held or standing.root_problem or is_in_trouble else "idle"


def _worker_now(state: WorkerSnapshot) -> WorkerStatus:
    return WorkerStatus(
        state.name,
        state.pid,
        state.state,
        state.engines,
        state.restarts,
        state.in_flight,
        state.problem,
        state.models,
    )


def _arriving(
    arriving: tuple[tuple[str, str], ...], held: list[Job]
) -> tuple[tuple[str, str], ...]:
    """What has not been taken yet; what waits is listed with its remedy already."""
    told = {job.path for job in held}
    return tuple(each for each in arriving if each[0] not in told)[:MOST_LISTED]


def _held(jobs: list[Job]) -> tuple[HeldFile, ...]:
    return tuple(HeldFile(job.path, job.problem, job.remedy) for job in jobs)


def _midnight() -> float:
    now = time.localtime()
    return time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
