"""What leaves for the outbox: finished narrations, notes about failures, and what follows them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from narrated.audio.tags import tag
from narrated.errors import NarratedError, StorageError
from narrated.inbox import safe_read
from narrated.jobs import metadata
from narrated.jobs.planner import Plan, Planner
from narrated.jobs.render import RenderedNarration
from narrated.jobs.source_disposal import SourceDisposal
from narrated.ledger.host_state import OUTBOX
from narrated.ledger.job import ENDED, Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.outbox import manifest as manifests
from narrated.outbox import notes, publish
from narrated.outbox.manifest import MANIFEST_SUFFIX
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.output_names import ERROR_SUFFIX
from narrated.printable import printable

log = logging.getLogger("narrated")
Value = TypeVar("Value")


class Publisher:
    """Publishes, withdraws and annotates; one move at a time for each name in the outbox.

    A publication that has begun is finished even when its job is cancelled meanwhile, so that a
    newer version never races an older one for the same files.
    """

    def __init__(
        self,
        ledger: Ledger,
        desk: Planner,
        departures: SourceDisposal,
        *,
        inbox: Path,
        ground: MountGuard,
        disk: Executor,
    ) -> None:
        self._ledger = ledger
        self._desk = desk
        self._departures = departures
        self._inbox = inbox
        self._ground = ground
        self._outbox = ground.outbox
        self._disk = disk
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._moves: set[asyncio.Task[Any]] = set()
        self.on_come_again: Callable[[str], None] = lambda path: None
        """Called with a source that was held for gone and is there: it is to be looked at."""

        self.on_lost: Callable[[str], None] = lambda post: None
        """Called with a post whose narration moved away while another came in its place."""

    async def carry(self, job: Job, manuscript: Plan) -> bool:
        """Take over a narration that already says these words: of this source, or of a moved one.

        True when the job is done by it, without speech.
        """
        for older in self._candidates(job):
            if older.narration == manuscript.narration:
                carried = await self._to_the_end(self._carry(job, older, manuscript))
                if carried:
                    return True
        return False

    async def publish(self, job: Job, manuscript: Plan, recorded: RenderedNarration) -> None:
        """Tag the sound and bring all its files into the outbox; the job is done."""
        await self._to_the_end(self._publish_once(job, manuscript, recorded))

    async def withdraw(self, job: Job) -> None:
        """Take a narration out of the outbox, because its source is gone for good."""
        await self._to_the_end(self._withdraw(job))

    async def withhold(self, job: Job, why: str) -> None:
        """Take out what stands of a source that stays and is not to be narrated."""
        await self._to_the_end(self._withhold(job, why))

    async def note(self, job: Job, error: NarratedError) -> None:
        """Leave a note beside where the narration would stand; StorageError where none can be."""
        await self._to_the_end(self._note(job, error))

    async def is_open(self) -> bool:
        """Whether the outbox as a whole takes files now."""
        try:
            await self._in_outbox(lambda: publish.probe(self._outbox))
        except StorageError:
            return False
        return True

    def note_now(self, job: Job, error: NarratedError) -> None:
        """The same without a thread of its own; where none can be left, the log alone tells."""
        try:
            self._write_note(job, error)
        except StorageError as refused:
            log.warning("no note could be left for %s: %s", printable(job.path), refused)

    def _write_note(self, job: Job, error: NarratedError) -> None:
        text = notes.error_note(error.problem, error.remedy, job.path, metadata.now())
        self._ground.check()
        if not self._says_the_same(job, text):
            notes.write_note(self._outbox, job.stem + ERROR_SUFFIX, text)

    def _says_the_same(self, job: Job, text: str) -> bool:
        """Whether the note there differs in its time alone: a synced folder is not stirred then."""
        try:
            standing = (self._outbox / (job.stem + ERROR_SUFFIX)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return standing.rpartition("\n\n")[0] == text.rpartition("\n\n")[0]

    def forget_note(self, job: Job) -> None:
        try:
            self._ground.check()
            notes.remove_note(self._outbox, job.stem + ERROR_SUFFIX)
        except StorageError as refused:
            log.warning("the note of %s could not be removed: %s", printable(job.path), refused)

    async def settle(self) -> None:
        """Wait until nothing is half published."""
        while self._moves:
            await asyncio.wait(set(self._moves))

    def _candidates(self, job: Job) -> list[Job]:
        """The narration of this path that stands, then those of moved sources of this content."""
        standing = self._ledger.jobs.published(job.path)
        return ([standing] if standing else []) + self.moved_from(job)

    def moved_from(self, job: Job) -> list[Job]:
        """Published jobs of the same content whose source is no longer where it was.

        None where the inbox itself may be away; and never one that we took out of it ourselves.
        """
        moved = [
            older
            for older in self._ledger.jobs.published_alike(job.source_sha256)
            if older.path != job.path and not safe_read.exists(self._inbox, older.path)
        ]
        # Asked after the look: the inbox may go in between.
        return moved if safe_read.exists(self._inbox, job.path) else []

    def _moved_to(self, job: Job) -> Job | None:
        """Who has taken over the words of a source that went while it was being published."""
        if safe_read.exists(self._inbox, job.path):
            return None
        alike = self._ledger.jobs.published_alike(job.source_sha256)
        there = (each for each in alike if safe_read.exists(self._inbox, each.path))
        return next(there, None)

    async def _carry(self, job: Job, older: Job, manuscript: Plan) -> bool:
        # In one order for all: two files may each take over from where the other one was.
        first, second = sorted((older.stem, job.stem))
        async with self._lock(first), self._lock(second, other=first):
            if self._ledger.jobs.get(older.id).state is not JobState.DONE:
                return False
            bring = await self._in_outbox(lambda: self._bringing(job, older, manuscript))
            if bring is None:
                return False
            if not self._begin(job, JobState.PLANNED):
                return True
            await self._begun(job, bring)
            about = fields(file=job.path, job=job.id)
            log.info(
                "%s keeps its narration: the words are the same", printable(job.path), extra=about
            )
            await self._finish(job, manuscript, older.duration_s, older)
            return True

    def _bringing(self, job: Job, older: Job, manuscript: Plan) -> Callable[[], object] | None:
        """What moves the files and writes their manifest anew; None where they are not whole."""
        if not publish.intact(self._outbox, older.stem):
            return None
        standing = manifests.read(self._outbox / (older.stem + MANIFEST_SUFFIX))
        if standing.source.sha256 != older.source_sha256:
            return None  # another source's narration stands there by now
        content = metadata.carried(job, older, manuscript, standing)
        if content is None:
            return None
        suffixes = metadata.suffixes(older, standing)
        return lambda: publish.move(self._outbox, older.stem, job.stem, suffixes, content)

    async def _publish_once(self, job: Job, manuscript: Plan, recorded: RenderedNarration) -> None:
        try:
            async with self._lock(job.stem):
                await self._publish(job, manuscript, recorded)
        finally:
            recorded.discard()

    async def _publish(self, job: Job, manuscript: Plan, recorded: RenderedNarration) -> None:
        cover = await self._desk.cover(manuscript, job)
        if not self._begin(job, JobState.SPEAKING):
            return
        await self._begun(job, lambda: self._issue(job, manuscript, recorded, cover))
        self._tell(await self._finish(job, manuscript, recorded.duration_s), manuscript)

    def _begin(self, job: Job, state: JobState) -> bool:
        """Enter that its files go into the outbox, which is then not stopped any more, or was so.

        False where the job was superseded or cancelled while it waited for its turn, or where
        after a restart a newer version was quicker.
        """
        current = self._ledger.jobs.get(job.id).state
        has_begun = current is JobState.PUBLISHING  # before a restart
        if not has_begun and current is not state:
            return False
        standing = self._ledger.jobs.published(job.path)
        if standing is not None and standing.id > job.id:
            self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="a newer version")
            return False
        if not has_begun:
            self._ledger.jobs.move(job, JobState.PUBLISHING)
        return True

    async def _begun(self, job: Job, bring: Callable[[], object]) -> None:
        """Bring its files; where that is refused and a newer version is there, this one ends."""
        try:
            await self._in_outbox(bring)
        except NarratedError:
            if not self._ledger.jobs.is_newest(job):
                self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="a newer version")
            raise
        self._remember_ground()

    def _issue(
        self, job: Job, manuscript: Plan, recorded: RenderedNarration, cover: bytes | None
    ) -> None:
        tag(recorded.audio, manuscript.edition.format, metadata.tags(job, manuscript, cover))
        prepared = recorded.prepared() + metadata.caption(manuscript, recorded.audio.parent)
        publish.publish(
            self._outbox,
            job.stem,
            prepared,
            lambda outputs: manifests.encode(metadata.manifest(job, manuscript, recorded, outputs)),
        )

    async def _finish(
        self, job: Job, manuscript: Plan, duration_s: float, older: Job | None = None
    ) -> Job:
        """Its files stand: all else is as it is to be before the ledger says so.

        What is not is done again after a kill. `older` is what it was carried from.
        """
        if not self._owes_note(job.path):
            self.forget_note(job)
        if older is None or (older.path == job.path and job.cause is JobCause.FOUND):
            await self._replace_moved(job)  # perhaps a copy from which the original is now gone
        with self._ledger.transaction():
            done = self._ledger.jobs.finish(job, duration_s)
            if older is not None and older.path != job.path:
                self._moved(older, job)
            parting = self._departures.let_go(job)
        try:
            if moved := self._moved_to(done):
                await self._take_out(done)
                self._moved(done, moved)
        finally:
            if parting is not None:
                await self._departures.send_off(parting, manuscript.shown)
        return done

    def _tell(self, job: Job, manuscript: Plan) -> None:
        took_s = max(0.0, job.changed_at - job.created_at)  # the clock may have been set back
        log.info(
            "%s is narrated: %.1f s of sound in %.1f s",
            printable(job.path),
            job.duration_s,
            took_s,
            extra=fields(
                file=job.path,
                job=job.id,
                engine=manuscript.plan.speakers["narrator"].engine,
                duration_s=round(took_s, 3),
                audio_s=round(job.duration_s, 3),
                rtf=round(took_s / job.duration_s, 4) if job.duration_s else None,
            ),
        )

    async def _replace_moved(self, job: Job) -> None:
        """What says the same from where the source was before makes way."""
        for older in self.moved_from(job):
            if older.stem != job.stem:
                await self._take_out(older)
            self._moved(older, job)

    def _moved(self, older: Job, job: Job) -> None:
        with self._ledger.transaction():
            if self._ledger.jobs.get(older.id).state is not JobState.DONE:
                return  # it was replaced in its own place meanwhile
            self._ledger.jobs.move(
                older, JobState.SUPERSEDED, problem=f"moved to {printable(job.path)}"
            )
            if self._ledger.sources.sha256(older.path) not in ("", older.source_sha256):
                self.on_lost(older.path)  # another file has come in its place
                return
            self._forget(older.path)
        if safe_read.exists(self._inbox, older.path):  # the same has come there again
            self.on_come_again(older.path)

    async def _note(self, job: Job, error: NarratedError) -> None:
        async with self._lock(job.stem):
            await self._on_disk(lambda: self._write_note(job, error))
            if self._ledger.jobs.get(job.id).state in ENDED and not self._owes_note(job.path):
                self.forget_note(job)

    def _owes_note(self, path: str) -> bool:
        """Whether a version of a file that came meanwhile has a note to leave."""
        current = self._ledger.jobs.current(path)
        return current is not None and current.state in (JobState.FAILED, JobState.WAITING)

    async def _withhold(self, job: Job, why: str) -> None:
        """Whoever published it: a version that this one superseded may have done so just now."""
        async with self._lock(job.stem):
            await self._in_outbox(lambda: self._clear(job))
            if standing := self._ledger.jobs.published(job.path):
                self._retracted(standing, why)
            for begun in self._ledger.jobs.unfinished(job.path):
                if begun.state is JobState.PUBLISHING:  # before a restart: else it had the lock
                    self._ledger.jobs.move(begun, JobState.SUPERSEDED, problem="a newer version")

    def _clear(self, job: Job) -> None:
        standing = manifests.standing(self._outbox / (job.stem + MANIFEST_SUFFIX))
        if standing is None:  # but perhaps an empty folder
            publish.tidy(self._outbox, job.stem)
        elif standing.source.path == job.path:
            publish.withdraw(self._outbox, job.stem, metadata.suffixes(job, standing))

    async def _withdraw(self, job: Job) -> None:
        async with self._lock(job.stem):
            if self._is_gone(job):  # else it came back, or a newer version took its place
                await self._take_out(job)
                is_back = not self._is_gone(job)
                with self._ledger.transaction():
                    self._retracted(job, "its source is gone")
                    if not is_back:
                        self._forget(job.path)
                if is_back:
                    self.on_come_again(job.path)

    def _forget(self, path: str) -> None:
        """Forget a file that is gone, unless a version of it is still being narrated."""
        if self._ledger.jobs.current(path) is None:
            self._ledger.sources.forget(path)

    def _is_gone(self, job: Job) -> bool:
        """Whether a narration stands and its source does not."""
        stands = self._ledger.jobs.get(job.id).state is JobState.DONE
        return stands and not self._ledger.sources.sha256(job.path)

    def _retracted(self, job: Job, why: str) -> None:
        self._ledger.jobs.move(job, JobState.REMOVED, problem=why)
        log.info("the narration of %s is withdrawn: %s", printable(job.path), why)

    async def _take_out(self, job: Job) -> None:
        await self._in_outbox(lambda: self._remove(job))

    def _remove(self, job: Job) -> None:
        """Remove what the manifest names, and nothing else that may lie there."""
        standing = manifests.standing(self._outbox / (job.stem + MANIFEST_SUFFIX))
        if standing is None:  # the user took it away already, or we did and were killed
            publish.tidy(self._outbox, job.stem)
        elif standing.source.sha256 == job.source_sha256:  # else another's stands there by now
            publish.withdraw(self._outbox, job.stem, metadata.suffixes(job, standing))

    def _lock(self, stem: str, *, other: str = "") -> asyncio.Lock:
        """The one lock of a stem; a lock of its own where the same stem is held already."""
        if stem == other:
            return asyncio.Lock()
        return self._locks.setdefault(stem, asyncio.Lock())

    async def _to_the_end(self, story: Coroutine[Any, Any, Value]) -> Value:
        move = asyncio.create_task(story)
        self._moves.add(move)
        move.add_done_callback(self._moves.discard)
        return await asyncio.shield(move)

    def _remember_ground(self) -> None:
        """Where narrations are from now on, lest what is below it be taken for it one day."""
        device = self._ground.check()
        if device != self._ground.device:
            self._ledger.host.record_device(OUTBOX, device)
            self._ground.device = device

    async def _in_outbox(self, call: Callable[[], Value]) -> Value:
        """Work on what is published, as long as it is the outbox that stands there."""

        def work() -> Value:
            self._ground.check()
            return call()

        return await self._on_disk(work)

    async def _on_disk(self, call: Callable[[], Value]) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._disk, call)
