"""Composition root: builds the parts of narrated in order, and takes them down in reverse."""

import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing, suppress
from functools import partial
from typing import Self, TypeVar

from narrated import private_files
from narrated.config.podcast import has_page, show_settings
from narrated.config.values import Config
from narrated.config.worker_specs import speech_engines, with_present_voices, worker_specs
from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.errors import StorageError
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.install import make_readable
from narrated.jobs import restore
from narrated.jobs.asked_check import AskedCheck
from narrated.jobs.bulk_requeue_runner import BulkRequeueRunner
from narrated.jobs.carry_over import CarryOver
from narrated.jobs.ears import Ears
from narrated.jobs.encoded_narration import clear
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.event_logging import JobEventLogger
from narrated.jobs.events import EventDispatcher
from narrated.jobs.gallery_pictures import GalleryPictures
from narrated.jobs.gallery_updates import GalleryUpdates
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.left_out_posts import LeftOutPosts
from narrated.jobs.narration_removal import NarrationRemoval
from narrated.jobs.narration_rendering import NarrationRenderer
from narrated.jobs.narration_tags import TagMaker
from narrated.jobs.page_pictures import PagePictures
from narrated.jobs.picture_captions import PictureCaptions
from narrated.jobs.planned_scripts import PlannedScripts
from narrated.jobs.planner import Planner
from narrated.jobs.post_lexicons import PostLexicons
from narrated.jobs.post_scripts import PostScripts
from narrated.jobs.post_texts import PostTexts
from narrated.jobs.published_default import PublishedDefault
from narrated.jobs.publisher import Publisher
from narrated.jobs.retakes import build_retakes
from narrated.jobs.runner import JobRunner
from narrated.jobs.script_pairs import ScriptPairs
from narrated.jobs.script_review import ScriptReview
from narrated.jobs.script_words import ScriptWords
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.sound_file_digests import SoundFileDigests
from narrated.jobs.source_disposal import DisposalPolicy, SourceDisposal
from narrated.jobs.source_moves import SourceMoves
from narrated.jobs.standalone_picture_jobs import StandalonePictureJobs
from narrated.jobs.standing import Ranking
from narrated.jobs.stem_assignment import StemAssignment
from narrated.ledger.memory_statistics import MemoryStatistics
from narrated.ledger.pauses import this_boot
from narrated.ledger.store import Ledger
from narrated.ledger.take_cache import TakeCache
from narrated.models.hearing_models import workers_with_ears
from narrated.outbox import published_files
from narrated.outbox.name_probe import NameProbe
from narrated.outbox.outbox_lock import OutboxLock
from narrated.outbox.portable_names import load_transliterations
from narrated.script.default_voice import SpeechEngines
from narrated.service.housekeeping.break_keeping import BreakKeeping
from narrated.service.housekeeping.folder_overlaps import FolderOverlaps
from narrated.service.job_defaults import job_defaults
from narrated.service.ledger_restoration import LedgerRestoration
from narrated.service.outbox_opening import OutboxOpening
from narrated.service.podcast_parts import PodcastTools, build_podcast
from narrated.service.start_wait import tell_nobody
from narrated.service.stop_steps import CHANGES_S, REMOVAL_S, StopSteps, within
from narrated.service.work_breaks import WorkBreaks
from narrated.workers.encoder_pool import EncoderPool
from narrated.workers.fair_shares import Standing
from narrated.workers.parser_pool import ParserPool
from narrated.workers.pool import WorkerPool
from narrated.workers.request_dispatch import Scheduler
from narrated.workers.request_matching import EngineAccess

PARSERS = 2  # one is kept for short sources

log = logging.getLogger("narrated")
Value = TypeVar("Value")


class App:
    """The parts that turn a source into a published narration, without the inbox.

    An async context manager; no other process may hold the state directory. Workers load in the
    background, and a job waits for the engine that it needs.
    """

    def __init__(
        self,
        config: Config,
        outbox_lock: OutboxLock | None = None,
        *,
        at_rest: bool = False,
        mute: bool = False,
        keeps_breaks: bool = False,
        may_wait: Callable[[int, str], bool] = lambda job, reader: True,
        lent: EngineAccess | None = None,
    ) -> None:
        """`outbox_lock`: the daemon's; without one, the app may not write the outbox for long.

        `at_rest`: nobody writes to the inbox, so its files count without being ingested.

        `mute`: start no workers; the app reads and plans, and can neither speak nor describe.
        `keeps_breaks`: follow `narrated pause` and `hours`.
        `may_wait`: True if a job may wait for a slow reader now, by its name; otherwise its task is
        to end.

        `lent`: engines of a daemon, which speak and describe instead of workers of this app.
        """
        self.hearing_engine = ""
        """The engine that listens to takes; empty if there is none."""
        self._use(config, speech_engines(config))
        self._outbox_lock = outbox_lock
        self._at_rest = at_rest
        self._mute, self._lent = mute or lent is not None, lent
        self._stack = AsyncExitStack()
        self._stop_steps = StopSteps(self._stack)
        self._standings: dict[int, Standing] = {}
        """Those of the running jobs, which engines and encoders follow."""
        self._keeps_breaks = keeps_breaks
        self._may_wait = may_wait
        self._filling = threading.Lock()
        """Held while a thread uses the ledger's own connection."""
        self.overlaps = FolderOverlaps(lambda: self.config)
        self.restored = ""
        """Message to the user about a ledger that had to be restored."""
        self.on_wait: Callable[[str, DiskThreads], Awaitable[None]] = tell_nobody
        """Told why a start waits for a disk; empty once it goes on."""

    async def __aenter__(self) -> Self:
        try:
            await self._build()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def apply(self, config: Config) -> None:
        """Change to a new configuration; workers that it leaves unchanged stay warm.

        Errors: ConfigurationError or StorageError, and nothing has changed.
        """
        # In a thread: the engines are looked for in every package that is installed.
        hearing, specs, engines = await self.state_disk.run(
            lambda: (*workers_with_ears(config), speech_engines(config))
        )
        await self._load_transliterations(config)
        self._use(config, engines)
        self.stems.names = config.names
        self.disposal.after = DisposalPolicy(config.after, config.archive)
        self.cache.limit_bytes = config.cache_limit
        self.ranking.newest_first = config.order == "newest"
        self.page.is_on = has_page(config)
        self.podcast.follow(show_settings(config))
        self.hearing_engine = hearing
        await self.pool.apply(specs)
        with suppress(StorageError):  # it is followed again within a second
            self.breaks.follow()

    async def follow_hearing_models(self) -> None:
        """Have a hearing model listen that was pulled meanwhile. Errors: StorageError.

        Voices that were pulled meanwhile are used for their languages.
        """
        config, known = self.config, self._speech_engines
        hearing, specs, engines = await self.state_disk.run(
            lambda: (*workers_with_ears(config), with_present_voices(config, known))
        )
        if self.config is not config:  # a reload looks by itself
            return
        if engines != known:
            self._use(config, engines)
        if hearing != self.hearing_engine:
            self.hearing_engine = hearing
            await self.pool.apply(specs)

    def _use(self, config: Config, engines: SpeechEngines) -> None:
        self.config = config
        self._speech_engines = engines
        self.defaults = job_defaults(config, engines)
        """The settings of new jobs, from the configuration in force."""

    def build_planner(self, parsers: ParserPool | None = None) -> Planner:
        """Build a planner; one without `parsers` has a parser of its own, and sees no pictures.

        A file that hangs in one planner's parser does not hold up another planner.
        """
        inbox, ledger, engines = self.inbox, self.ledger, self.engines
        finds_only, may_wait = parsers is None, self._may_wait
        captions = PictureCaptions(inbox, ledger, engines, self._at_rest, finds_only, may_wait)
        parsers = parsers or self._start_parsers(1)
        galleries = GalleryPictures(inbox, ledger, self._at_rest)
        sounds, disk = self.sound_files, self.state_disk
        return Planner(
            *(inbox, ledger, parsers, engines, disk, captions, galleries, sounds, self.texts),
            PlannedScripts(inbox, ledger, self.post_scripts.pairs),
            LeftOutPosts(ledger, captions),
        )

    async def probe(self) -> None:
        """Check that state, cache and outbox can be written. Errors: StorageError."""
        await self.probe_state()
        await self.cache_disk.run(self.cache.probe)
        await self.outbox_disk.run(self._probe_outbox)

    async def probe_state(self) -> None:
        """Check that the state folder can be written. Errors: StorageError."""
        await self.state_disk.run(published_files.probe, self.config.state / "work")

    def _probe_outbox(self) -> None:
        self.mount_guard.check()
        published_files.probe(self.config.outbox)

    async def read_apart(self, query: Callable[[Ledger], Value]) -> Value:
        """Run a long query in a thread, on a connection of its own. Errors: StorageError."""

        def read() -> Value:
            with closing(Ledger(self.ledger.path)) as ledger:
                return query(ledger)

        return await self.state_disk.run(read, patience_s=TRANSFER_S)

    @property
    def hung_disks(self) -> tuple[StorageError, ...]:
        """Problems of the disks that do not answer."""
        return tuple(problem for disk in self.disks if (problem := disk.problem))

    async def _build(self) -> None:
        config = self.config
        self._start_disks()
        self.ledger = await self.state_disk.run(self._open_ledger, patience_s=TRANSFER_S)
        self._stop_steps.add(self._close_ledger, CHANGES_S)
        outbox = OutboxOpening(self.ledger, config.outbox, self._outbox_lock, self.outbox_disk)
        self._stop_steps.add(outbox.release, REMOVAL_S)
        self.mount_guard = await outbox.open(self.state_disk)
        self.name_probe = NameProbe(self.mount_guard)
        if not self._mute:
            with suppress(StorageError):  # then it is asked when it answers
                await self.outbox_disk.run(self.name_probe.look)
        await self.state_disk.run(self._make_voice_folder)
        await self._load_transliterations(config)
        self.encoders = EncoderPool(
            config.workers.encoders,
            self._standings,
            cache_disk=self.cache_disk,
            state_disk=self.state_disk,
        )
        self._stop_steps.add(self.encoders.stop, REMOVAL_S)
        self.sound_files = SoundFileDigests(self.encoders, self.state_disk)
        self.cache = await self.cache_disk.run(self._open_cache, patience_s=TRANSFER_S)
        self._stop_steps.add(self.cache.settle, REMOVAL_S)
        if self.ledger.jobs.is_empty and not (self._at_rest and self.ledger.takes.total_bytes()):
            await self._restore_ledger()
        await self._start_workers()
        self._build_jobs()
        await self.disposal.put_back()

    def _start_disks(self) -> None:
        config = self.config
        self.inbox = AsyncInboxReader(config.inbox, self._start_disk(f"the inbox {config.inbox}"))
        self.outbox_disk = self._start_disk(f"the outbox {config.outbox}")
        self.cache_disk = self._start_disk(f"the cache {config.cache}")
        self.state_disk = self._start_disk(f"the state {config.state}")
        self.disks = (self.inbox.disk, self.outbox_disk, self.cache_disk, self.state_disk)

    def _start_disk(self, place: str) -> DiskThreads:
        threads = DiskThreads(place)
        self._stack.callback(threads.close)
        return threads

    def _open_ledger(self) -> Ledger:
        state = self.config.state
        private_files.make_folder(state)
        this_boot()  # it reads a file, which the loop may not do later
        clear(state / "work")
        return restore.opened(state / "ledger.sqlite")

    def _open_cache(self) -> TakeCache:
        config, disk = self.config, self.cache_disk
        return TakeCache(config.cache, self.ledger, config.cache_limit, disk, self.encoders)

    def _build_jobs(self) -> None:
        """Build the parts that run jobs: each holds only parts that were built before it."""
        ledger, config = self.ledger, self.config
        self.events = events = EventDispatcher(ledger)
        JobEventLogger(events)
        self.outbox = ShieldedOutboxChanges(ledger, self.mount_guard, self.outbox_disk)
        self._stop_steps.add(self.outbox.settle, CHANGES_S)
        self.notes = ErrorNotes(ledger, self.outbox)
        self.notes.scripts.listen(events)
        self.stems = StemAssignment(ledger, self.notes, self.outbox, self.name_probe, config.names)
        self.job_creator = JobCreator(ledger, events, self.stems)
        self.requeues = BulkRequeueRunner(ledger, self.job_creator, self.inbox)
        self.picture_jobs = StandalonePictureJobs(ledger, self.job_creator, self.notes)
        policy = DisposalPolicy(config.after, config.archive)
        record = config.state / "leaving"
        self.disposal = SourceDisposal(ledger, events, self.inbox, policy, record)
        self.ranking = Ranking(ledger, config.order == "newest")
        self.removal = NarrationRemoval(ledger, self.outbox, events)
        pairs = ScriptPairs(ledger, lambda: self.stems.rules)
        scripts = (self.job_creator, self.notes, events, self.removal, self.inbox, pairs)
        self.post_scripts = PostScripts(ledger, *scripts)
        galleries = (self.job_creator, self.picture_jobs, self.removal, self.inbox)
        self.galleries = GalleryUpdates(ledger, *galleries)
        self.galleries.listen(events)
        self._build_runner()

    def _build_runner(self) -> None:
        ledger, config, events, inbox = self.ledger, self.config, self.events, self.inbox
        parsers = self._start_parsers(PARSERS)
        self.texts = PostTexts(ledger, inbox, parsers, PagePictures(ledger, self.outbox, parsers))
        self.planner = self.build_planner(parsers)
        shared = (ledger, self.read_apart, events, self.outbox, inbox, parsers, self.planner)
        tools = PodcastTools(*shared, self.picture_jobs, self.removal, self.state_disk)
        self.podcast, self.page = build_podcast(tools, config, lambda: self.defaults)
        work, encoders, tags = config.state / "work", self.encoders, TagMaker(parsers, inbox)
        lexicons = PostLexicons(inbox, self.state_disk, lambda: self.defaults.lexicon)
        hearing = (self.engines, self.cache, encoders, parsers, lexicons)
        ears = Ears(*hearing, lambda: self.hearing_engine)
        retakes = build_retakes(ledger, self.cache, self.engines, ears, self.job_creator)
        spoken = (self.cache, ledger.rates, retakes, work, encoders, tags)
        self.speaker = NarrationRenderer(*spoken, self.scheduler.brake)
        notes, outbox, disposal = self.notes, self.outbox, self.disposal
        moves = SourceMoves(ledger, self.removal, events, inbox)
        parts = (disposal, moves, notes, outbox, events, self.state_disk, self.stems)
        publisher = Publisher(ledger, *parts, retakes.follow_up)
        carrying = (publisher, moves, tags, encoders, work, self.state_disk)
        carry_over = CarryOver(ledger, outbox, *carrying)
        default = PublishedDefault(ledger, self.job_creator, moves, outbox)
        review = ScriptReview(ledger, notes, ScriptWords(ledger, inbox, parsers))
        before = (ledger, self.planner, self.speaker, carry_over, default, publisher, self.removal)
        after = (self.job_creator, notes, outbox, events, inbox, self.ranking, self.stems, moves)
        asked = AskedCheck(ledger, self.planner)
        self.runner = JobRunner(*(*before, *after, review, asked))

    async def _close_ledger(self, patience_s: float) -> None:
        close = partial(self._close_now, self.ledger.detach())
        try:
            await within(patience_s, self.state_disk.run(close, patience_s=patience_s))
        except StorageError as error:  # every move is in the log beside it
            log.warning("%s", error)

    def _close_now(self, close: Callable[[], None]) -> None:
        with self._filling:  # a stop may have cut it: its thread meets a closed ledger soon
            close()
        if self.ledger.damage:  # found at work, though the check at the start found none
            restore.put_away(self.ledger.path)

    async def _restore_ledger(self) -> None:
        """Fill a new ledger, which nobody else uses yet."""
        disks = (self.state_disk, self.cache_disk, self.outbox_disk)
        restoration = LedgerRestoration(
            self.ledger, self._filling, self.cache, self.mount_guard, self.config, *disks
        )
        self.restored = await restoration.restore(self.on_wait)

    async def _load_transliterations(self, config: Config) -> None:
        """Read the tables that plain names need: the loop reads no file."""
        if config.names == "ascii":
            await self.state_disk.run(load_transliterations)

    def _make_voice_folder(self) -> None:
        """Make the folder for the user's voices if an engine looks for some."""
        specs = (spec for worker in worker_specs(self.config) for spec in worker.engines)
        if any(spec.holds_models and spec.kind == "speech" for spec in specs):
            with suppress(OSError):  # a folder that the user configured, and has yet to make
                make_readable(self.config.models.voices)

    async def _start_workers(self) -> None:
        hearing, specs = await self.state_disk.run(lambda: workers_with_ears(self.config))
        self.hearing_engine, specs = ("", ()) if self._mute else (hearing, specs)
        statistics = MemoryStatistics(self.ledger)
        self.pool = WorkerPool(specs, lambda: self.scheduler.workers_changed(), statistics)
        self.scheduler = Scheduler(
            self.pool, self.ledger, self._standings, self.config.workers.encoders
        )
        self.engines = self._lent or self.scheduler
        self._stack.push_async_callback(self.pool.stop)
        breaks = WorkBreaks(self.ledger, lambda: self.config.hours)
        self.breaks = BreakKeeping(breaks, self.scheduler, self.pool, self._keeps_breaks)
        self.breaks.follow()  # before a worker starts: it would take hold of the device
        await self.pool.start()

    def _start_parsers(self, count: int) -> ParserPool:
        limit_s, shared = float(self.config.workers.reading), self._standings
        parsers = ParserPool(count, limit_s, may_wait=self._may_wait, standings=shared)
        self._stack.push_async_callback(parsers.stop)
        return parsers
