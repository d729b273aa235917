"""What leaves for the outbox: finished narrations, notes about failures, and what follows them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar
from weakref import WeakValueDictionary

from narrated.errors import NarratedError, StorageError
from narrated.inbox import after, files
from narrated.inbox.scan import Signature
from narrated.ledger.job import Cause, Job, State
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.narrate import label
from narrated.narrate.manuscript import Desk, Manuscript
from narrated.narrate.recording import Recorded
from narrated.outbox import manifest as manifests
from narrated.outbox import notes, publish
from narrated.outbox.manifest import MANIFEST_SUFFIX
from narrated.outbox.names import ERROR_SUFFIX
from narrated.outbox.tags import tag
from narrated.printable import printable

log = logging.getLogger("narrated")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class AfterNarration:
    """What becomes of a source in the inbox once its narration is published."""

    policy: Literal["keep", "archive", "delete"] = "keep"
    archive: Path | None = None


class Imprint:
    """Publishes, withdraws and annotates; one move at a time for each name in the outbox.

    A publication that has begun is finished even when its job is cancelled meanwhile, so that a
    newer version never races an older one for the same files.
    """

    def __init__(
        self, ledger: Ledger, desk: Desk, *, inbox: Path, outbox: Path, disk: Executor
    ) -> None:
        self._ledger = ledger
        self._desk = desk
        self._inbox = inbox
        self._outbox = outbox
        self._disk = disk
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._moves: set[asyncio.Task[Any]] = set()
        self.after = AfterNarration()
        self.on_taken_away: Callable[[str], None] = lambda path: None
        """Called with a source that we took out of the inbox ourselves, or took for gone."""

    @property
    def disposes(self) -> bool:
        """Whether a source leaves the inbox once it is narrated."""
        return self.after.policy != "keep"

    async def carry(self, job: Job, manuscript: Manuscript) -> bool:
        """Take over a narration that already says these words: of this source, or of a moved one.

        True when the job is done by it, without speech.
        """
        for older in self._candidates(job):
            if older.narration == manuscript.narration:
                carried = await self._to_the_end(self._carry(job, older, manuscript))
                if carried:
                    return True
        return False

    async def publish(self, job: Job, manuscript: Manuscript, recorded: Recorded) -> None:
        """Tag the sound and bring all its files into the outbox; the job is done."""
        await self._to_the_end(self._publish_once(job, manuscript, recorded))

    async def withdraw(self, job: Job) -> None:
        """Take a narration out of the outbox, because its source is gone for good."""
        await self._to_the_end(self._withdraw(job))

    async def withhold(self, job: Job, why: str) -> None:
        """Take out what stands of a source that stays and is not to be narrated."""
        await self._to_the_end(self._withhold(job, why))

    async def note(self, job: Job, error: NarratedError) -> None:
        """Leave a note beside where the narration would stand."""
        await self._on_disk(lambda: self.note_now(job, error))

    def note_now(self, job: Job, error: NarratedError) -> None:
        """The same without a thread of its own, where only a note is at stake."""
        text = notes.error_note(error.problem, error.remedy, job.path, label.now())
        if self._says_the_same(job, text):
            return
        try:
            notes.write_note(self._outbox, job.stem + ERROR_SUFFIX, text)
        except StorageError as refused:
            log.warning("no note could be left for %s: %s", printable(job.path), refused)

    def _says_the_same(self, job: Job, text: str) -> bool:
        """Whether the note there differs in its time alone: a synced folder is not stirred then."""
        try:
            standing = (self._outbox / (job.stem + ERROR_SUFFIX)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return standing.rpartition("\n\n")[0] == text.rpartition("\n\n")[0]

    def forget_note(self, job: Job) -> None:
        try:
            notes.remove_note(self._outbox, job.stem + ERROR_SUFFIX)
        except StorageError as refused:
            log.warning("the note of %s could not be removed: %s", printable(job.path), refused)

    async def settle(self) -> None:
        """Wait until nothing is half published."""
        while self._moves:
            await asyncio.wait(set(self._moves))

    def _candidates(self, job: Job) -> list[Job]:
        """The narration of this path that stands, then those of moved sources of this content."""
        standing = self._ledger.published(job.path)
        return ([standing] if standing else []) + self.moved_from(job)

    def moved_from(self, job: Job) -> list[Job]:
        """Published jobs of the same content whose source is no longer where it was.

        None where the inbox itself may be away; and never one that we took out of it ourselves.
        """
        moved = [
            older
            for older in self._ledger.published_alike(job.source_sha256)
            if older.path != job.path and not files.exists(self._inbox, older.path)
        ]
        # Asked after the look: the inbox may go in between.
        return moved if files.exists(self._inbox, job.path) else []

    async def _carry(self, job: Job, older: Job, manuscript: Manuscript) -> bool:
        # In one order for all: two files may each take over from where the other one was.
        first, second = sorted((older.stem, job.stem))
        async with self._lock(first), self._lock(second, other=first):
            if self._ledger.job(older.id).state is not State.DONE:
                return False
            if not await self._on_disk(lambda: self._bring(job, older, manuscript)):
                return False
            is_wanted = self._finished(job, manuscript, older.duration_s)
            if older.path != job.path:
                self._moved(older, job)
            if not is_wanted:
                return True
            self.forget_note(job)
            if (
                older.path == job.path and job.cause is Cause.FOUND
            ):  # perhaps the copy from which the original is now gone
                await self._replace_moved(job)
            about = fields(file=job.path, job=job.id)
            log.info(
                "%s keeps its narration: the words are the same", printable(job.path), extra=about
            )
            await self._dispose(job, manuscript)
            return True

    def _bring(self, job: Job, older: Job, manuscript: Manuscript) -> bool:
        """Move the files and write their manifest anew; False where they are not whole."""
        if not publish.intact(self._outbox, older.stem):
            return False
        standing = manifests.read(self._outbox / (older.stem + MANIFEST_SUFFIX))
        if standing.source.sha256 != older.source_sha256:
            return False  # another source's narration stands there by now
        content = label.carried(job, older, manuscript, standing)
        if content is None:
            return False
        publish.move(self._outbox, older.stem, job.stem, label.suffixes(older, standing), content)
        return True

    async def _publish_once(self, job: Job, manuscript: Manuscript, recorded: Recorded) -> None:
        try:
            async with self._lock(job.stem):
                await self._publish(job, manuscript, recorded)
        finally:
            recorded.discard()

    async def _publish(self, job: Job, manuscript: Manuscript, recorded: Recorded) -> None:
        if self._ledger.job(job.id).state is not State.SPEAKING:
            return  # superseded or cancelled while it waited for its turn
        job = self._ledger.move(job, State.PUBLISHING)
        cover = await self._desk.cover(manuscript, job)
        await self._on_disk(lambda: self._issue(job, manuscript, recorded, cover))
        if self._finished(job, manuscript, recorded.duration_s):
            self._tell(self._ledger.job(job.id), manuscript)
            self.forget_note(job)
            await self._replace_moved(job)
            await self._dispose(job, manuscript)

    def _finished(self, job: Job, manuscript: Manuscript, duration_s: float) -> bool:
        """Note what stands in the outbox now; whether it is still wanted.

        A job that was superseded or removed meanwhile is done all the same, until the next one is:
        else the ledger would hold what was there before for what is there.
        """
        is_wanted = self._ledger.job(job.id).is_open
        self._ledger.finish(job, duration_s, b"" if is_wanted else manuscript.packed())
        return is_wanted

    def _issue(
        self, job: Job, manuscript: Manuscript, recorded: Recorded, cover: bytes | None
    ) -> None:
        tag(recorded.audio, manuscript.edition.format, label.tags(job, manuscript, cover))
        prepared = recorded.prepared() + label.caption(manuscript, recorded.audio.parent)
        publish.publish(
            self._outbox,
            job.stem,
            prepared,
            lambda outputs: manifests.encode(label.manifest(job, manuscript, recorded, outputs)),
        )

    def _tell(self, job: Job, manuscript: Manuscript) -> None:
        took_s = job.changed_at - job.created_at
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
            if self._ledger.job(older.id).state is not State.DONE:
                return  # it was replaced in its own place meanwhile
            self._ledger.move(older, State.SUPERSEDED, problem=f"moved to {printable(job.path)}")
            if self._ledger.source_sha256(older.path) not in ("", older.source_sha256):
                return  # another file has come in its place
            self._forget(older.path)
        if files.exists(self._inbox, older.path):  # the same has come there again
            self.on_taken_away(older.path)

    async def _dispose(self, job: Job, manuscript: Manuscript) -> None:
        """Archive or delete the source, and the pictures that only it shows, if that is wished."""
        if not self.disposes:
            return
        for path in (job.path, *manuscript.shown):
            signature = self._ledger.signature(path)
            if signature is None or self._ledger.shown_by(path).keys() - {job.path}:
                continue
            await self._send_off(path, signature, self._ledger.source_sha256(path))

    async def _send_off(self, path: str, signature: Signature, sha256: str) -> None:
        # Let go of before it is gone: never to be held for one that the user took or moved.
        self._ledger.let_go(path, signature)
        try:
            await self._on_disk(partial(self._take_away, path, signature))
            self.on_taken_away(path)
        except NarratedError as error:
            log.warning("%s stays in the inbox: %s", printable(path), error)
            if self._ledger.signature(path) is None:  # else a newer version has come
                self._ledger.see(path, signature, sha256)

    def _take_away(self, path: str, signature: Signature) -> None:
        if self.after.policy == "delete":
            after.delete(self._inbox, path, signature)
        elif self.after.archive is not None:
            after.archive(self._inbox, path, signature, self.after.archive)

    async def _withhold(self, job: Job, why: str) -> None:
        """Whoever published it: a version that this one superseded may have done so just now."""
        async with self._lock(job.stem):
            await self._on_disk(lambda: self._clear(job))
            if standing := self._ledger.published(job.path):
                self._retracted(standing, why)

    def _clear(self, job: Job) -> None:
        try:
            standing = manifests.read(self._outbox / (job.stem + MANIFEST_SUFFIX))
        except StorageError:
            return  # nothing stands there
        if standing.source.path == job.path:
            publish.withdraw(self._outbox, job.stem, label.suffixes(job, standing))

    async def _withdraw(self, job: Job) -> None:
        async with self._lock(job.stem):
            if self._is_gone(job):  # else it came back, or a newer version took its place
                await self._take_out(job)
                is_back = not self._is_gone(job)
                self._retracted(job, "its source is gone")
                if is_back:
                    self.on_taken_away(job.path)
                else:
                    self._forget(job.path)

    def _forget(self, path: str) -> None:
        """Forget a file that is gone, unless a version of it is still being narrated."""
        if self._ledger.current(path) is None:
            self._ledger.forget(path)

    def _is_gone(self, job: Job) -> bool:
        """Whether a narration stands and its source does not."""
        stands = self._ledger.job(job.id).state is State.DONE
        return stands and not self._ledger.source_sha256(job.path)

    def _retracted(self, job: Job, why: str) -> None:
        self._ledger.move(job, State.REMOVED, problem=why)
        log.info("the narration of %s is withdrawn: %s", printable(job.path), why)

    async def _take_out(self, job: Job) -> None:
        await self._on_disk(lambda: self._remove(job))

    def _remove(self, job: Job) -> None:
        """Remove what the manifest names, and nothing else that may lie there."""
        try:
            standing = manifests.read(self._outbox / (job.stem + MANIFEST_SUFFIX))
        except StorageError:
            return  # the user took it away already
        if standing.source.sha256 != job.source_sha256:
            return  # another source's narration stands there by now
        publish.withdraw(self._outbox, job.stem, label.suffixes(job, standing))

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

    async def _on_disk(self, call: Callable[[], Value]) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._disk, call)
