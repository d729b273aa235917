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

from narrated.config.staff import limits, worker_specs
from narrated.config.values import Config
from narrated.errors import NarratedError
from narrated.installation import make_readable
from narrated.ledger.cache import Cache
from narrated.ledger.database import last_aside
from narrated.ledger.job import State
from narrated.ledger.measured import Measured
from narrated.ledger.moments import OUTBOX
from narrated.narrate import rebuild
from narrated.narrate.departures import AfterNarration, Departures
from narrated.narrate.manuscript import Desk, Edition, PlanOutdated, Wishes
from narrated.narrate.publication import Imprint
from narrated.narrate.recording import clear
from narrated.narrate.speech import Speech
from narrated.narrate.story import Narrator
from narrated.outbox import publish
from narrated.outbox.ground import Ground
from narrated.script.script import Plan, Speaker
from narrated.workers.editors import Editors
from narrated.workers.pool import Pool
from narrated.workers.roll import Roll
from narrated.workers.schedule import Scheduler

EDITORS = 2  # one is kept for short sources
DISK_THREADS = 4

log = logging.getLogger("narrated")


class House:
    """All that turns a source into a published narration, without the inbox that brings it.

    An async context manager; the state directory must be held by this process alone. Workers
    load in the background: what needs one waits for it. `at_rest` says that nobody writes to
    the inbox meanwhile, so that its files need not have been taken by a daemon first. A `mute`
    house hires no workers: it reads and plans, and can neither speak nor describe.
    """

    def __init__(self, config: Config, *, at_rest: bool = False, mute: bool = False) -> None:
        self.config = config
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
        self.departures.after = AfterNarration(config.after, config.archive)
        self.cache.limit_bytes = config.cache_limit
        await self.pool.apply(worker_specs(config))

    @property
    def wishes(self) -> Wishes:
        """What the configuration in force says of new jobs."""
        config = self.config
        audio, pictures = config.audio, config.pictures
        return Wishes(
            settings=config.settings,
            edition=Edition(audio.format, audio.bitrate, audio.album, audio.author),
            limits=limits(config),
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

    async def draft(self, path: str) -> Plan:
        """What would be said of a file of the inbox; nothing is spoken."""
        return await self.desk.draft_of(path, self.wishes)

    def reader(self) -> Desk:
        """Set up another desk that only reads; a file that hangs in its child holds up no other."""
        editors = self._read_by(1)
        return Desk(
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

    def roll(self) -> Roll:
        """Which engines answer, and how each worker fares."""
        engines = {name: info for each in self.pool.workers for name, info in each.engines.items()}
        return Roll(engines, self.pool.states())

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
        self.ledger = rebuild.opened(config.state / "ledger.sqlite")
        self._stack.callback(self._close_ledger)
        self.ledger.release_leases()
        self._make_outbox()
        self.ground = Ground(config.outbox, self.ledger.place(OUTBOX))
        self._make_voices()
        self.cache = Cache(config.cache, self.ledger, config.cache_limit, self.disk)
        if self.ledger.is_blank:
            await self._rebuild()
        await self._hire()
        self.desk = Desk(
            config.inbox,
            self.ledger,
            self.editors,
            self.scheduler,
            self.disk,
            at_rest=self._at_rest,
        )
        self.speech = Speech(self.cache, self.scheduler)
        self.departures = Departures(self.ledger, config.inbox, self.disk)
        self.departures.after = AfterNarration(config.after, config.archive)
        self.imprint = Imprint(
            self.ledger,
            self.desk,
            self.departures,
            inbox=config.inbox,
            ground=self.ground,
            disk=self.disk,
        )
        self._stack.push_async_callback(self.imprint.settle)
        self.narrator = Narrator(
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
            rebuild.put_away(self.ledger.path)

    async def _rebuild(self) -> None:
        """Where the ledger knows nothing, know what outbox and cache hold."""
        config, loop = self.config, asyncio.get_running_loop()
        takes = await loop.run_in_executor(self.disk, self.cache.found)
        found = await loop.run_in_executor(
            self.disk, rebuild.remnants, self.ground, self.ledger.path, config.inbox
        )
        with self.ledger.transaction():
            self.cache.adopt(takes)
            known = rebuild.rebuild(self.ledger, found, with_gone=config.after == "keep")
        if known:
            self.ground.device = self.ground.insist()
            self.ledger.keep_place(OUTBOX, self.ground.device)
            self.rebuilt = _rebuilt(known, last_aside(self.ledger.path))
            log.warning("%s", self.rebuilt)

    def _make_outbox(self) -> None:
        """Make the outbox before anything was published; later a missing one is a lost disk."""
        is_first = last_aside(self.ledger.path) is None
        if is_first and State.DONE not in self.ledger.counts():
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
        measured = Measured(self.ledger)
        self.pool = Pool(specs, lambda: self.scheduler.workers_changed(), measured)
        owner = f"{socket.gethostname()}:{os.getpid()}"
        self.scheduler = Scheduler(self.pool, self.ledger, owner, float(workers.silence))
        self._stack.push_async_callback(self.pool.stop)
        await self.pool.start()

    def _read_by(self, count: int) -> Editors:
        editors = Editors(count, float(self.config.workers.reading))
        self._stack.push_async_callback(editors.stop)
        return editors

    def _threads(self, name: str, count: int) -> ThreadPoolExecutor:
        threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._stack.callback(threads.shutdown, cancel_futures=True)
        return threads


def _rebuilt(known: int, aside: Path | None) -> str:
    what = f"The ledger was made anew from {known} narrations of the outbox"
    return f"{what}; the damaged one is kept as {aside}." if aside else f"{what}: there was none."


def _in_voice(wishes: Wishes, voice: str | None, engine: str | None) -> Wishes:
    narrator = wishes.settings.speakers["narrator"]
    if engine is not None and engine != narrator.engine:
        narrator = Speaker(engine, voice or "", {})
    elif voice is not None:
        narrator = msgspec.structs.replace(narrator, voice=voice)
    speakers = {**wishes.settings.speakers, "narrator": narrator}
    settings = msgspec.structs.replace(wishes.settings, speakers=speakers)
    return dataclasses.replace(wishes, settings=settings)
