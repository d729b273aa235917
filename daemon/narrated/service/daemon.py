"""The daemon: starts the parts, waits for signals, and stops the parts in reverse."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, nullcontext, suppress
from datetime import UTC, datetime

import msgspec

from narrated.config.values import Config
from narrated.errors import NarratedError, StorageError
from narrated.inbox.events import Event
from narrated.inbox.readiness import ignore_sigio
from narrated.jobs.admission_callbacks import AdmissionCallbacks
from narrated.jobs.damaged_narrations import DamagedNarrationCheck
from narrated.jobs.events import (
    JobFailed,
    JobReady,
    JobStopped,
    Moved,
    PicturesReleased,
    PicturesShown,
    SourceRemoved,
    SourceReturned,
)
from narrated.jobs.ingest import Ingest
from narrated.jobs.picture_captions import is_picture
from narrated.jobs.respeaking import Respeaking
from narrated.ledger.job import Job, JobCause, JobReason
from narrated.malloc import return_large_blocks
from narrated.outbox.outbox_lock import OutboxLock
from narrated.outbox.outbox_writer import OutboxWriter
from narrated.printable import printable
from narrated.service.app import App
from narrated.service.background_tasks import BackgroundTasks
from narrated.service.commands import UserCommands
from narrated.service.config_reload import ConfigReload
from narrated.service.control_requests import WITH_PAYLOAD, ControlRequests
from narrated.service.control_server import ControlServer, socket_path
from narrated.service.engine_lending import EngineLending
from narrated.service.housekeeping.due_galleries import DueGalleries
from narrated.service.housekeeping.due_posts import DuePosts
from narrated.service.housekeeping.duty import Duty, Housekeeping
from narrated.service.housekeeping.expiry import DueWithdrawals, LedgerPruning
from narrated.service.housekeeping.hearing_model_check import HearingModelCheck
from narrated.service.housekeeping.host_checks import (
    CacheFolder,
    ClockAdjustment,
    MountCheck,
    StateCheck,
    Watchdog,
)
from narrated.service.housekeeping.job_resumption import (
    EngineArrival,
    JobResumption,
    NoteRemoval,
    ParserRetry,
    SourceRetry,
    StorageRetry,
)
from narrated.service.housekeeping.ledger_checkpoints import LedgerCheckpoints
from narrated.service.housekeeping.page_updates import PageUpdates, page_news
from narrated.service.housekeeping.script_files import ScriptFiles
from narrated.service.housekeeping.sound_file_check import SoundFileCheck
from narrated.service.housekeeping.status_updates import StatusUpdates, write_status_note
from narrated.service.inbox_feed import InboxFeed
from narrated.service.job_queue import JobQueue
from narrated.service.ledger_retries import DeferredOperations
from narrated.service.process_signals import START_EXTENSION_S, ProcessSignals
from narrated.service.queued_reloads import QueuedReloads
from narrated.service.start_resumption import StartResumption
from narrated.service.start_wait import StartWait
from narrated.service.state_lock import LockHolder, StateLock, state_locked
from narrated.service.state_record import record_state_soon
from narrated.service.status_lists import running_lists
from narrated.service.status_report import DaemonState, StatusReport, StatusReporter, left_open
from narrated.systemd_notify import ServiceNotifier

LOOP_WAIT_S = 0.0005
"""The time that another thread of Python may hold up the loop: it lets go at each query."""
LAST_NOTE_S = 0.5
"""Patience for the last status note: a stop does not wait for a disk that hangs."""

log = logging.getLogger("narrated")


class Daemon:
    """One inbox, one outbox, one state directory, until told to stop."""

    def __init__(
        self, config: Config, notifier: ServiceNotifier, *, one_pass: bool = False
    ) -> None:
        """`one_pass`: for `once`; `run` follows `narrated pause` and `hours` as well."""
        self._since = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
        writer = OutboxWriter.this_process(config.state, self._since)
        self.app = App(
            config,
            OutboxLock(config.outbox, writer),
            keeps_breaks=not one_pass,
            may_wait=lambda job, reader: self.job_queue.reads_apart(job, reader),
        )
        self._notifier = notifier
        self._stop = asyncio.Event()
        self._reloads = QueuedReloads(self._stop, self._reload)
        self._stack = AsyncExitStack()
        self._background = BackgroundTasks(self._stop.set)
        self._pictures: list[Job] = []
        self._one_pass = one_pass
        self._is_started = self._is_finished = False

    async def run(self) -> None:
        """Watch, narrate and answer until SIGTERM or SIGINT; SIGHUP reloads the configuration.

        Raises AlreadyRunning, ConfigurationError or StorageError if it cannot start.
        """
        async with self._stack:
            signals = ProcessSignals(self._stop, self._reloads.add)
            if await signals.finishes(self._start(), self._notifier):
                self.feed.start()
                if await signals.finishes(self._resume(), self._notifier):
                    await self._keep_house()
            await self._stop.wait()
            self._notifier.stopping("stopping; what is being read goes on at the next start")
            log.info("stopping")

    async def once(
        self, on_tick: Callable[[StatusReport], None], tick_s: float = 0.1
    ) -> StatusReport:
        """Narrate what the inbox holds now, and end; `on_tick` is called while it works."""
        async with self._stack:
            signals = ProcessSignals(self._stop, self._reloads.add)
            if not await signals.finishes(self._start(), self._notifier):
                raise NarratedError("Stopped before the first file.", "Run it again to go on.")
            await signals.finishes(self._resume(), self._notifier)
            self._reloads.may_begin.set()
            scan = self.feed.scan_once()
            watching = Housekeeping([self._state_check], self.app.ledger, self._stop.set)
            await self._stack.enter_async_context(watching)
            while not (scan.done() and self._is_idle() and not await self._push_pictures()):
                if self.deferred.problem:
                    raise self.deferred.problem
                on_tick(self.reporter.report())
                await self._stop_within(tick_s)
                if self._stop.is_set():
                    break
            if not self._stop.is_set():
                await ScriptFiles(self.app.notes.scripts, self.app.post_scripts).turn()
                await signals.finishes(self.app.podcast.update(), self._notifier)
            report = self.reporter.report()
            on_tick(report)
            self._is_finished = not self._stop.is_set()
            return msgspec.structs.replace(report, finished=self._is_finished)

    async def _keep_house(self) -> None:
        self.housekeeping = Housekeeping(self._duties(), self.app.ledger, self._stop.set)
        await self._stack.enter_async_context(self.housekeeping)
        await self._until_ready()
        app = self.app
        check = DamagedNarrationCheck(app.ledger, app.job_creator, app.mount_guard, app.outbox_disk)
        self._background.start("the check for damaged narrations", check.run())
        self._background.start("the podcast's feed", app.podcast.run())

    def _is_idle(self) -> bool:
        return self.job_queue.idle.is_set() and self.app.requeues.is_idle

    async def _start(self) -> None:
        ignore_sigio()
        return_large_blocks()
        sys.setswitchinterval(LOOP_WAIT_S)
        config = self.app.config
        await self.app.overlaps.look(config)
        holder = LockHolder(os.getpid(), since=self._since, config=str(config.source or ""))
        lock = await self._stack.enter_async_context(state_locked(config.state, holder))
        if not self._one_pass:
            record_state_soon(config)
        self.app.on_wait = StartWait(self._notifier, lock, holder)
        await self._stack.enter_async_context(self.app)
        await self.app.state_disk.run(lock.watch, *self.app.ledger.files)
        self._state_check = StateCheck(lock, self.app.state_disk)
        self._build_queue()
        await self._build_inbox()
        await self._listen(lock, holder)
        self._is_started = True

    def _build_queue(self) -> None:
        app = self.app
        self.clock = ClockAdjustment(app.ledger)
        self.deferred = DeferredOperations(app.probe_state, self.clock)
        self.clock.start()
        self._stack.push_async_callback(self._leave_last_note)
        self._stack.callback(self.deferred.close)
        self.job_queue = JobQueue(
            app.ledger,
            app.scheduler.standings,
            app.ranking.of_source,
            app.scheduler.engine,
            self._run_job,
            app.scheduler.slots,
        )
        self._stack.push_async_callback(self.job_queue.close)
        self.waiting = JobResumption(app.ledger, self.job_queue.push)
        self.due_posts = DuePosts(app.ledger, app.job_creator)

    async def _build_inbox(self) -> None:
        app = self.app
        parts = (app.picture_jobs, app.notes, app.disposal, app.events, app.inbox)
        others = (app.requeues, app.stems, app.galleries, app.post_scripts)
        self.ingest = Ingest(app.ledger, app.job_creator, *(*parts, *others))
        self.feed = InboxFeed(
            app.read_apart, self.deferred, self._ingest_event, self._resume_absent
        )
        await self.feed.open(app.config)
        self._stack.callback(self.feed.close)
        await self._stack.enter_async_context(self._background)
        self._background.watch("the intake of files", self.feed.consumer)
        self._subscribe()

    def _subscribe(self) -> None:
        """Subscribe to events; listeners that write to the ledger are retried if it refuses."""
        events, pictures, retried = self.app.events, self.app.picture_jobs, self.deferred.retried
        events.subscribe(JobReady, lambda event: self._enqueue(event.job))
        events.subscribe(JobStopped, lambda event: self.job_queue.cancel(event.job))
        events.subscribe(SourceRemoved, lambda event: self.feed.inbox.look(event.path))
        events.subscribe(SourceReturned, lambda event: self.feed.inbox.look(event.path))
        events.subscribe(PicturesShown, retried(lambda event: pictures.supersede(event.pictures)))
        events.subscribe(PicturesReleased, retried(lambda event: pictures.release(event.pictures)))
        events.subscribe(
            JobFailed, retried(lambda event: pictures.release_if_failed(event.job.path))
        )
        events.subscribe(Moved, retried(lambda event: pictures.release_if_failed(event.older.path)))

    def _duties(self) -> Sequence[Duty]:
        app, waiting, outbox = self.app, self.waiting, self.app.outbox_disk
        return [
            Watchdog(self._notifier, lambda: self._is_alive),
            self._state_check.on(app.state_disk),
            app.overlaps,
            CacheFolder(app.cache, app.cache_disk).on(app.cache_disk),
            MountCheck(app.mount_guard, app.name_probe, outbox).on(outbox),
            StatusUpdates(self._notifier, app.mount_guard, outbox, self.reporter).on(outbox),
            PageUpdates(app.page, self.reporter).on(outbox),
            self.clock,
            app.breaks,
            EngineArrival(app.pool, waiting, self.job_queue.fill),
            HearingModelCheck(app.follow_hearing_models).on(app.state_disk),
            StorageRetry(app.ledger, app.probe, waiting).on(*app.disks),
            ParserRetry(app.ledger, waiting),
            SourceRetry(app.ledger, app.inbox, waiting).on(app.inbox.disk),
            NoteRemoval(app.notes).on(outbox),
            ScriptFiles(app.notes.scripts, app.post_scripts).on(outbox),
            SoundFileCheck(app.sound_files, lambda: app.defaults.output).on(app.state_disk),
            self.due_posts,
            DueGalleries(lambda: app.config, app.galleries).on(outbox),
            DueWithdrawals(lambda: app.config, self.ingest, app.removal, self.clock).on(*app.disks),
            LedgerPruning(lambda: app.config, app.ledger),
            LedgerCheckpoints(app.ledger, app.read_apart).on(app.state_disk),
        ]

    @property
    def _is_alive(self) -> bool:
        """True while every loop turns, or waits for its disk."""
        turns = self.housekeeping.is_turning and self.job_queue.is_turning
        return turns and self.feed.is_alive

    async def _listen(self, lock: StateLock, holder: LockHolder) -> None:
        """Answer the command line; the lock file then names the socket."""
        app = self.app
        reload = ConfigReload(app, self.ingest, self.feed, self.waiting, self.job_queue)
        self.reporter = StatusReporter(
            app, self.job_queue, self.ingest, self.feed, self.deferred, reload, self._since
        )
        self._config_reload = reload
        shared = (app.ledger, app.job_creator, app.outbox)
        respeaking = Respeaking(*shared, lambda: nullcontext(app.pool))
        parts = (app.events, app.notes, app.requeues, respeaking)
        commands = UserCommands(app.ledger, app.job_creator, *parts)
        lists = running_lists(app.ledger, self.ingest, self.feed, app.galleries)
        requests = ControlRequests(app, self.reporter.report, lists, commands, self._reload)
        path = socket_path(app.config.state)
        lending = EngineLending(app.scheduler, app.ledger.rates, requests.refuse_in_break)
        sessions = {"lend": lending.serve}
        server = ControlServer(path, requests.answer, WITH_PAYLOAD, app.state_disk, sessions)
        await self._stack.enter_async_context(server)
        self._stack.push_async_callback(self._reloads.end)
        await app.state_disk.run(lock.tell, msgspec.structs.replace(holder, socket=str(path)))

    async def _leave_last_note(self) -> None:
        """Write a last status note: a stopped daemon reads nothing."""
        if not self._is_started:  # then that of the daemon before holds
            return
        try:
            left = left_open(self.app.ledger)
            report = self.reporter.report()
            state: DaemonState = "finished" if self._is_finished else "stopped"
            report = msgspec.structs.replace(report, state=state, reading=(), **left)
            self.clock.stop()
            shown = write_status_note, self.app.mount_guard, report
            await self.app.outbox_disk.run(*shown, patience_s=LAST_NOTE_S)
            await self.app.page.tell_news(page_news(report), LAST_NOTE_S)
        except StorageError as error:
            log.warning("%s", error)

    async def _ingest_event(self, event: Event) -> Callable[[], None]:
        """Look at the inbox as far as an event asks for it; the result applies it to the ledger."""
        take = await self.ingest.look(event)

        def check_and_take() -> None:
            self.clock.check()  # first: a new file is not as old as those before the clock was set
            take()

        return check_and_take

    async def _resume_absent(self) -> None:
        """Resume jobs that waited for an absent file: it may be one of those reported as gone."""
        if self.ingest.has_vanished:
            self.ingest.has_vanished = False
            with suppress(StorageError):  # then `SourceRetry` finds them
                await self.waiting.resume(JobReason.ABSENT, replan=True)

    def _enqueue(self, job: Job) -> None:
        """Admit a job; a picture first waits for a post that shows it."""
        if job.cause is not JobCause.FOUND or not is_picture(job.path):
            self.job_queue.push(job)
        elif self._one_pass:
            self._pictures.append(job)
        else:
            wait_s = float(self.app.config.pictures.wait)
            asyncio.get_running_loop().call_later(wait_s, self.job_queue.push, job)

    async def _push_pictures(self) -> bool:
        """Admit what waits for the texts of a pass: galleries, then pictures; True if any."""
        if await self.app.galleries.take_up(quiet_s=0.0):
            return True
        pictures, self._pictures = self._pictures, []
        for job in pictures:
            self.job_queue.push(job)
        return bool(pictures)

    async def _run_job(self, job: Job, queue: AdmissionCallbacks) -> None:
        try:
            if is_picture(job.path):
                await self.app.podcast.claim_covers()
            if self.app.picture_jobs.supersede_if_shown(job):
                return
            if self.app.post_scripts.supersede_if_paired(job):
                return
            await self.app.runner.run(job, self.app.defaults, queue)
        except StorageError as error:  # the ledger refused even the state "waiting"
            self.deferred.put(lambda: self.job_queue.push(job), error)

    async def _resume(self) -> None:
        """Resume the jobs that were open when the last daemon ended, however it ended."""
        await StartResumption(self.app, self._enqueue, self.waiting, self.due_posts).run()
        self._background.start("the work on many sources", self.app.requeues.work())

    async def _until_ready(self) -> None:
        """Tell systemd READY once the inbox was scanned and a worker has answered or failed."""
        while not (self.ingest.status.is_known and self._has_worker()):
            self._notifier.extend(START_EXTENSION_S)
            await self._stop_within(0.02)
            if self._stop.is_set():
                return
        log.info("watching %s", printable(str(self.app.config.inbox)))
        self._notifier.ready(self.reporter.report().line)
        self._reloads.may_begin.set()

    def _has_worker(self) -> bool:
        return any(state.state != "starting" for state in self.app.pool.states())

    async def _stop_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _reload(self) -> None:
        self._notifier.reloading()
        try:
            await self._config_reload.reload()
        finally:
            self._notifier.ready(self.reporter.report().line)
