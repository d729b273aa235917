"""What goes on beside the work: the watchdog, the status, and what waits for better times."""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from narrated.config.values import Config
from narrated.errors import StorageError
from narrated.inbox import safe_read
from narrated.jobs.ingest import Ingest
from narrated.ledger.connection import DamagedLedger
from narrated.ledger.job import Job, JobState
from narrated.outbox import notes
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.output_names import STATUS_NAME
from narrated.service.app import App
from narrated.service.clock_adjustment import ClockAdjustment
from narrated.service.status_report import StatusReport, status_note
from narrated.systemd_notify import ServiceNotifier

TURN_S = 1.0
NOTE_S = 15.0
IDLE_NOTE_S = 3600.0
STORAGE_S, STORAGE_LONGEST_S = 2.5, 60.0
"""How soon the storage is tried while it refuses; and how rarely what it refuses all the same."""
FORGET_S = 60.0
"""How often at most the ledger is looked through for what is past."""
SOURCES_S, SOURCES_LONGEST_S = 2.0, 60.0
"""The same of what could not be opened."""

ServiceNews = tuple[int, bool, tuple[object, ...]]
"""The ledger's count of changes, whether nothing is done, and all else that a report tells."""

log = logging.getLogger("narrated")


class HousekeepingTarget(Protocol):
    """What the attendant needs of the service."""

    config: Config
    house: App
    clock: ClockAdjustment
    intake: Ingest

    @property
    def is_alive(self) -> bool: ...
    @property
    def news(self) -> ServiceNews: ...
    def report(self) -> StatusReport: ...
    def revive(self, reason: str) -> None: ...
    def go_on(self, waiting: Iterable[Job]) -> None: ...


class Housekeeping:
    """Turns once a second, as long as the service's loop moves."""

    def __init__(self, service: HousekeepingTarget, notifier: ServiceNotifier) -> None:
        self._service = service
        self._notifier = notifier
        self._line = ""
        self._news: ServiceNews | None = None
        self._noted_at = -IDLE_NOTE_S
        self._noted_state = ""
        self._noted_counts: dict[str, int] = {}
        self._noted_notices: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._noted_arriving: tuple[tuple[str, str], ...] = ()
        self._owes_note = False
        self._complained = ""
        self._storage_at, self._storage_s = time.monotonic(), STORAGE_S
        self._sources_at, self._sources_s = 0.0, SOURCES_S
        self._absentees: set[int] = set()
        self._withdraw_at = 0.0
        self._forget_at = time.monotonic() + FORGET_S
        self._workers: set[tuple[str, int | None, tuple[str, ...], int]] = set()

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self._attend())
        self._feeding = asyncio.create_task(self._feed())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._feeding.cancel()
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    @property
    def _turn_s(self) -> float:
        return min(TURN_S, (self._notifier.watchdog_s or TURN_S) / 3)

    async def _feed(self) -> None:
        """The watchdog asks whether we move, not whether a disk does that we wait for."""
        while True:
            if self._service.is_alive:
                self._notifier.alive()
            await asyncio.sleep(self._turn_s)

    async def _attend(self) -> None:
        while True:
            try:
                await self._turn()
            except StorageError as error:
                self._complain(error)
            if damage := self._service.house.ledger.damage:
                raise DamagedLedger(damage)  # the daemon ends, and the next one makes a new ledger
            await asyncio.sleep(self._turn_s)

    async def _turn(self) -> None:
        await asyncio.to_thread(self._service.house.ground.look)
        await self._tell()
        self._service.clock.turn()
        self._revive_engines()
        await self._revive_storage()
        await self._revive_sources()
        await self._withdraw()
        self._forget()
        self._complained = ""

    def _complain(self, error: StorageError) -> None:
        """Once, not every second."""
        if str(error) != self._complained:
            log.warning("%s", error)
        self._complained = str(error)

    async def _tell(self) -> None:
        """Report when there is something new: a report of a large ledger costs milliseconds."""
        news = self._service.news
        is_resting = news == self._news and news[1] and not self._owes_note
        if is_resting and time.monotonic() - self._noted_at < IDLE_NOTE_S:
            return
        self._news = news
        report = self._service.report()
        if report.line != self._line:
            self._line = report.line
            self._notifier.status(report.line)
        known = self._noted_counts, self._noted_arriving
        self._owes_note = report.state == "working" or (report.counts, report.arriving) != known
        if self._is_note_due(report):
            await self._note(report)

    def _is_note_due(self, report: StatusReport) -> bool:
        """At most every 15 s while there is news, hourly when idle, at once when the work ends."""
        if report.state != self._noted_state and report.state != "working":
            return True
        if self._noted_notices != (report.notices, report.conflicts):
            return True
        age_s = time.monotonic() - self._noted_at
        return age_s >= (NOTE_S if self._owes_note else IDLE_NOTE_S)

    async def _note(self, report: StatusReport) -> None:
        await asyncio.to_thread(leave_note, self._service.house.ground, report)
        self._noted_at = time.monotonic()
        self._noted_state, self._noted_counts = report.state, report.counts
        self._noted_notices = report.notices, report.conflicts
        self._noted_arriving = report.arriving
        self._owes_note = report.state == "working"

    def _revive_engines(self) -> None:
        """What waits for an engine or a voice goes on when a worker brings one."""
        states = self._service.house.pool.states()
        workers = {(each.name, each.pid, each.engines, each.changes) for each in states}
        if workers - self._workers:
            self._service.revive("engine")
        self._workers = workers

    async def _revive_storage(self) -> None:
        """What waits for the storage is tried every little while, once that takes files again."""
        if time.monotonic() < self._storage_at:
            return
        before_s, self._storage_s = self._storage_s, STORAGE_S
        self._storage_at = time.monotonic() + STORAGE_S
        if self._service.house.ledger.jobs(
            "state = 'waiting' AND reason = 'storage' ORDER BY id LIMIT 1"
        ):
            await asyncio.to_thread(self._service.house.probe)
            self._storage_s = min(2 * before_s, STORAGE_LONGEST_S)  # unless it is all that it takes
            self._storage_at = time.monotonic() + self._storage_s
            self._service.revive("storage")

    async def _revive_sources(self) -> None:
        """What waits for its source goes on when that can be opened, announced or not.

        What was there before the inbox was moved away, or a folder closed, is not found again when
        it is back. A source that is there may still show what is not: it is tried ever more rarely.
        """
        if time.monotonic() < self._sources_at:
            return
        ledger, inbox = self._service.house.ledger, self._service.config.inbox
        waiting = ledger.jobs(
            "state = 'waiting' AND reason IN ('absent', 'unreadable') AND source_sha256 <> ''"
        )
        absentees = {job.id for job in waiting}
        none_is_new = bool(absentees) and absentees <= self._absentees
        self._absentees = absentees
        self._sources_s = min(2 * self._sources_s, SOURCES_LONGEST_S) if none_is_new else SOURCES_S
        if waiting:
            ready = await asyncio.to_thread(
                lambda: [job.id for job in waiting if safe_read.is_readable(inbox, job.path)]
            )
            # One that is missed by now ends as soon as it is tried.
            ready += [job.id for job in waiting if not ledger.source_sha256(job.path)]
            jobs = (ledger.job(number) for number in ready)
            self._service.go_on([job for job in jobs if job.state is JobState.WAITING])
        self._sources_at = time.monotonic() + self._sources_s

    async def _withdraw(self) -> None:
        config = self._service.config
        if config.removed != "withdraw" or time.monotonic() < self._withdraw_at:
            return
        self._service.clock.turn()  # not by a clock that was set a moment ago
        for job in self._service.intake.withdraw_due(float(config.withdraw_after)):
            self._withdraw_at = time.monotonic() + STORAGE_LONGEST_S  # unless it works
            await self._service.house.imprint.withdraw(job)
            self._withdraw_at = 0.0

    def _forget(self) -> None:
        """What is past in every way leaves the ledger, which else would grow all our life."""
        if time.monotonic() >= self._forget_at:
            gone_s = float(self._service.config.withdraw_after)
            self._forget_at = time.monotonic() + max(gone_s, FORGET_S)
            self._service.house.ledger.forget_bygones(time.time(), gone_s)


def leave_note(ground: MountGuard, report: StatusReport) -> None:
    """Write the status note at the outbox's root; an outbox that is not there only logs."""
    try:
        ground.insist()
        notes.write_note(ground.outbox, STATUS_NAME, status_note(report))
    except StorageError as error:
        log.warning("%s", error)
