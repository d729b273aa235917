"""The daemon: starts the parts, waits for signals, and stops the parts in reverse."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime

import msgspec

from narrated.config.values import Config
from narrated.errors import NarratedError, StorageError
from narrated.inbox.events import Event
from narrated.inbox.readiness import ignore_sigio
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
from narrated.jobs.standalone_picture_jobs import is_picture
from narrated.jobs.verify import OutboxVerifier
from narrated.ledger.job import Job, JobCause
from narrated.outbox.publish import sweep
from narrated.printable import printable
from narrated.service.admission import Admission
from narrated.service.app import App
from narrated.service.clock_adjustment import ClockAdjustment
from narrated.service.commands import UserCommands
from narrated.service.config_reload import ConfigReload
from narrated.service.control_requests import ControlRequests
from narrated.service.control_socket import ControlServer, socket_path
from narrated.service.deferred import DeferredOperations
from narrated.service.housekeeping.duty import Duty, Housekeeping
from narrated.service.housekeeping.engine_arrival import EngineArrival
from narrated.service.housekeeping.host_checks import ClockCheck, MountCheck
from narrated.service.housekeeping.retention import RetentionPruner
from narrated.service.housekeeping.source_retry import SourceRetry
from narrated.service.housekeeping.status_note import StatusUpdates, write_status_note
from narrated.service.housekeeping.storage_retry import StorageRetry
from narrated.service.housekeeping.watchdog import Watchdog
from narrated.service.housekeeping.withdrawal import DueWithdrawals
from narrated.service.inbox_feed import InboxFeed
from narrated.service.job_resumption import JobResumption
from narrated.service.malloc import return_large_blocks
from narrated.service.preview import Preview
from narrated.service.state_lock import LockHolder, StateLock
from narrated.service.status_report import StatusReport
from narrated.service.status_reporter import StatusReporter
from narrated.systemd_notify import ServiceNotifier

START_EXTENSION_S = 60.0

log = logging.getLogger("narrated")


class Daemon:
    """One inbox, one outbox, one state directory, until told to stop."""

    def __init__(self, config: Config, notifier: ServiceNotifier) -> None:
        self.app = App(config)
        self._notifier = notifier
        self._since = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
        self._stop = asyncio.Event()
        self._stack = AsyncExitStack()
        self._pictures: list[Job] = []
        self._one_pass = False

    async def run(self) -> None:
        """Watch, narrate and answer until SIGTERM or SIGINT; SIGHUP reloads the configuration.

        Raises AlreadyRunning, ConfigurationError or StorageError if it cannot start.
        """
        async with self._stack:
            await self._start()
            self.feed.start()
            await self._resume()
            await self._stack.enter_async_context(
                Housekeeping(self._duties(), self.app.ledger, self._stop.set)
            )
            await self._until_ready()
            verifying = asyncio.create_task(self._verifier().run())
            self._stack.callback(verifying.cancel)
            await self._stop.wait()
            self._notifier.stopping("stopping; what is being read goes on at the next start")
            log.info("stopping")

    async def once(
        self, on_tick: Callable[[StatusReport], None], tick_s: float = 0.1
    ) -> StatusReport:
        """Narrate what the inbox holds now, and end; `on_tick` is called while it works."""
        self._one_pass = True
        async with self._stack:
            await self._start()
            await self._resume()
            scan = self.feed.scan_once()
            while not (scan.done() and self.admission.idle.is_set() and not self._push_pictures()):
                if self.deferred.problem:
                    raise self.deferred.problem
                on_tick(self.reporter.report())
                await self._stop_within(tick_s)
                if self._stop.is_set():
                    break
            report = self.reporter.report()
            on_tick(report)
            return msgspec.structs.replace(report, finished=not self._stop.is_set())

    async def _start(self) -> None:
        ignore_sigio()
        return_large_blocks()
        holder = LockHolder(os.getpid(), since=self._since)
        lock = self._stack.enter_context(StateLock(self.app.config.state, holder))
        await self._stack.enter_async_context(self.app)
        self._build_queue()
        self._build_inbox()
        self._build_control()
        await self._listen(lock, holder)
        self._handle_signals()

    def _build_queue(self) -> None:
        app = self.app
        self.clock = ClockAdjustment(app.ledger)
        self.deferred = DeferredOperations(app.probe_state, self.clock)
        self.clock.start()
        self._stack.push_async_callback(self._leave_last_note)
        self._stack.callback(self.deferred.close)
        self.admission = Admission(app.ledger, self._run_job)
        self._stack.push_async_callback(self.admission.close)
        self.waiting = JobResumption(app.ledger, self.admission.push)

    def _build_inbox(self) -> None:
        app = self.app
        self.ingest = Ingest(
            app.ledger,
            app.job_factory,
            app.picture_jobs,
            app.notes,
            app.disposal,
            app.events,
        )
        self.feed = InboxFeed(app.ledger, self.deferred, self._ingest_event)
        self.feed.open(app.config)
        self._stack.callback(self.feed.close)
        self._subscribe()

    def _subscribe(self) -> None:
        """Subscribe to events; listeners that write to the ledger are retried if it refuses."""
        events, pictures, retried = self.app.events, self.app.picture_jobs, self.deferred.retried
        events.subscribe(JobReady, lambda event: self._enqueue(event.job))
        events.subscribe(JobStopped, lambda event: self.admission.cancel(event.job))
        events.subscribe(SourceRemoved, lambda event: self.feed.look(event.path))
        events.subscribe(SourceReturned, lambda event: self.feed.look(event.path))
        events.subscribe(PicturesShown, retried(pictures.on_shown))
        events.subscribe(PicturesReleased, retried(pictures.on_released))
        events.subscribe(JobFailed, retried(pictures.on_failed))
        events.subscribe(Moved, retried(pictures.on_moved))

    def _build_control(self) -> None:
        app = self.app
        self.reporter = StatusReporter(
            app, self.admission, self.ingest, self.feed, self.deferred, self._since
        )
        self._commands = UserCommands(
            app.ledger, app.job_factory, app.events, outbox=app.config.outbox
        )
        self._config_reload = ConfigReload(app, self.ingest, self.feed, self.waiting, self.deferred)

    def _duties(self) -> Sequence[Duty]:
        app, waiting = self.app, self.waiting
        return [
            Watchdog(self._notifier, lambda: self.feed.is_alive),
            MountCheck(app.mount_guard),
            StatusUpdates(
                self._notifier, app.mount_guard, self.reporter.news, self.reporter.report
            ),
            ClockCheck(self.clock),
            EngineArrival(app.pool, waiting),
            StorageRetry(app.ledger, app.probe, waiting),
            SourceRetry(app.ledger, app.config.inbox, waiting),
            DueWithdrawals(lambda: app.config, self.ingest, app.withdrawal, self.clock),
            RetentionPruner(lambda: app.config, app.ledger),
        ]

    async def _listen(self, lock: StateLock, holder: LockHolder) -> None:
        """Answer the command line; the lock file then names the socket."""
        path = socket_path(self.app.config.state)
        requests = ControlRequests(self.reporter.report, Preview(self.app), self._commands)
        await self._stack.enter_async_context(ControlServer(path, requests.answer))
        lock.tell(msgspec.structs.replace(holder, socket=str(path)))

    async def _leave_last_note(self) -> None:
        """Write a last status note: a stopped daemon reads nothing."""
        try:
            left = tuple(job.path for job in self.app.ledger.jobs.all_open())
            report = msgspec.structs.replace(
                self.reporter.report(),
                state="stopped",
                reading=(),
                queued=len(left),
                queue=left[:10],
            )
            write_status_note(self.app.mount_guard, report)
            self.clock.stop()
        except StorageError as error:
            log.warning("%s", error)

    def _ingest_event(self, event: Event) -> None:
        self.clock.check()  # first: a new file is not as old as those before the clock was set
        self.ingest.take(event)

    def _enqueue(self, job: Job) -> None:
        """Admit a job; a picture first waits for a post that shows it."""
        if job.cause is not JobCause.FOUND or not is_picture(job.path):
            self.admission.push(job)
        elif self._one_pass:
            self._pictures.append(job)
        else:
            wait_s = float(self.app.config.pictures.wait)
            asyncio.get_running_loop().call_later(wait_s, self.admission.push, job)

    def _push_pictures(self) -> bool:
        """Admit the pictures of a single pass, after all texts are planned; True if any."""
        pictures, self._pictures = self._pictures, []
        for job in pictures:
            self.admission.push(job)
        return bool(pictures)

    async def _run_job(self, job: Job) -> None:
        try:
            if self.app.picture_jobs.supersede_if_shown(job):
                return
            await self.app.runner.run(job, self.app.defaults)
        except StorageError as error:  # the ledger refused even the state "waiting"
            self.deferred.put(lambda: self.admission.push(job), error)

    async def _resume(self) -> None:
        """Resume the jobs that were open when the last daemon ended, however it ended."""
        self._sweep()
        await self.app.disposal.remove_left_pictures()
        self.app.picture_jobs.recover()
        for job in self.app.ledger.jobs.all_open():
            self._enqueue(job)
        for reason in ("engine", "storage"):
            self.waiting.resume(reason)

    def _verifier(self) -> OutboxVerifier:
        return OutboxVerifier(
            self.app.ledger,
            self.app.job_factory,
            mount_guard=self.app.mount_guard,
            disk=self.app.disk,
        )

    def _sweep(self) -> None:
        """Remove unfinished files from the folders of unsettled jobs, and the old status note."""
        unsettled = self.app.ledger.jobs.unfinished()
        outbox = self.app.config.outbox
        for folder in {outbox, *((outbox / job.stem).parent for job in unsettled)}:
            try:
                sweep(folder)
            except StorageError as error:
                log.warning("%s", error)

    async def _until_ready(self) -> None:
        """Tell systemd READY once the inbox was scanned and a worker has answered or failed."""
        while not (self.ingest.status.is_known and self._has_worker()):
            self._notifier.extend(START_EXTENSION_S)
            await self._stop_within(0.02)
            if self._stop.is_set():
                return
        log.info("watching %s", printable(str(self.app.config.inbox)))
        self._notifier.ready(self.reporter.report().line)

    def _has_worker(self) -> bool:
        return any(state.state != "starting" for state in self.app.pool.states())

    async def _stop_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload_soon)

    def _reload_soon(self) -> None:
        self._reloading = asyncio.create_task(self._reload())

    async def _reload(self) -> None:
        self._notifier.reloading()
        try:
            await self._config_reload.reload()
        except NarratedError as error:
            log.error("the configuration is refused, and the old one kept: %s", error)
        self._notifier.ready(self.reporter.report().line)
