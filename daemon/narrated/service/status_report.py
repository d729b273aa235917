"""Reports the daemon's status, for `narrated status`, the status note and systemd."""

import heapq
import time
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from narrated.config.values import Config
from narrated.config.work_hours import WorkHours
from narrated.engines.model_resources import ModelStatus
from narrated.errors import StorageError
from narrated.human_formatting import count_noun, duration
from narrated.ledger.job import OPEN, JobState
from narrated.ledger.store import Ledger
from narrated.podcast.page_episode import PAGE_NAME
from narrated.printable import printable
from narrated.service.podcast_status import no_address, podcast_at_rest, section_problems
from narrated.service.state_lock import holder
from narrated.service.work_breaks import WorkBreak, WorkBreaks
from narrated.take_checks.check_progress import told_checks
from narrated.workers.engine_versions import differing_engines
from narrated.workers.work_done import WorkDone

if TYPE_CHECKING:  # `narrated status` needs none of these
    from narrated.jobs.ingest import Ingest
    from narrated.service.app import App
    from narrated.service.config_reload import ConfigReload
    from narrated.service.inbox_feed import InboxFeed
    from narrated.service.job_queue import JobQueue
    from narrated.service.ledger_retries import DeferredOperations

MOST_LISTED = 50

DaemonState = Literal["starting", "working", "paused", "idle", "waiting", "stopped", "finished"]


class ReadingStatus(msgspec.Struct, frozen=True):
    """A file being read: progress from 0 to 1, and the seconds left, None if unknown."""

    path: str
    fraction: float
    left_s: float | None
    characters: int
    listening: int = 0
    """Takes that a hearing model listens to now."""
    retakes: int = 0
    """Takes that were asked for because earlier ones were bad."""

    @property
    def checks(self) -> str:
        """Tell in short what the checks of its takes do now; empty if that is nothing."""
        return told_checks(self.listening, self.retakes)


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
    box: str = ""
    """Name of the box that it runs on; empty for this machine."""
    done: WorkDone = msgspec.field(default_factory=WorkDone)
    """What it has spoken since the daemon started."""


class ServiceNews(NamedTuple):
    """Stays equal as long as nothing changes that a report contains."""

    ledger_changes: int
    is_idle: bool
    details: tuple[object, ...]


class StatusReport(msgspec.Struct, frozen=True):
    """The status of the daemon; file names are raw, and escaped only where they are shown."""

    state: DaemonState
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
    """The first conflicting copies."""
    conflicts_count: int = 0
    arriving: tuple[tuple[str, str], ...] = ()
    """The first files of the inbox that are not ingested yet, each with the reason."""
    arriving_count: int = 0
    left_out: tuple[tuple[str, str], ...] = ()
    """The first posts that `since` leaves out, each with its date."""
    left_out_count: int = 0
    held_back: tuple[tuple[str, str], ...] = ()
    """The first posts that are not public yet, each with the reason."""
    held_back_count: int = 0
    doubtful: tuple[tuple[str, int], ...] = ()
    """The first narrations with doubtful takes, each with their number."""
    doubtful_count: int = 0
    other_kinds: dict[str, int] = {}
    """Files of no kind that is read, counted by suffix at the last scan."""
    ignored_count: int = 0
    """Files and whole folders that a rule ignored at the last scan."""
    notices: tuple[str, ...] = ()
    paused: str = ""
    """The break in which no engine works, with its end and how to go on; empty if there is none."""
    goes_on_at: float | None = None
    """Seconds since the epoch at which it ends; None if nobody knows, or there is none."""
    unloads: bool = False
    """True if the workers end for it."""
    unloaded: bool = False
    """True once all workers have ended for it."""
    workers: tuple[WorkerStatus, ...] = ()
    finished: bool = True
    """False if `narrated once` was stopped before its end."""
    done_today: int = 0
    cache_bytes: int = 0
    feeds: tuple[str, ...] = ()
    """The feeds of the podcast's shows that stand, that of the root first."""
    no_address: str = ""
    """The use of a feed without a web address; empty if each has one."""
    page: str = ""
    """The podcast's page; empty if none stands."""

    @property
    def waiting_count(self) -> int:
        """The number of files that wait or arrive, of which the first are listed."""
        waiting = max(self.counts.get("waiting", 0), len(self.waiting))
        return waiting + max(self.arriving_count, len(self.arriving))

    @property
    def failed_count(self) -> int:
        """The number of files that failed, of which the first are listed."""
        return max(self.counts.get("failed", 0), len(self.failed))

    @property
    def line(self) -> str:
        """Summarise in one line, for systemd and the journal."""
        if self.state == "paused":
            begun = len(self.reading) + self.queued
            return printable(f"{self.paused}; {begun} to do" if begun else self.paused)
        if self.state != "working":
            held = f", {len(self.waiting)} waiting" if self.waiting else ""
            if self.state == "idle" and self.doubtful_count:
                held += f", doubtful takes in {count_noun(self.doubtful_count, 'narration')}"
            is_still = self.state in ("waiting", "idle")
            why = f": {self.notices[0]}" if is_still and self.notices else ""
            return printable(f"{self.state}{held}{why}")
        if not self.reading:
            return f"working, {self.queued} queued"
        first = self.reading[0]
        left = "" if first.left_s is None else f", {duration(first.left_s)} left"
        more = len(self.reading) - 1 + self.queued
        others = f"; {more} more" if more else ""
        checks = f", {first.checks}" if first.checks else ""
        return f"reading {printable(first.path)}: {first.fraction:.0%}{left}{checks}{others}"


@dataclass(eq=False)
class StatusReporter:
    """Reads the parts of a running daemon, and changes none."""

    _app: "App"
    _job_queue: "JobQueue"
    _ingest: "Ingest"
    _feed: "InboxFeed"
    _deferred: "DeferredOperations"
    _reload: "ConfigReload"
    _since: str  # the start of the daemon, as an ISO 8601 time
    _conflicts: tuple[tuple[int, int], tuple[str, ...]] = ((0, 0), ())
    """The first conflicting copies, with the news that they are of."""

    def report(self) -> StatusReport:
        """Report in full; takes milliseconds for a large ledger. Errors: StorageError."""
        ledger = self._app.ledger
        kept = _of_ledger(ledger)
        return StatusReport(
            **kept,
            state=self._state(kept["waiting"]),
            since=self._since,
            inbox=str(self._app.config.inbox),
            outbox=str(self._app.config.outbox),
            reading=self._reading(),
            queued=self._job_queue.queued,
            queue=tuple(ledger.jobs.get(number).path for number in self._job_queue.next_up),
            conflicts=self._first_conflicts(),
            conflicts_count=len(self._ingest.status.conflicts),
            other_kinds=self._ingest.status.other,
            ignored_count=self._ingest.status.ignored,
            **self._arriving(kept["waiting"]),
            notices=self._notices(),
            **_of_break(self._app.breaks.current, self._app.breaks.lasting),
            unloaded=self._app.breaks.is_unloaded,
            workers=tuple(WorkerStatus(*_worker(each)) for each in self._app.pool.states()),
            cache_bytes=self._app.cache.size_bytes,
            feeds=self._feeds(),
            no_address=no_address(self._app.podcast.shows),
            page=str(self._app.config.outbox / PAGE_NAME) if self._app.page.stands else "",
        )

    def _feeds(self) -> tuple[str, ...]:
        outbox = self._app.config.outbox
        return tuple(str(outbox / each.feed_path) for each in self._app.podcast.shows)

    def news(self) -> ServiceNews:
        """Tell cheaply if a report would differ from an earlier one."""
        inbox = self._ingest.status
        of_inbox = (inbox.root_problem, inbox.watch_problem)
        problems = (*of_inbox, *map(str, self._problems()), self._reload.refusal)
        problems += (*self._app.podcast.problems, self._app.page.problem)
        problems += (self._app.sound_files.problem, *differing_engines(self._app.pool))
        pending = self._feed.inbox.pending_count
        left_alone = (inbox.ignored, *inbox.other.items(), *inbox.rule_problems)
        lasting = self._app.breaks.lasting
        shows = self._app.podcast.shows
        details = (
            *problems,
            shows,
            inbox.is_known,
            pending,
            *left_alone,
            *self._conflict_news,
            lasting,
        )
        is_idle = self._job_queue.idle.is_set() or bool(lasting)
        return ServiceNews(self._app.ledger.changes, is_idle, details)

    @property
    def _conflict_news(self) -> tuple[int, int]:
        status = self._ingest.status
        return status.conflict_changes, len(status.conflicts)

    def _first_conflicts(self) -> tuple[str, ...]:
        """List the first conflicting copies; many are looked through once for each change."""
        if self._conflicts[0] != self._conflict_news:
            first = heapq.nsmallest(MOST_LISTED, self._ingest.status.conflicts)
            self._conflicts = self._conflict_news, tuple(first)
        return self._conflicts[1]

    def _problems(self) -> tuple[StorageError, ...]:
        """List the errors that keep all jobs from going on."""
        guard = self._app.mount_guard.problem
        hung = (*self._app.hung_disks, self._feed.problem)
        problems = (self._deferred.problem, *hung, guard)
        return tuple({str(each): each for each in problems if each}.values())

    def _notices(self) -> tuple[str, ...]:
        """List the problems of the whole daemon, the worst first."""
        inbox = self._ingest.status
        of_inbox = (self._of_root(inbox.root_problem), inbox.watch_problem)
        notices = (*map(str, self._problems()), *of_inbox)
        podcast = (*self._app.podcast.problems, self._app.page.problem)
        files = (self._app.sound_files.problem, *podcast)
        own = (self._reload.refusal, self._app.restored, *files)
        unequal = differing_engines(self._app.pool)
        return tuple(filter(None, (*notices, *own, *unequal, *inbox.rule_problems)))

    def _of_root(self, problem: str) -> str:
        """The problem of the inbox with its path and the remedy; empty if there is none."""
        inbox = printable(str(self._app.config.inbox))
        remedy = f"It is {inbox}: make it, mount its disk, or mend its rights."
        return f"{problem} {remedy} Nothing is withdrawn meanwhile." if problem else ""

    def _state(self, waiting: tuple[HeldFile, ...]) -> DaemonState:
        inbox = self._ingest.status
        if not inbox.is_known:
            return "starting"
        if self._app.breaks.current is not None:
            return "paused"
        if not self._job_queue.idle.is_set():
            return "working"
        return "waiting" if waiting or inbox.root_problem or self._problems() else "idle"

    def _reading(self) -> tuple[ReadingStatus, ...]:
        """List the files being read, the furthest first."""
        from narrated.jobs.time_left import times_left  # late: `narrated status` needs none of it

        progress = self._app.runner.progress.values()
        # In a break, what is left takes as long as the break does, which somebody may change.
        is_working = self._app.breaks.current is None
        left = times_left(progress, self._app.scheduler) if is_working else {}
        return tuple(
            ReadingStatus(
                each.job.path,
                each.fraction,
                left.get(each.job.id),
                each.characters,
                each.listening,
                each.retakes,
            )
            for each in sorted(progress, key=attrgetter("fraction"), reverse=True)
            if each.characters
        )

    def _arriving(self, waiting: tuple[HeldFile, ...]) -> dict[str, Any]:
        """List files that are not ingested yet; one that waits is listed with its remedy."""
        listed = {file.path for file in waiting}
        pending = self._feed.inbox.waiting(MOST_LISTED + len(listed))
        galleries = [each for each in self._app.galleries.waiting() if each not in pending]
        arriving = tuple(each for each in pending + galleries if each[0] not in listed)
        count = self._feed.inbox.pending_count - (len(pending) - len(arriving))
        return {"arriving": arriving[:MOST_LISTED], "arriving_count": count}


def report_at_rest(config: Config) -> StatusReport:
    """Report from the ledger alone, while no daemon runs, or one waits in its start."""
    path = config.state / "ledger.sqlite"
    rest = StatusReport("stopped", "", str(config.inbox), str(config.outbox))
    if (starting := holder(config.state)) and starting.waits_for:
        rest = msgspec.structs.replace(rest, state="starting", notices=(starting.waits_for,))
    if not path.exists():
        return rest
    ledger = Ledger(path)
    try:
        lasting = WorkBreaks(ledger, WorkHours).current()
        return msgspec.structs.replace(
            rest,
            **_of_ledger(ledger),
            **left_open(ledger),
            **_of_break(lasting, str(lasting or "")),
            **podcast_at_rest(config, ledger.podcasts.folders()),
            notices=(*rest.notices, *section_problems(config, ledger)),
            cache_bytes=ledger.takes.total_bytes(),
        )
    finally:
        ledger.close()


def _of_break(lasting: WorkBreak | None, told: str) -> dict[str, Any]:
    if lasting is None:
        return {}
    return {"paused": told, "goes_on_at": lasting.goes_on_at, "unloads": lasting.unloads}


def left_open(ledger: Ledger) -> dict[str, Any]:
    """Return the queue of a stopped daemon, as fields of a report. Errors: StorageError."""
    counts = ledger.jobs.counts()
    first = ledger.jobs.in_state(*OPEN, limit=10)
    queued = sum(counts.get(state, 0) for state in OPEN)
    return {"queued": queued, "queue": tuple(job.path for job in first)}


def _of_ledger(ledger: Ledger) -> dict[str, Any]:
    """Read the fields of a report that the ledger alone tells."""
    held = {
        str(state): tuple(
            HeldFile(job.path, job.problem, job.remedy)
            for job in ledger.jobs.in_state(state, limit=MOST_LISTED)
        )
        for state in (JobState.WAITING, JobState.FAILED)
    }
    counts = {str(state): count for state, count in ledger.jobs.counts().items()}
    today = time.localtime()[:3]
    midnight_s = time.mktime((*today, 0, 0, 0, 0, 0, -1))
    return {
        **held,
        "counts": counts,
        "done_today": ledger.jobs.done_since(midnight_s),
        "left_out": tuple(ledger.left_out.first(MOST_LISTED)),
        "left_out_count": ledger.left_out.count(),
        "held_back": tuple(ledger.held_back.first(MOST_LISTED)),
        "held_back_count": ledger.held_back.count(),
        "doubtful": tuple(ledger.job_takes.first_doubtful(MOST_LISTED)),
        "doubtful_count": ledger.job_takes.doubtful_count(),
    }


_worker = attrgetter(*WorkerStatus.__struct_fields__)
