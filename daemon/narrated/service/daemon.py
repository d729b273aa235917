"""The daemon: builds the parts, starts them, waits for signals, and stops them in reverse."""

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from narrated.config import file as configuration
from narrated.config.values import Config
from narrated.errors import ConfigurationError, NarratedError, StorageError
from narrated.inbox.events import Event
from narrated.inbox.inbox import Inbox
from narrated.inbox.readiness import ignore_sigio
from narrated.jobs.ingest import Ingest, is_picture
from narrated.jobs.job_factory import JobFactory
from narrated.jobs.verify import OutboxVerifier
from narrated.ledger.job import Job, JobCause, JobReason, JobState
from narrated.outbox.publish import sweep
from narrated.printable import printable
from narrated.service.admission import Admission
from narrated.service.app import App
from narrated.service.attendant import Housekeeping, ServiceNews, leave_note
from narrated.service.clock_adjustment import ClockAdjustment
from narrated.service.commands import UserCommands
from narrated.service.control_socket import ControlServer, socket_path
from narrated.service.deferred import DeferredOperations
from narrated.service.malloc import return_large_blocks
from narrated.service.state_lock import LockHolder, StateLock
from narrated.service.status_report import StatusReport, report
from narrated.systemd_notify import ServiceNotifier

EVENTS_AT_ONCE = 50
"""How many of the inbox's events may wait for the loop: a flood of files costs no memory, and holds
up what else the loop does for milliseconds."""
START_EXTENSION_S = 60.0
PULSE_S = 30.0
"""An inbox whose loop has not turned for so long is not alive."""

log = logging.getLogger("narrated")


class Daemon:
    """One inbox, one outbox, one state directory, until told to stop."""

    def __init__(self, config: Config, notifier: ServiceNotifier) -> None:
        self.config = config
        self._notifier = notifier
        self._since = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
        self._socket = socket_path_of(config)
        self._stop = asyncio.Event()
        self._stack = AsyncExitStack()
        self._room = threading.BoundedSemaphore(EVENTS_AT_ONCE)
        self._pictures: list[Job] = []
        self._one_pass = False

    async def run(self) -> None:
        """Watch, narrate and answer until SIGTERM or SIGINT; SIGHUP reads the configuration anew.

        Raises AlreadyRunning, ConfigurationError or StorageError before it has begun.
        """
        async with self._stack:
            await self._build()
            await self._listen()
            self._obey_signals()
            self._hear(self.inbox.events())
            await self._resume()
            attendant = await self._stack.enter_async_context(Housekeeping(self, self._notifier))
            attendant.task.add_done_callback(lambda ended: self._stop.set())
            await self._until_ready()
            repairing = asyncio.create_task(self._repair().run())
            self._stack.callback(repairing.cancel)
            await self._stop.wait()
            self._notifier.stopping("stopping; what is being read goes on at the next start")
            log.info("stopping")

    async def once(
        self, on_tick: Callable[[StatusReport], None], tick_s: float = 0.1
    ) -> StatusReport:
        """Narrate what is in the inbox now, and end; `on_tick` is called while it works."""
        self._one_pass = True
        async with self._stack:
            await self._build()
            await self._listen()
            self._obey_signals()
            await self._resume()
            heard = self._hear(self.inbox.once())
            while not (heard.done() and self.lanes.idle.is_set() and not self._release_pictures()):
                if self.stalled.problem:
                    raise self.stalled.problem
                on_tick(self.report())
                await self._stop_within(tick_s)
                if self._stop.is_set():
                    break
            on_tick(self.report())
            return msgspec.structs.replace(self.report(), finished=not self._stop.is_set())

    def report(self) -> StatusReport:
        """How it stands now."""
        arriving = tuple(self.inbox.waiting())
        standing = self.intake.standing
        return report(self.house, self.lanes, standing, self._since, arriving, self._troubles)

    @property
    def news(self) -> ServiceNews:
        """Stays the same as long as nothing changes that a report would tell."""
        standing = self.intake.standing
        problems = (standing.root_problem, standing.watch_problem, *map(str, self._troubles))
        seen = (standing.is_known, self.inbox.held, *sorted(standing.conflicts))
        return self.house.ledger.changes, self.lanes.idle.is_set(), (*problems, *seen)

    @property
    def _troubles(self) -> tuple[StorageError, ...]:
        """What keeps everything from going on."""
        return tuple(filter(None, (self.stalled.problem, self.house.ground.problem)))

    @property
    def is_alive(self) -> bool:
        """Whether the inbox's loop moves; the service's own moves when it asks.

        The inbox stands still, and is well, while its events wait for the ledger.
        """
        return bool(self.stalled.problem) or time.monotonic() - self.inbox.pulse < PULSE_S

    def revive(self, reason: str) -> None:
        """Have the jobs go on that wait for this, now that it may be there."""
        self.go_on(self.house.ledger.jobs("state = 'waiting' AND reason = ?", reason))

    def go_on(self, waiting: Iterable[Job]) -> None:
        """Have jobs go on from where they were when they began to wait."""
        for job in waiting:
            kept = self.house.ledger.plan(job) is not None
            # An engine that was not to be had may never be: the voice may be another by now.
            goes_on = kept and job.reason is not JobReason.ENGINE
            state = JobState.PLANNED if goes_on else JobState.QUEUED
            self.lanes.push(self.house.ledger.move(job, state))

    async def _build(self) -> None:
        config = self.config
        ignore_sigio()
        return_large_blocks()
        self._holder = LockHolder(os.getpid(), since=self._since)
        self._lock = self._stack.enter_context(StateLock(config.state, self._holder))
        self.house = await self._stack.enter_async_context(App(config))
        ledger = self.house.ledger
        self.clock = ClockAdjustment(ledger)
        self.stalled = DeferredOperations(self.house, self.clock)
        self.clock.start()
        self._stack.push_async_callback(self._farewell)
        self._stack.callback(self.stalled.close)
        self.lanes = Admission(ledger, self._story)
        self._stack.push_async_callback(self.lanes.close)
        self.register = JobFactory(ledger, config.inbox, self.lanes.cancel)
        self.intake = Ingest(
            ledger,
            self.register,
            self.house.imprint,
            self.house.departures,
            enqueue=self._enqueue,
            cancel=self.lanes.cancel,
        )
        self.house.narrator.on_shown = self.intake.shown
        self.house.narrator.on_unshown = self.intake.unshown
        self.house.narrator.on_lost = self.house.imprint.on_lost = self.intake.lost
        self.house.narrator.on_outdated = self.intake.outdated
        self.commands = UserCommands(
            ledger,
            self.register,
            outbox=config.outbox,
            enqueue=self._enqueue,
            cancel=self.lanes.cancel,
        )
        self._open_inbox()
        self._stack.callback(lambda: self.inbox.stop())

    def _open_inbox(self) -> None:
        config = self.config
        self.inbox = Inbox(
            config.inbox,
            self.house.ledger.known(),
            settle_s=float(config.settle),
            scan_s=float(config.scan),
            ignore=config.ignore,
        )
        self.house.imprint.on_come_again = self.inbox.look
        self.house.departures.on_taken_away = self.inbox.look
        self.house.departures.on_superseded = self.lanes.cancel

    async def _listen(self) -> None:
        """Answer the command line; the lock tells where, from the moment that somebody does."""
        await self._stack.enter_async_context(ControlServer(self._socket, self._answer))
        self._lock.tell(msgspec.structs.replace(self._holder, socket=str(self._socket)))

    async def _farewell(self) -> None:
        """The last word in the outbox: nothing claims to be read when nothing is."""
        try:
            left = tuple(job.path for job in self.house.ledger.open_jobs())
            rest = msgspec.structs.replace(
                self.report(), state="stopped", reading=(), queued=len(left), queue=left[:10]
            )
            leave_note(self.house.ground, rest)
            self.clock.stop()
        except StorageError as error:
            log.warning("%s", error)

    def _hear(self, events: Iterator[Event]) -> asyncio.Future[None]:
        """Bring the inbox's events into the loop from a thread of their own."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[None] = loop.create_future()

        def listen() -> None:
            for event in events:
                while not self._room.acquire(timeout=0.2):
                    if self._stop.is_set():
                        return
                loop.call_soon_threadsafe(self._take, event)
            loop.call_soon_threadsafe(heard.set_result, None)

        def listen_while_the_loop_runs() -> None:
            with suppress(RuntimeError):  # the loop was closed: nobody listens any more
                listen()

        threading.Thread(target=listen_while_the_loop_runs, name="inbox", daemon=True).start()
        return heard

    def _take(self, event: Event) -> None:
        """Act on an event; one that the ledger refuses keeps its place, and those behind wait."""
        if self.stalled.problem:
            self.stalled.put(lambda: self._act(event))
            return
        try:
            self._act(event)
        except StorageError as error:
            self.stalled.put(lambda: self._act(event), error)

    def _act(self, event: Event) -> None:
        try:
            self.clock.turn()  # what comes now is not to be moved along with what came before
            self.intake.take(event)
        except StorageError:
            raise  # it keeps its room as well
        except BaseException:
            self._room.release()
            raise
        self._room.release()

    def _enqueue(self, job: Job) -> None:
        """Line a job up; a picture first waits for a post that shows it."""
        if job.cause is not JobCause.FOUND or not is_picture(job.path):
            self.lanes.push(job)
        elif self._one_pass:
            self._pictures.append(job)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(float(self.config.pictures.wait), self.lanes.push, job)

    def _release_pictures(self) -> bool:
        """In a single pass pictures wait until all texts are planned; True if there were any."""
        pictures, self._pictures = self._pictures, []
        for job in pictures:
            self.lanes.push(job)
        return bool(pictures)

    async def _story(self, job: Job) -> None:
        try:
            if self.intake.is_part_of_a_post(job):
                return
            await self.house.narrator.narrate(job, self.house.wishes)
        except StorageError as error:  # not even that it waits could be written down
            self.stalled.put(lambda: self.lanes.push(job), error)

    async def _resume(self) -> None:
        """Go on with what was open when the last daemon ended, however it ended."""
        self._sweep()
        await self.house.departures.take_left_pictures()
        for job in self.house.ledger.open_jobs():
            self._enqueue(job)
        for reason in ("engine", "storage"):
            self.revive(reason)

    def _repair(self) -> OutboxVerifier:
        return OutboxVerifier(
            self.house.ledger,
            self.register,
            ground=self.house.ground,
            disk=self.house.disk,
            enqueue=self._enqueue,
        )

    def _sweep(self) -> None:
        """Remove what was half written: a file of an open job, a note of another, the status."""
        unsettled = self.house.ledger.jobs("state NOT IN ('done', 'superseded', 'removed')")
        outbox = self.config.outbox
        for folder in {outbox, *((outbox / job.stem).parent for job in unsettled)}:
            try:
                sweep(folder)
            except StorageError as error:
                log.warning("%s", error)

    async def _until_ready(self) -> None:
        """READY when the inbox is watched and a worker answers, well or not."""
        while not (self.intake.standing.is_known and self._a_worker_answers()):
            self._notifier.extend(START_EXTENSION_S)
            await self._stop_within(0.02)
            if self._stop.is_set():
                return
        log.info("watching %s", printable(str(self.config.inbox)))
        self._notifier.ready(self.report().line)

    def _a_worker_answers(self) -> bool:
        return any(state.state != "starting" for state in self.house.pool.states())

    async def _stop_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _obey_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload_soon)

    def _reload_soon(self) -> None:
        self._reloading = asyncio.create_task(self._reload())

    async def _reload(self) -> None:
        """Take a changed configuration over; a broken one is refused, and the old one kept."""
        self._notifier.reloading()
        try:
            config = self._read_again()
            await self.house.apply(config)
        except NarratedError as error:
            log.error("the configuration is refused, and the old one kept: %s", error)
        else:
            earlier, self.config = self.config, config
            log.info("the configuration is read anew; it holds for new versions of files")
            self._take_over(earlier)
        self._notifier.ready(self.report().line)

    def _take_over(self, earlier: Config) -> None:
        try:
            self._follow(earlier, self.config)
            self.revive("engine")
        except StorageError as error:
            self.stalled.put(lambda: self._take_over(earlier), error)

    def _follow(self, earlier: Config, config: Config) -> None:
        """What was built from the earlier configuration is built anew, where that can be."""
        logging.getLogger("narrated").setLevel(config.log.upper())
        looking = ("settle", "scan", "ignore")
        if any(getattr(earlier, key) != getattr(config, key) for key in looking):
            self.inbox.stop()
            self.intake.standing.conflicts.clear()
            self._open_inbox()
            self._hear(self.inbox.events())
        for key in ("encoders", "reading"):
            if getattr(earlier.workers, key) != getattr(config.workers, key):
                log.warning("`workers.%s` changed, and holds from the next start", key)

    def _read_again(self) -> Config:
        source = self.config.source
        if source is None:
            raise ConfigurationError("There is no configuration file to read again.")
        config = configuration.load(source)
        for key in ("inbox", "outbox", "state", "cache"):
            if getattr(config, key) != getattr(self.config, key):
                raise ConfigurationError(
                    f"{source}: `{key}` changed, which a running daemon cannot follow.",
                    "Restart it: `systemctl restart narrated`.",
                )
        return config

    async def _answer(self, request: dict[str, Any], payload: bytes) -> tuple[Any, bytes]:
        """One request from the command line."""
        match request.pop("do", None):
            case "status":
                return self.report(), b""
            case "say":
                return await self.house.say(
                    str(request["text"]), request.get("voice"), request.get("engine")
                )
            case "roll":
                return self.house.roll(), b""
            case "describe":
                return await self.house.describe(payload), b""
            case "retry" | "refresh" | "respeak" | "cancel" | "history" as verb:
                return getattr(self.commands, verb)(**request), b""
        raise NarratedError("The daemon does not know this request.", "Is it an older version?")


def socket_path_of(config: Config) -> Path:
    """Where a daemon of this configuration listens."""
    return socket_path(config.state)
