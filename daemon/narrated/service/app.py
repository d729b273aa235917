"""Composition root: builds the parts of narrated in order, and takes them down in reverse."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from narrated.config.values import Config
from narrated.config.worker_specs import chunk_limits, worker_specs
from narrated.install_plan import make_readable
from narrated.jobs import restore
from narrated.jobs.carry_over import CarryOver
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher
from narrated.jobs.job_factory import JobFactory
from narrated.jobs.narration_log import NarrationLog
from narrated.jobs.outbox_access import OutboxAccess
from narrated.jobs.outcomes import JobOutcomes
from narrated.jobs.plan import OutputSettings
from narrated.jobs.planner import JobDefaults, Planner
from narrated.jobs.publisher import Publisher
from narrated.jobs.render import clear
from narrated.jobs.runner import JobRunner
from narrated.jobs.source_disposal import DisposalPolicy, SourceDisposal
from narrated.jobs.speaking import ChunkSpeaker
from narrated.jobs.standalone_picture_jobs import StandalonePictureJobs
from narrated.jobs.synthesis import Synthesis
from narrated.jobs.withdrawal import Withdrawal
from narrated.ledger.database import last_aside
from narrated.ledger.host_state import OUTBOX
from narrated.ledger.job import JobState
from narrated.ledger.memory_statistics import MemoryStatistics
from narrated.ledger.take_cache import TakeCache
from narrated.outbox import publish
from narrated.outbox.mount_guard import MountGuard
from narrated.workers.parser_pool import ParserPool
from narrated.workers.pool import WorkerPool
from narrated.workers.schedule import Scheduler

PARSERS = 2  # one is kept for short sources
DISK_THREADS = 4

log = logging.getLogger("narrated")


class App:
    """The parts that turn a source into a published narration, without the inbox.

    An async context manager; no other process may hold the state directory. Workers load in the
    background, and a job waits for the engine that it needs.
    """

    def __init__(self, config: Config, *, at_rest: bool = False, mute: bool = False) -> None:
        """`at_rest`: nobody writes to the inbox, so its files count without being ingested.

        `mute`: start no workers; the app reads and plans, and can neither speak nor describe.
        """
        self.config = config
        self._limits = chunk_limits(config)
        self._at_rest = at_rest
        self._mute = mute
        self._stack = AsyncExitStack()
        self.restored = ""
        """Message to the user about a ledger that had to be restored."""

    async def __aenter__(self) -> Self:
        try:
            await self._build()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def apply(self, config: Config) -> None:
        """Change to a new configuration; workers that it leaves unchanged stay warm."""
        self.config = config
        self._limits = chunk_limits(config)
        self.disposal.after = DisposalPolicy(config.after, config.archive)
        self.cache.limit_bytes = config.cache_limit
        await self.pool.apply(worker_specs(config))

    @property
    def defaults(self) -> JobDefaults:
        """The settings of new jobs, from the configuration in force."""
        config = self.config
        audio, pictures = config.audio, config.pictures
        return JobDefaults(
            settings=config.settings,
            output=OutputSettings(audio.format, audio.bitrate, audio.album, audio.author),
            limits=self._limits,
            captions=pictures.captions,
            caption_options=pictures.options,
            picture_roots=pictures.roots,
            picture_wait_s=float(pictures.wait),
            lexicon=config.reading.lexicon,
            ignore=config.ignore,
        )

    def build_planner(self, parsers: ParserPool | None = None) -> Planner:
        """Build a planner; one without `parsers` has a parser of its own, and sees no pictures.

        A file that hangs in one planner's parser does not hold up another planner.
        """
        return Planner(
            self.config.inbox,
            self.ledger,
            parsers or self._start_parsers(1),
            self.scheduler,
            self.disk,
            at_rest=self._at_rest,
            blind=parsers is None,
        )

    def probe(self) -> None:
        """Check that state, cache and outbox can be written. Errors: StorageError."""
        self.probe_state()
        self.cache.probe()
        self.mount_guard.check()
        publish.probe(self.config.outbox)

    def probe_state(self) -> None:
        """Check that the state folder can be written. Errors: StorageError."""
        publish.probe(self.config.state / "work")

    async def _build(self) -> None:
        config = self.config
        config.state.mkdir(parents=True, exist_ok=True)
        clear(config.state / "work")
        self.disk = self._start_threads("disk", DISK_THREADS)
        self.ledger = restore.opened(config.state / "ledger.sqlite")
        self._stack.callback(self._close_ledger)
        self._make_outbox()
        self.mount_guard = MountGuard(config.outbox, self.ledger.host.device(OUTBOX))
        self._make_voice_folder()
        self.cache = TakeCache(config.cache, self.ledger, config.cache_limit, self.disk)
        if self.ledger.jobs.is_empty:
            await self._restore_ledger()
        await self._start_workers()
        self._build_jobs()

    def _build_jobs(self) -> None:
        """Build the parts that run jobs: each holds only parts that were built before it."""
        ledger, config, disk = self.ledger, self.config, self.disk
        self.events = events = EventDispatcher(ledger)
        NarrationLog(events)
        self.outbox = OutboxAccess(ledger, self.mount_guard, disk)
        self._stack.push_async_callback(self.outbox.settle)
        self.notes = ErrorNotes(ledger, self.outbox)
        self.job_factory = JobFactory(ledger, events, config.inbox)
        self.picture_jobs = StandalonePictureJobs(ledger, self.job_factory, self.notes)
        self.planner = self.build_planner(self._start_parsers(PARSERS))
        self.synthesis = Synthesis(self.cache, self.scheduler)
        self.disposal = SourceDisposal(ledger, events, config.inbox, disk)
        self.disposal.after = DisposalPolicy(config.after, config.archive)
        self.withdrawal = Withdrawal(ledger, self.outbox, events, config.inbox)
        self._build_runner()

    def _build_runner(self) -> None:
        ledger, config, events = self.ledger, self.config, self.events
        publisher = Publisher(
            ledger, self.planner, self.disposal, self.withdrawal, self.notes, self.outbox, events
        )
        encoders = self._start_threads("encoder", config.workers.encoders)
        self.runner = JobRunner(
            ledger,
            self.planner,
            ChunkSpeaker(self.synthesis, self.cache, config.state / "work", encoders),
            CarryOver(ledger, self.outbox, self.withdrawal, publisher),
            publisher,
            self.withdrawal,
            self.notes,
            JobOutcomes(ledger, self.job_factory, self.notes, self.outbox, events, config.inbox),
            events,
            config.inbox,
        )

    def _close_ledger(self) -> None:
        self.ledger.close()
        if self.ledger.damage:  # found at work, though the check at the start found none
            restore.put_away(self.ledger.path)

    async def _restore_ledger(self) -> None:
        """Fill a new ledger from the outbox and the cache."""
        config, loop = self.config, asyncio.get_running_loop()
        takes = await loop.run_in_executor(self.disk, self.cache.found)
        found = await loop.run_in_executor(
            self.disk, restore.remnants, self.mount_guard, self.ledger.path, config.inbox
        )
        with self.ledger.transaction():
            self.cache.adopt(takes)
            count = restore.rebuild(self.ledger, found, with_gone=config.after == "keep")
        if count:
            self.mount_guard.device = self.mount_guard.check()
            self.ledger.host.record_device(OUTBOX, self.mount_guard.device)
            self.restored = _restored(count, last_aside(self.ledger.path))
            log.warning("%s", self.restored)

    def _make_outbox(self) -> None:
        """Make the outbox before the first publication; later a missing one is a lost disk."""
        is_first = last_aside(self.ledger.path) is None
        if is_first and JobState.DONE not in self.ledger.jobs.counts():
            with suppress(OSError):  # the first publication reports it
                self.config.outbox.mkdir(parents=True, exist_ok=True)

    def _make_voice_folder(self) -> None:
        """Make the folder for the user's voices if an engine looks for some."""
        specs = (spec for worker in worker_specs(self.config) for spec in worker.engines)
        if any(spec.holds_models and spec.kind == "speech" for spec in specs):
            with suppress(OSError):  # a folder that the user configured, and has yet to make
                make_readable(self.config.models.voices)

    async def _start_workers(self) -> None:
        specs = () if self._mute else worker_specs(self.config)
        statistics = MemoryStatistics(self.ledger)
        self.pool = WorkerPool(specs, lambda: self.scheduler.workers_changed(), statistics)
        self.scheduler = Scheduler(self.pool, self.ledger)
        self._stack.push_async_callback(self.pool.stop)
        await self.pool.start()

    def _start_parsers(self, count: int) -> ParserPool:
        parsers = ParserPool(count, float(self.config.workers.reading))
        self._stack.push_async_callback(parsers.stop)
        return parsers

    def _start_threads(self, name: str, count: int) -> ThreadPoolExecutor:
        threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._stack.callback(threads.shutdown, cancel_futures=True)
        return threads


def _restored(count: int, damaged: Path | None) -> str:
    restored = f"The ledger was restored from {count} narrations of the outbox"
    if damaged is None:
        return f"{restored}: there was none."
    return f"{restored}; the damaged one is kept as {damaged}."
