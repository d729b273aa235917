"""The story of a narration: read, write the script, speak, publish."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from narrated.errors import (
    EngineUnavailable,
    NarratedError,
    SourceAbsent,
    SourceUnreadable,
    StorageError,
)
from narrated.inbox import safe_read
from narrated.jobs.planner import JobDefaults, Plan, Planner, PlanOutdated, SourceChanged
from narrated.jobs.publisher import Publisher
from narrated.jobs.render import RenderedNarration, Renderer
from narrated.jobs.synthesis import Synthesis
from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.ledger.take_cache import DamagedTake, TakeCache
from narrated.logs import fields
from narrated.printable import printable

WINDOW = 32
"""How many chunks of one job may be asked for ahead of the one being encoded."""
WINDOW_CHARACTERS = 5000
"""And how much text they may hold: some six minutes of speech, which the cache keeps at hand."""
BATCH_CHARACTERS = 1200
"""How much is encoded in one go: about a minute of speech, so that jobs take fair turns."""

log = logging.getLogger("narrated")
Value = TypeVar("Value")


@dataclass(slots=True)
class JobProgress:
    """How far a job is; characters stand for time until the sound is there."""

    job: Job
    started: float
    characters: int = 0
    recorded: int = 0
    audio_s: float = 0.0

    @property
    def fraction(self) -> float:
        return self.recorded / self.characters if self.characters else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds still to go at the pace so far; None where that is not known yet."""
        if not self.recorded:
            return None
        pace = self.recorded / max(time.monotonic() - self.started, 0.001)
        return (self.characters - self.recorded) / pace


class JobRunner:
    """Takes one job at a time through its whole story; many stories run side by side."""

    def __init__(
        self,
        ledger: Ledger,
        cache: TakeCache,
        desk: Planner,
        speech: Synthesis,
        imprint: Publisher,
        *,
        inbox: Path,
        work: Path,
        encoders: Executor,
    ) -> None:
        self._ledger = ledger
        self._cache = cache
        self._desk = desk
        self._speech = speech
        self._imprint = imprint
        self._inbox = inbox
        self._work = work
        self._encoders = encoders
        self.progress: dict[int, JobProgress] = {}
        self.on_shown: Callable[[Iterable[str]], None] = lambda pictures: None
        """Called with the pictures that a post was planned with."""
        self.on_unshown: Callable[[Iterable[str]], None] = lambda pictures: None
        """Called with the pictures that a post no longer shows."""
        self.on_lost: Callable[[str], None] = lambda post: None
        """Called with a post of which a version failed."""
        self.on_outdated: Callable[[Job], None] = lambda job: None
        """Called with a job whose plan holds no more: it is to be planned anew."""

    async def narrate(self, job: Job, wishes: JobDefaults) -> None:
        """Bring a job from wherever it stands to its end, whatever that is.

        Raises StorageError alone, where not even that could be written down.
        """
        self.progress[job.id] = JobProgress(job, time.monotonic())
        try:
            await self._story(job, wishes)
        except SourceChanged:
            pass  # the inbox brings the newer version, which supersedes this one
        except PlanOutdated as error:
            log.info("%s is planned anew: %s", printable(job.path), error.problem)
            self.on_outdated(job)
        except SourceAbsent as error:
            await self._lack(job, error)
        except SourceUnreadable as error:
            await self._wait(job, JobReason.UNREADABLE, error)
        except EngineUnavailable as error:
            await self._wait(job, JobReason.ENGINE, error)
        except StorageError as error:
            await self._wait(job, JobReason.STORAGE, error)
        except NarratedError as error:
            await self._fail(job, error)
        except Exception as error:  # a job's border: one job never takes the others along
            about = fields(file=job.path, job=job.id)
            log.exception("%s ended in an unforeseen way", printable(job.path), extra=about)
            await self._fail(job, _unforeseen(error))
        finally:
            self.progress.pop(job.id, None)

    async def _story(self, job: Job, wishes: JobDefaults) -> None:
        manuscript = await self._manuscript(job, wishes)
        if await self._nothing_to_say(job, manuscript):
            return
        if await self._imprint.carry(job, manuscript):
            return
        if job.state is not JobState.PUBLISHING:
            self._ledger.jobs.move(job, JobState.SPEAKING)
        recorded = await self._record(job, manuscript)
        await self._imprint.publish(job, manuscript, recorded)

    async def _manuscript(self, job: Job, wishes: JobDefaults) -> Plan:
        """The manuscript kept since before a restart, or a new one."""
        if kept := self._ledger.jobs.plan(job):
            if job.state is JobState.SPEAKING:
                self._ledger.jobs.move(job, JobState.PLANNED)
            return Plan.unpacked(kept)
        manuscript = await self._planned(job, wishes)
        unshown = self._ledger.pictures.of_post(job.path) - manuscript.shown.keys()
        with self._ledger.transaction():
            self._ledger.pictures.record(job.path, manuscript.shown)
            self._ledger.plan_inputs.record(job.path, manuscript.consulted)
            self._ledger.jobs.write_plan(
                job,
                manuscript.packed(),
                title=manuscript.plan.title,
                narration=manuscript.narration,
                keys=manuscript.keys,
            )
            self._ledger.takes.mark_used(manuscript.keys)
            self.on_shown(manuscript.shown)
            self.on_unshown(unshown)
        return manuscript

    async def _planned(self, job: Job, wishes: JobDefaults) -> Plan:
        """A manuscript, made again until nothing it hangs on changed while it was made."""
        while True:
            beside = self._desk.beside(wishes, insists=True)
            try:
                manuscript = await self._desk.prepare(job, wishes, beside)
                self._insist(job)
                if not (beside.is_overtaken or self._is_overtaken(manuscript)):
                    return manuscript
            except NarratedError:
                self._insist(job)
                if not beside.is_overtaken:
                    # Settings may be at fault: when they change, it is tried again.
                    self._ledger.plan_inputs.record(job.path, beside.consulted)
                    raise

    def _insist(self, job: Job) -> None:
        """See that the source is there; else what it hangs on may have been away as well."""
        is_known = self._ledger.sources.sha256(job.path) == job.source_sha256
        if is_known and not safe_read.exists(self._inbox, job.path):
            raise SourceAbsent(f"{printable(job.path)} is not there.")

    def _is_overtaken(self, manuscript: Plan) -> bool:
        """Whether a picture came or changed while the post that shows it was being planned."""
        taken = {path: self._ledger.sources.sha256(path) for path in manuscript.shown}
        return any(taken[path] not in ("", sha) for path, sha in manuscript.shown.items())

    async def _nothing_to_say(self, job: Job, manuscript: Plan) -> bool:
        if manuscript.plan.narrate:
            return False
        why = "`narrate: false` holds for it"
        await self._imprint.withhold(job, why)
        self._imprint.forget_note(job)
        self._ledger.jobs.move(job, JobState.REMOVED, reason=JobReason.UNWANTED, problem=why)
        return True

    async def _record(self, job: Job, manuscript: Plan) -> RenderedNarration:
        """Speech and encoding overlap: chunks are asked for ahead, and recorded in order."""
        recording = Renderer(self._work / str(job.id), manuscript, self._cache)
        progress = self.progress[job.id]
        progress.characters = sum(len(chunk.text) for chunk in manuscript.plan.chunks)
        asked: deque[asyncio.Task[None]] = deque()
        try:
            while recording.added < len(manuscript.plan.chunks):
                self._ask_ahead(job, manuscript, recording.added, asked)
                await asked[0]
                count = _ready(asked, manuscript, recording.added)
                await asyncio.gather(
                    self._add(job, manuscript, recording, count),
                    self._fetch_ahead(manuscript, recording.added, asked, count),
                )
                for _ in range(count):
                    asked.popleft()
                self._advance(progress, manuscript, recording.added, count)
            return await self._encoding(recording.finish)
        except BaseException:
            _cancel(asked)  # at once: nothing is to be spoken for nobody
            await self._encoding(recording.discard)
            raise
        finally:
            _cancel(asked)
            await asyncio.gather(*asked, return_exceptions=True)

    def _ask_ahead(
        self, job: Job, manuscript: Plan, added: int, asked: deque[asyncio.Task[None]]
    ) -> None:
        chunks = manuscript.plan.chunks
        ahead = sum(len(chunk.text) for chunk in chunks[added : added + len(asked)])
        while (seq := added + len(asked)) < len(chunks):
            ahead += len(chunks[seq].text)
            if asked and (len(asked) >= WINDOW or ahead > WINDOW_CHARACTERS):
                return
            task = asyncio.create_task(self._speech.spoken(manuscript, seq, job.id))
            task.add_done_callback(lambda ended: _stop_behind(ended, asked))
            asked.append(task)

    async def _add(self, job: Job, manuscript: Plan, recording: Renderer, count: int) -> None:
        first = recording.added
        for _ in range(count):  # each chunk may turn out to be damaged, once
            try:
                await self._encoding(lambda: recording.add(count))
                return
            except DamagedTake as damaged:
                log.warning(
                    "%s: a take in the cache is damaged and spoken again", printable(job.path)
                )
                self._cache.drop(damaged.key)
                for seq in range(first, first + count):
                    await self._speech.spoken(manuscript, seq, job.id)
        await self._encoding(lambda: recording.add(count))

    async def _fetch_ahead(
        self, manuscript: Plan, added: int, asked: deque[asyncio.Task[None]], count: int
    ) -> None:
        """While these are encoded, take what comes next out of the cache."""
        following = list(enumerate(asked, start=added))[count : 2 * count + 1]
        for seq, task in following:
            if _is_spoken(task):
                await self._cache.fetch(manuscript.keys[seq])

    async def _encoding(self, call: Callable[[], Value]) -> Value:
        """Run a piece of encoding to its end, even when nobody waits for it any more."""
        running = asyncio.get_running_loop().run_in_executor(self._encoders, call)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    def _advance(self, progress: JobProgress, manuscript: Plan, added: int, count: int) -> None:
        chunks = manuscript.plan.chunks[added - count : added]
        progress.recorded += sum(len(chunk.text) for chunk in chunks)

    async def _wait(self, job: Job, reason: JobReason, error: NarratedError) -> None:
        if self._ledger.jobs.get(job.id).is_open and not self._gave_way(job):
            self._ledger.jobs.move(
                job, JobState.WAITING, reason=reason, problem=error.problem, remedy=error.remedy
            )
            about = fields(file=job.path, job=job.id)
            log.warning("%s waits: %s", printable(job.path), error, extra=about)
            if reason is not JobReason.ABSENT:  # nobody else misses it yet
                try:
                    await self._imprint.note(job, error)
                except StorageError as refused:
                    log.warning("no note could be left for %s: %s", printable(job.path), refused)

    async def _lack(self, job: Job, error: NarratedError) -> None:
        """A source, or what it shows, is not there: the inbox may be away; or it is gone for good.

        The inbox tells, by and by.
        """
        is_known = self._ledger.sources.sha256(job.path) == job.source_sha256
        if is_known or safe_read.exists(self._inbox, job.path):
            await self._wait(job, JobReason.ABSENT, error)
        elif self._ledger.jobs.get(job.id).is_open:
            self._ledger.jobs.move(job, JobState.REMOVED, problem="its source is gone")
            self._imprint.forget_note(job)  # of when it waited

    def _gave_way(self, job: Job) -> bool:
        """Whether it ends for a newer version: so does what was being published when we ended."""
        if self._ledger.jobs.is_newest(job):
            return False
        self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="a newer version")
        return True

    async def _fail(self, job: Job, error: NarratedError) -> None:
        """The source is at fault, and a note says so: while none can be left it waits."""
        if not self._ledger.jobs.get(job.id).is_open or self._gave_way(job):
            return
        if not safe_read.exists(self._inbox, job.path):
            await self._lack(job, error)
            return
        try:
            await self._imprint.note(job, error)  # before the move: what is open is tried again
        except StorageError as refused:
            if not await self._imprint.is_open():
                await self._wait(job, JobReason.STORAGE, refused)
                return
            log.warning("no note could be left for %s: %s", printable(job.path), refused)
        with self._ledger.transaction():
            self._ledger.jobs.move(job, JobState.FAILED, problem=error.problem, remedy=error.remedy)
            self.on_lost(job.path)
        about = fields(file=job.path, job=job.id)
        log.error("%s failed: %s", printable(job.path), error, extra=about)


def _ready(asked: deque[asyncio.Task[None]], manuscript: Plan, added: int) -> int:
    """How many of the next chunks are spoken, up to what is encoded in one go."""
    count = characters = 0
    for task in asked:
        if not _is_spoken(task) or characters > BATCH_CHARACTERS:
            break
        characters += len(manuscript.plan.chunks[added + count].text)
        count += 1
    return count


def _is_spoken(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and not task.exception()


def _stop_behind(ended: asyncio.Task[None], asked: deque[asyncio.Task[None]]) -> None:
    """What the storage refused ends the job when its turn comes: what is behind it is in vain."""
    if ended in asked and not ended.cancelled() and isinstance(ended.exception(), StorageError):
        _cancel(list(asked)[asked.index(ended) + 1 :])


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


def _unforeseen(error: Exception) -> NarratedError:
    return NarratedError(
        f"Something in narrated itself went wrong: {type(error).__name__}: {error}.",
        "`journalctl -u narrated` holds the details; try again with `narrated retry FILE`.",
    )
