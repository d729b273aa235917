"""Error notes: text files in the outbox that tell the user why a source is not narrated."""

import logging

from narrated.errors import NarratedError, StorageError
from narrated.jobs import metadata
from narrated.jobs.outbox_access import OutboxAccess
from narrated.ledger.job import ENDED, Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import notes
from narrated.outbox.output_names import ERROR_SUFFIX
from narrated.printable import printable

log = logging.getLogger("narrated")


class ErrorNotes:
    """Writes and removes the note of a job, at the place of its narration."""

    def __init__(self, ledger: Ledger, outbox: OutboxAccess) -> None:
        self._ledger = ledger
        self._outbox = outbox

    async def write(self, job: Job, error: NarratedError) -> None:
        """Write a note in a thread. Errors: StorageError."""
        await self._outbox.finish(self._write_in_turn(job, error))

    def write_now(self, job: Job, error: NarratedError) -> None:
        """Write a note without a thread; a refused note is only logged."""
        try:
            self._write(job, error)
        except StorageError as refused:
            log_refused(job, refused)

    def remove(self, job: Job) -> None:
        """Remove a job's note; a failure is only logged."""
        try:
            self._outbox.mount_guard.check()
            notes.remove_note(self._outbox.folder, job.stem + ERROR_SUFFIX)
        except StorageError as refused:
            log.warning("the note of %s could not be removed: %s", printable(job.path), refused)

    def remove_unless_needed(self, job: Job) -> None:
        """Remove a job's note, unless a newer version of its source needs one."""
        current = self._ledger.jobs.current(job.path)
        if current is None or current.state not in (JobState.FAILED, JobState.WAITING):
            self.remove(job)

    async def _write_in_turn(self, job: Job, error: NarratedError) -> None:
        async with self._outbox.lock(job.stem):
            await self._outbox.run_unguarded(lambda: self._write(job, error))
            if self._ledger.jobs.get(job.id).state in ENDED:
                self.remove_unless_needed(job)

    def _write(self, job: Job, error: NarratedError) -> None:
        text = notes.error_note(error.problem, error.remedy, job.path, metadata.now())
        self._outbox.mount_guard.check()
        if not self._is_written(job, text):
            notes.write_note(self._outbox.folder, job.stem + ERROR_SUFFIX, text)

    def _is_written(self, job: Job, text: str) -> bool:
        """True if the note differs only in its time: writing it again would only cause a sync."""
        try:
            path = self._outbox.folder / (job.stem + ERROR_SUFFIX)
            written = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return written.rpartition("\n\n")[0] == text.rpartition("\n\n")[0]


def log_refused(job: Job, refused: StorageError) -> None:
    """Log that a job's note could not be written."""
    log.warning("no note could be left for %s: %s", printable(job.path), refused)
