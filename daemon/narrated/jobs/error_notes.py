"""Error notes: text files in the outbox that tell the user why a source is not narrated."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from narrated.disk_threads import ANSWER_S
from narrated.errors import NarratedError, StorageError
from narrated.jobs.outbox_scripts import OutboxScripts
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.job import ENDED, Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import notes, untrusted_reads
from narrated.outbox.unique_stems import ERROR_SUFFIX
from narrated.printable import printable

log = logging.getLogger("narrated")


class ErrorNotes:
    """Writes and removes the note of a job, at the place of its narration."""

    def __init__(self, ledger: Ledger, outbox: ShieldedOutboxChanges) -> None:
        self.scripts = OutboxScripts(ledger, outbox)
        """The scripts that wait for review; they go with the same jobs as the notes."""
        self._ledger = ledger
        self._outbox = outbox

    async def write(self, job: Job, error: NarratedError) -> None:
        """Write a note. Errors: StorageError."""
        await self._outbox.finish(self._write_in_turn(job, error))

    def write_soon(self, job: Job, error: NarratedError) -> None:
        """Write a note without waiting for it; a refused note is only logged."""
        self._outbox.start(self._write_or_log(job, error))

    async def remove(self, job: Job) -> None:
        """Remove a job's note; a note that the outbox keeps is removed later."""
        self._ledger.notes.dismiss(job.stem)
        self.scripts.follow(job.stem)
        await self._outbox.finish(self._remove_or_log(job.stem, job.path))

    def remove_soon(self, job: Job) -> None:
        """Remove a job's note once the open transaction is committed, or after a kill then."""
        self.remove_at_soon(job.stem, job.path)

    def remove_at_soon(self, stem: str, path: str) -> None:
        """Remove the note that a source may have under a stem, as `remove_soon` does."""
        self.scripts.follow(stem)
        if self._ledger.notes.may_stand(stem):
            self._ledger.notes.dismiss(stem)
            self._ledger.afterwards(lambda: self._start_removal(stem, path))

    def stands(self, job: Job) -> bool:
        """True if a job's note is in the outbox; called in a thread. Errors: StorageError."""
        return notes.note_stands(self._outbox.folder, job.stem + ERROR_SUFFIX)

    async def remove_unless_needed(self, job: Job, *, stands: bool) -> None:
        """Remove a job's note, unless a newer version of its source needs one.

        The caller holds the lock of the narration; `stands` as it was found meanwhile.
        """
        if (stands or self._ledger.notes.may_stand(job.stem)) and self._is_needless(job):
            self._ledger.notes.dismiss(job.stem)
            with self._logged(job.path):
                await self._remove_file(job.stem)

    async def remove_left(self) -> None:
        """Remove the notes that the outbox kept, or that a kill left. Errors: StorageError."""
        for stem in self._ledger.notes.leaving():
            await self._outbox.finish(self._remove(stem))

    def _start_removal(self, stem: str, path: str) -> None:
        self._outbox.start(self._remove_or_log(stem, path))

    def _is_needless(self, job: Job) -> bool:
        current = self._ledger.jobs.current(job.path)
        return current is None or current.state not in (JobState.FAILED, JobState.WAITING)

    async def _write_or_log(self, job: Job, error: NarratedError) -> None:
        try:
            await self._write_in_turn(job, error)
        except StorageError as refused:
            log_refused(job, refused)

    async def _write_in_turn(self, job: Job, error: NarratedError) -> None:
        async with self._outbox.lock(job.stem):
            self._ledger.notes.expect(job.stem)
            is_published = self._ledger.jobs.published(job.path) is not None
            await self._outbox.run_unguarded(lambda: self._write(job, error, is_published))
            has_ended = self._ledger.jobs.get(job.id).state in ENDED
            if has_ended and self._is_needless(job):
                self.remove_soon(job)

    async def _remove_or_log(self, stem: str, path: str) -> None:
        with self._logged(path):
            await self._remove(stem)

    async def _remove(self, stem: str) -> None:
        async with self._outbox.lock(stem):
            if self._ledger.notes.is_leaving(stem):  # otherwise a newer problem needs it
                await self._remove_file(stem)

    async def _remove_file(self, stem: str) -> None:
        remove = partial(notes.remove_note, self._outbox.folder, stem + ERROR_SUFFIX)
        await self._outbox.run(remove, patience_s=ANSWER_S)
        self._ledger.notes.forget(stem)

    @contextmanager
    def _logged(self, path: str) -> Iterator[None]:
        try:
            yield
        except StorageError as refused:
            log.warning("the note of %s could not be removed: %s", printable(path), refused)

    def _write(self, job: Job, error: NarratedError, is_published: bool) -> None:
        name = job.stem + ERROR_SUFFIX
        told = error.problem, error.remedy, job.path, now()
        text = notes.error_note(*told, is_published=is_published)
        self._outbox.mount_guard.check()
        if not self._is_written(name, text):
            notes.write_note(self._outbox.folder, name, text)

    def _is_written(self, name: str, text: str) -> bool:
        """True if the note differs only in its time: writing it again would only cause a sync."""
        written = (untrusted_reads.note(self._outbox.folder, name) or b"").decode(
            "utf-8", "replace"
        )
        return written.rpartition("\n\n")[0] == text.rpartition("\n\n")[0]


def now() -> datetime:
    """The local time with its offset from UTC."""
    return datetime.now(UTC).astimezone()


def log_refused(job: Job, refused: StorageError) -> None:
    """Log that a job's note could not be written."""
    log.warning("no note could be left for %s: %s", printable(job.path), refused)
