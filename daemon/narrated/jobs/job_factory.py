"""Creates jobs: at most one open version of a source, and one name in the outbox for good."""

from collections.abc import Iterable
from pathlib import Path

from narrated.inbox import safe_read
from narrated.jobs.events import EventDispatcher, JobReady, JobStopped
from narrated.ledger.job import Job, JobCause, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import output_names


class JobFactory:
    """Enters jobs into the ledger, and publishes them as ready."""

    def __init__(self, ledger: Ledger, events: EventDispatcher, inbox: Path) -> None:
        self._ledger = ledger
        self._events = events
        self._inbox = inbox

    def create(self, path: str, sha256: str, size_bytes: int, cause: JobCause) -> Job:
        """Create the job of a new version; older versions are superseded and stopped."""
        with self._ledger.transaction():
            self._stop_older(path)
            stem = self._stem(path, sha256)
            job = self._ledger.jobs.add(path, sha256, size_bytes, stem, cause=cause)
            self._events.publish(JobReady(job))
        return job

    def recreate(self, path: str, cause: JobCause) -> Job | None:
        """Create another job for the present version; None if its source is gone or unknown."""
        sha256 = self._ledger.sources.sha256(path)
        current = self._ledger.jobs.current(path)
        if not sha256 or current is None:
            return None
        return self.create(path, sha256, current.size_bytes, cause)

    def recreate_all(self, posts: Iterable[str], cause: JobCause) -> list[Job]:
        """Create another job for each post, except for those deleted with their folder."""
        return [self._recreate(post, cause) for post in posts if self._exists(post)]

    def create_unreadable(self, path: str, size_bytes: int, problem: str, remedy: str) -> Job:
        """Create a job that waits until its source may be read."""
        with self._ledger.transaction():
            self._stop_older(path)
            return self._ledger.jobs.add(
                path,
                "",
                size_bytes,
                self._stem(path, ""),
                state=JobState.WAITING,
                reason=JobReason.UNREADABLE,
                problem=problem,
                remedy=remedy,
            )

    def _recreate(self, path: str, cause: JobCause) -> Job:
        newest = self._ledger.jobs.history(path)[-1]  # even one with `narrate: false`
        return self.create(path, self._ledger.sources.sha256(path), newest.size_bytes, cause)

    def _stop_older(self, path: str) -> None:
        for job in self._ledger.jobs.stoppable(path):
            self._events.publish(JobStopped(job))

    def _exists(self, path: str) -> bool:
        return safe_read.exists(self._inbox, path)

    def _stem(self, path: str, sha256: str) -> str:
        """Return the name in the outbox that belongs to a source, or assign one."""
        if stem := self._ledger.stems.of_source(path):
            return stem
        stem = output_names.stem(path, lambda folded: self._is_taken(folded, path, sha256))
        folded = output_names.fold(stem)
        with self._ledger.transaction():
            if owner := self._ledger.stems.owner(folded):
                self._ledger.stems.release(owner)  # the source moved here and keeps its name
            self._ledger.stems.assign(path, stem, folded)
        return stem

    def _is_taken(self, folded: str, path: str, sha256: str) -> bool:
        """True if another source owns a name, unless that source has moved to this path."""
        owner = self._ledger.stems.owner(folded)
        if owner is None:
            return False
        has_moved = any(job.path == owner for job in self._ledger.jobs.published_alike(sha256))
        # Look at the new path last: the whole inbox may be absent.
        return not (has_moved and not self._exists(owner) and self._exists(path))
