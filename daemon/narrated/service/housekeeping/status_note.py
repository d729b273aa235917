"""Keeps the status up to date: systemd's line, and the note at the outbox's root."""

import asyncio
import logging
import time
from collections.abc import Callable

from narrated.errors import StorageError
from narrated.outbox import notes
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.output_names import STATUS_NAME
from narrated.service.status_report import ServiceNews, StatusReport, status_note
from narrated.systemd_notify import ServiceNotifier

NOTE_S = 15.0
IDLE_NOTE_S = 3600.0

log = logging.getLogger("narrated")


class StatusUpdates:
    """Reports only if there is news: a report of a large ledger takes milliseconds."""

    retry_s = None

    def __init__(
        self,
        notifier: ServiceNotifier,
        mount_guard: MountGuard,
        news: Callable[[], ServiceNews],
        report: Callable[[], StatusReport],
    ) -> None:
        self._notifier = notifier
        self._mount_guard = mount_guard
        self._get_news = news
        self._get_report = report
        self._line = ""
        self._news: ServiceNews | None = None
        self._noted: StatusReport | None = None
        self._noted_s = -IDLE_NOTE_S
        self._owes_note = False

    async def turn(self) -> None:
        """Update systemd's line and the note. Errors: StorageError."""
        news = self._get_news()
        is_resting = news == self._news and news.is_idle and not self._owes_note
        if is_resting and time.monotonic() - self._noted_s < IDLE_NOTE_S:
            return
        self._news = news
        report = self._get_report()
        if report.line != self._line:
            self._line = report.line
            self._notifier.status(report.line)
        self._owes_note = report.state == "working" or not self._is_noted(report)
        if self._is_due(report):
            await self._write(report)

    def _is_noted(self, report: StatusReport) -> bool:
        noted = self._noted
        known = ({}, ()) if noted is None else (noted.counts, noted.arriving)
        return (report.counts, report.arriving) == known

    def _is_due(self, report: StatusReport) -> bool:
        """True at most every 15 s while there is news, hourly if idle, at once when work ends."""
        noted = self._noted
        if report.state != "working" and (noted is None or report.state != noted.state):
            return True
        known = ((), ()) if noted is None else (noted.notices, noted.conflicts)
        if (report.notices, report.conflicts) != known:
            return True
        age_s = time.monotonic() - self._noted_s
        return age_s >= (NOTE_S if self._owes_note else IDLE_NOTE_S)

    async def _write(self, report: StatusReport) -> None:
        await asyncio.to_thread(write_status_note, self._mount_guard, report)
        self._noted_s = time.monotonic()
        self._noted = report
        self._owes_note = report.state == "working"


def write_status_note(mount_guard: MountGuard, report: StatusReport) -> None:
    """Write the status note at the outbox's root; an error is only logged."""
    try:
        mount_guard.check()
        notes.write_note(mount_guard.outbox, STATUS_NAME, status_note(report))
    except StorageError as error:
        log.warning("%s", error)
