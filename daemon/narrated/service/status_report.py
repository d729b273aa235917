"""The daemon's status as values, for `narrated status`, the status note and systemd."""

import time
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from narrated.config.values import Config
from narrated.engines.model_interface import ModelStatus
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import notes
from narrated.printable import printable

MOST_LISTED = 50


class ReadingStatus(msgspec.Struct, frozen=True):
    """A file being read: progress from 0 to 1, and the seconds left, None if unknown."""

    path: str
    fraction: float
    left_s: float | None
    characters: int


class HeldFile(msgspec.Struct, frozen=True):
    """A file that waits or failed, and its remedy."""

    path: str
    problem: str
    remedy: str


class WorkerStatus(msgspec.Struct, frozen=True):
    """The state of a worker."""

    name: str
    pid: int | None
    state: str
    engines: tuple[str, ...]
    restarts: int
    in_flight: int
    problem: str
    models: tuple[ModelStatus, ...] = ()


class ServiceNews(NamedTuple):
    """Stays equal as long as nothing changes that a report contains."""

    ledger_changes: int
    is_idle: bool
    details: tuple[object, ...]


class StatusReport(msgspec.Struct, frozen=True):
    """The status of the daemon; file names are raw, and escaped only where they are shown."""

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
    """Files of the inbox that are not ingested yet, each with the reason."""
    notices: tuple[str, ...] = ()
    workers: tuple[WorkerStatus, ...] = ()
    finished: bool = True
    """False if `narrated once` was stopped before its end."""
    done_today: int = 0
    cache_bytes: int = 0

    @property
    def line(self) -> str:
        """Summarise in one line, for systemd and the journal."""
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


def report_at_rest(config: Config) -> StatusReport:
    """Report from the ledger alone, while no daemon runs."""
    path = config.state / "ledger.sqlite"
    rest = StatusReport("stopped", "", str(config.inbox), str(config.outbox))
    if not path.exists():
        return rest
    ledger = Ledger(path)
    try:
        return msgspec.structs.replace(
            rest,
            queued=len(ledger.jobs.all_open()),
            queue=tuple(job.path for job in ledger.jobs.all_open()[:10]),
            waiting=held_files(ledger.jobs.in_state(JobState.WAITING, limit=MOST_LISTED)),
            failed=held_files(ledger.jobs.in_state(JobState.FAILED, limit=MOST_LISTED)),
            counts={str(state): count for state, count in ledger.jobs.counts().items()},
            done_today=ledger.jobs.done_since(midnight()),
            cache_bytes=ledger.takes.total_bytes(),
        )
    finally:
        ledger.close()


def status_note(report: StatusReport) -> str:
    """Write the text of the note at the outbox's root."""
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
    """Format a duration: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def held_files(jobs: list[Job]) -> tuple[HeldFile, ...]:
    """List jobs that wait or failed, with their remedies."""
    return tuple(HeldFile(job.path, job.problem, job.remedy) for job in jobs)


def midnight() -> float:
    """Return the beginning of today, in local time, as seconds since the epoch."""
    now = time.localtime()
    return time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
