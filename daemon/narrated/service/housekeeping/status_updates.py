"""Keeps the status up to date: systemd's line, and the note at the outbox's root."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from narrated.disk_threads import DiskThreads
from narrated.errors import StorageError
from narrated.outbox import notes
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.unique_stems import STATUS_NAME
from narrated.service.housekeeping.duty import Duty
from narrated.service.status_note_text import status_note
from narrated.service.status_report import (
    DaemonState,
    ServiceNews,
    StatusReport,
    StatusReporter,
)
from narrated.systemd_notify import ServiceNotifier

NOTE_S = 15.0
IDLE_NOTE_S = 3600.0
NOTHING = StatusReport("working", "", "", "")

log = logging.getLogger("narrated")


@dataclass(eq=False)
class StatusUpdates(Duty):
    """Reports only if there is news: a report of a large ledger takes milliseconds."""

    _notifier: ServiceNotifier
    _mount_guard: MountGuard
    _disk: DiskThreads
    _reporter: StatusReporter
    _line: str = ""
    _news: ServiceNews | None = None
    _noted: StatusReport = NOTHING
    _noted_s: float = -IDLE_NOTE_S
    _owes_note: bool = False
    _before: DaemonState = "working"
    """The state at the last look."""

    async def turn(self) -> None:
        """Update systemd's line and the note. Errors: StorageError."""
        news = self._reporter.news()
        is_resting = news == self._news and news.is_idle and not self._owes_note
        if is_resting and time.monotonic() - self._noted_s < IDLE_NOTE_S:
            return
        self._news = news
        report = self._reporter.report()
        if report.line != self._line:
            self._line = report.line
            self._notifier.status(report.line)
        self._owes_note = report.state == "working" or not self._is_noted(report)
        if self._is_due(report):
            await self._write(report)

    def _is_noted(self, report: StatusReport) -> bool:
        return (report.counts, report.arriving) == (self._noted.counts, self._noted.arriving)

    def _is_due(self, report: StatusReport) -> bool:
        """True at most every 15 s while there is news, hourly if idle, at once when work ends.

        And at the second look since work began: of a short note only the end is told.
        """
        noted, before, self._before = self._noted, self._before, report.state
        is_at_work = report.state == before == "working"
        if report.state != noted.state and (report.state != "working" or is_at_work):
            return True
        if _told_at_once(report) != _told_at_once(noted):
            return True
        age_s = time.monotonic() - self._noted_s
        return age_s >= (NOTE_S if self._owes_note else IDLE_NOTE_S)

    async def _write(self, report: StatusReport) -> None:
        await self._disk.run(write_status_note, self._mount_guard, report)
        self._noted_s = time.monotonic()
        self._noted = report
        self._owes_note = report.state == "working"


def _told_at_once(report: StatusReport) -> tuple[object, ...]:
    return report.notices, report.conflicts, report.paused, report.no_address


def write_status_note(mount_guard: MountGuard, report: StatusReport) -> None:
    """Write the status note at the outbox's root; an error is only logged."""
    try:
        mount_guard.check()
        now = datetime.now(UTC).astimezone()
        notes.write_note(mount_guard.outbox, STATUS_NAME, status_note(report, now))
    except StorageError as error:
        log.warning("%s", error)
