"""The parts of narrated, built in the order of their needs and taken down in reverse."""

import asyncio
import dataclasses
import logging
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from narrated.config.values import Config
from narrated.config.worker_specs import chunk_limits, worker_specs
from narrated.errors import NarratedError
from narrated.install_plan import make_readable
from narrated.jobs import restore
from narrated.jobs.planner import JobDefaults, OutputSettings, Planner, PlanOutdated
from narrated.jobs.publisher import Publisher
from narrated.jobs.render import clear
from narrated.jobs.runner import JobRunner
from narrated.jobs.source_disposal import DisposalPolicy, SourceDisposal
from narrated.jobs.synthesis import Synthesis
from narrated.ledger.database import last_aside
from narrated.ledger.host_state import OUTBOX
from narrated.ledger.job import JobState
from narrated.ledger.memory_statistics import MemoryStatistics
from narrated.ledger.take_cache import TakeCache
from narrated.outbox import publish
from narrated.outbox.mount_guard import MountGuard
from narrated.script.script import Draft, Speaker
from narrated.workers.engine_probe import EngineProbe
from narrated.workers.parser_pool import ParserPool
from narrated.workers.pool import WorkerPool
from narrated.workers.schedule import Scheduler

EDITORS = 2  # one is kept for short sources
DISK_THREADS = 4

log = logging.getLogger("narrated")


class App:
    """All that turns a source into a published narration, without the inbox that brings it.

    An async context manager; the state directory must be held by this process alone. Workers
    load in the background: what needs one waits for it. `at_rest` says that nobody writes to
    the inbox meanwhile, so that its files need not have been taken by a daemon first. A `mute`
    house hires no workers: it reads and plans, and can neither speak nor describe.
    """

    def __init__(self, config: Config, *, at_rest: bool = False, mute: bool = False) -> None:
        self.config = config
        self._limits = chunk_limits(config)
        self._at_rest = at_rest
        self._mute = mute
        self._stack = AsyncExitStack()
        self.rebuilt = ""
        """What there is to say of a ledger that had to be made anew."""

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
        """Take a new configuration over; workers that it leaves unchanged stay warm."""
        self.config = config
        self._limits = chunk_limits(config)
        self.departures.after = DisposalPolicy(config.after, config.archive)
        self.cache.limit_bytes = config.cache_limit
        await self.pool.apply(worker_specs(config))

    @property
    def wishes(self) -> JobDefaults:
        """What the configuration in force says of new jobs."""
        config = self.config
        audio, pictures = config.audio, config.pictures
        return JobDefaults(
            settings=config.settings,
            edition=OutputSettings(audio.format, audio.bitrate, audio.album, audio.author),
            limits=self._limits,
            captions=pictures.captions,
            caption_options=pictures.options,
            picture_roots=pictures.roots,
            picture_wait_s=float(pictures.wait),
            lexicon=config.reading.lexicon,
            ignore=config.ignore,
        )

    async def say(
        self, text: str, voice: str | None, engine: str | None = None
    ) -> tuple[dict[str, int], bytes]:
        """Speak a text now: its sample rate, and 16-bit mono PCM.

        An engine that is named without a voice takes its own best one.
        """
        wishes = _in_voice(self.wishes, voice, engine)
        if not text.strip():
            raise NarratedError("There is nothing to say.", 'Give a text: narrated say "Hello".')
        try:
            pcm, sample_rate = await self.speech.say(await self.desk.dictated(text, wishes))
        except PlanOutdated:  # such as a voice that came a moment ago
            pcm, sample_rate = await self.speech.say(await self.desk.dictated(text, wishes))
        return {"sample_rate": sample_rate}, pcm

    async def draft(self, path: str) -> Draft:
        """What would be said of a file of the inbox; nothing is spoken."""
        return await self.desk.draft_of(path, self.wishes)

    def reader(self) -> Planner:
        """Set up another desk that only reads; a file that hangs in its child holds up no other."""
        editors = self._read_by(1)
        return Planner(
            self.config.inbox,
            self.ledger,
            editors,
            self.scheduler,
            self.disk,
            at_rest=self._at_rest,
            blind=True,
        )

    async def describe(self, picture: bytes) -> str:
        """What the captioner says of a picture."""
        return await self.desk.describe(picture, 0, self.wishes)

    def roll(self) -> EngineProbe:
        """Which engines answer, and how each worker fares."""
        engines = {name: info for each in self.pool.workers for name, info in each.engines.items()}
        return EngineProbe(engines, self.pool.states())

    def probe(self) -> None:
        """See whether state, cache and outbox can be written; StorageError says why not."""
        self.probe_state()
        self.cache.probe()
        self.ground.insist()
        publish.probe(self.config.outbox)

    def probe_state(self) -> None:
        """See whether what is in progress can be written down; StorageError says why not."""
        publish.probe(self.config.state / "work")

    async def _build(self) -> None:
        config = self.config
        config.state.mkdir(parents=True, exist_ok=True)
        work = config.state / "work"
        clear(work)
        self.disk = self._threads("disk", DISK_THREADS)
        encoders = self._threads("encoder", config.workers.encoders)
        self.ledger = restore.opened(config.state / "ledger.sqlite")
        self._stack.callback(self._close_ledger)
        self.ledger.release_leases()
        self._make_outbox()
        self.ground = MountGuard(config.outbox, self.ledger.place(OUTBOX))
        self._make_voices()
        self.cache = TakeCache(config.cache, self.ledger, config.cache_limit, self.disk)
        if self.ledger.is_blank:
            await self._rebuild()
        await self._hire()
        self.desk = Planner(
            config.inbox,
            self.ledger,
            self.editors,
            self.scheduler,
            self.disk,
            at_rest=self._at_rest,
        )
        self.speech = Synthesis(self.cache, self.scheduler)
        self.departures = SourceDisposal(self.ledger, config.inbox, self.disk)
        self.departures.after = DisposalPolicy(config.after, config.archive)
        self.imprint = Publisher(
            self.ledger,
            self.desk,
            self.departures,
            inbox=config.inbox,
            ground=self.ground,
            disk=self.disk,
        )
        self._stack.push_async_callback(self.imprint.settle)
        self.narrator = JobRunner(
            self.ledger,
            self.cache,
            self.desk,
            self.speech,
            self.imprint,
            inbox=config.inbox,
            work=work,
            encoders=encoders,
        )

    def _close_ledger(self) -> None:
        self.ledger.close()
        if self.ledger.damage:  # met where looking through had not found it: now it is not trusted
            restore.put_away(self.ledger.path)

    async def _rebuild(self) -> None:
        """Where the ledger knows nothing, know what outbox and cache hold."""
        config, loop = self.config, asyncio.get_running_loop()
        takes = await loop.run_in_executor(self.disk, self.cache.found)
        found = await loop.run_in_executor(
            self.disk, restore.remnants, self.ground, self.ledger.path, config.inbox
        )
        with self.ledger.transaction():
            self.cache.adopt(takes)
            known = restore.rebuild(self.ledger, found, with_gone=config.after == "keep")
        if known:
            self.ground.device = self.ground.insist()
            self.ledger.keep_place(OUTBOX, self.ground.device)
            self.rebuilt = _rebuilt(known, last_aside(self.ledger.path))
            log.warning("%s", self.rebuilt)

    def _make_outbox(self) -> None:
        """Make the outbox before anything was published; later a missing one is a lost disk."""
        is_first = last_aside(self.ledger.path) is None
        if is_first and JobState.DONE not in self.ledger.counts():
            with suppress(OSError):  # what cannot be made now is told when something is published
                self.config.outbox.mkdir(parents=True, exist_ok=True)

    def _make_voices(self) -> None:
        """Have a place where voices can be dropped, if there is an engine that looks for some."""
        specs = (spec for worker in worker_specs(self.config) for spec in worker.engines)
        if any(spec.holds_models and spec.kind == "speech" for spec in specs):
            with suppress(OSError):  # a folder of the user's own, which is not there yet
                make_readable(self.config.models.voices)

    async def _hire(self) -> None:
        workers = self.config.workers
        self.editors = self._read_by(EDITORS)
        specs = () if self._mute else worker_specs(self.config)
        measured = MemoryStatistics(self.ledger)
        self.pool = WorkerPool(specs, lambda: self.scheduler.workers_changed(), measured)
        owner = f"{socket.gethostname()}:{os.getpid()}"
        self.scheduler = Scheduler(self.pool, self.ledger, owner, float(workers.silence))
        self._stack.push_async_callback(self.pool.stop)
        await self.pool.start()

    def _read_by(self, count: int) -> ParserPool:
        editors = ParserPool(count, float(self.config.workers.reading))
        self._stack.push_async_callback(editors.stop)
        return editors

    def _threads(self, name: str, count: int) -> ThreadPoolExecutor:
        threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._stack.callback(threads.shutdown, cancel_futures=True)
        return threads


def _rebuilt(known: int, aside: Path | None) -> str:
    what = f"The ledger was made anew from {known} narrations of the outbox"
    return f"{what}; the damaged one is kept as {aside}." if aside else f"{what}: there was none."


def _in_voice(wishes: JobDefaults, voice: str | None, engine: str | None) -> JobDefaults:
    narrator = wishes.settings.speakers["narrator"]
    if engine is not None and engine != narrator.engine:
        narrator = Speaker(engine, voice or "", {})
    elif voice is not None:
        narrator = msgspec.structs.replace(narrator, voice=voice)
    speakers = {**wishes.settings.speakers, "narrator": narrator}
    settings = msgspec.structs.replace(wishes.settings, speakers=speakers)
    return dataclasses.replace(wishes, settings=settings)
