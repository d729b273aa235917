"""Builds the status report of a running daemon."""

from typing import Literal

from narrated.errors import StorageError
from narrated.jobs.ingest import Ingest
from narrated.ledger.job import Job, JobState
from narrated.service.admission import Admission
from narrated.service.app import App
from narrated.service.deferred import DeferredOperations
from narrated.service.inbox_feed import InboxFeed
from narrated.service.status_report import (
    MOST_LISTED,
    ReadingStatus,
    ServiceNews,
    StatusReport,
    WorkerStatus,
    held_files,
    midnight,
)
from narrated.workers.pool import WorkerSnapshot


class StatusReporter:
    """Reads the parts of a running daemon, and changes none."""

    def __init__(
        self,
        app: App,
        admission: Admission,
        ingest: Ingest,
        feed: InboxFeed,
        deferred: DeferredOperations,
        since: str,
    ) -> None:
        """`since`: the start of the daemon, as an ISO 8601 time."""
        self._app = app
        self._admission = admission
        self._ingest = ingest
        self._feed = feed
        self._deferred = deferred
        self._since = since

    def report(self) -> StatusReport:
        """Report in full; takes milliseconds for a large ledger. Errors: StorageError."""
        ledger = self._app.ledger
        waiting = ledger.jobs.in_state(JobState.WAITING, limit=MOST_LISTED)
        failed = ledger.jobs.in_state(JobState.FAILED, limit=MOST_LISTED)
        return StatusReport(
            state=self._state(waiting),
            since=self._since,
            inbox=str(self._app.config.inbox),
            outbox=str(self._app.config.outbox),
            reading=self._reading(),
            queued=self._admission.queued,
            queue=tuple(ledger.jobs.get(number).path for number in self._admission.next_up),
            waiting=held_files(waiting),
            failed=held_files(failed),
            counts={str(state): count for state, count in ledger.jobs.counts().items()},
            conflicts=tuple(sorted(self._ingest.status.conflicts)),
            arriving=self._arriving(waiting),
            notices=self._notices(),
            workers=tuple(map(_worker_status, self._app.pool.states())),
            done_today=ledger.jobs.done_since(midnight()),
            cache_bytes=self._app.cache.size_bytes,
        )

    def news(self) -> ServiceNews:
        """Tell cheaply if a report would differ from an earlier one."""
        inbox = self._ingest.status
        problems = (inbox.root_problem, inbox.watch_problem, *map(str, self._problems()))
        details = (*problems, inbox.is_known, self._feed.inbox.held, *sorted(inbox.conflicts))
        return ServiceNews(self._app.ledger.changes, self._admission.idle.is_set(), details)

    def _problems(self) -> tuple[StorageError, ...]:
        """List the errors that keep all jobs from going on."""
        return tuple(filter(None, (self._deferred.problem, self._app.mount_guard.problem)))

    def _notices(self) -> tuple[str, ...]:
        """List the problems of the whole daemon, the worst first."""
        inbox = self._ingest.status
        notices = (*map(str, self._problems()), inbox.root_problem, inbox.watch_problem)
        return tuple(filter(None, (*notices, self._app.restored)))

    def _state(self, waiting: list[Job]) -> Literal["starting", "working", "idle", "waiting"]:
        inbox = self._ingest.status
        if not inbox.is_known:
            return "starting"
        if not self._admission.idle.is_set():
            return "working"
        return "waiting" if waiting or inbox.root_problem or self._problems() else "idle"

    def _reading(self) -> tuple[ReadingStatus, ...]:
        """List the files being read, the furthest first."""
        progress = self._app.runner.progress.values()
        return tuple(
            ReadingStatus(each.job.path, each.fraction, each.left_s, each.characters)
            for each in sorted(progress, key=lambda each: each.fraction, reverse=True)
            if each.characters
        )

    def _arriving(self, waiting: list[Job]) -> tuple[tuple[str, str], ...]:
        """List files that are not ingested yet; one that waits is listed with its remedy."""
        listed = {job.path for job in waiting}
        arriving = self._feed.inbox.waiting()
        return tuple(each for each in arriving if each[0] not in listed)[:MOST_LISTED]


def _worker_status(state: WorkerSnapshot) -> WorkerStatus:
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
