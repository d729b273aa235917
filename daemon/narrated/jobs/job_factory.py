"""Where new jobs are entered: one open version a source, one name in the outbox for good."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from narrated.inbox import safe_read
from narrated.ledger.job import Job, JobCause, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import output_names


class JobFactory:
    """Enters jobs into the ledger; `cancel` stops the older version that is under way."""

    def __init__(self, ledger: Ledger, inbox: Path, cancel: Callable[[Job], None]) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._cancel = cancel

    def new(self, path: str, sha256: str, size_bytes: int, cause: JobCause) -> Job:
        """A new version of a source, to be done."""
        older = self._ledger.jobs.stoppable(path)
        with self._ledger.transaction():
            stem = self._stem(path, sha256)
            job = self._ledger.jobs.add(path, sha256, size_bytes, stem, cause=cause)
        self._stop(older)
        return job

    def again(self, path: str, cause: JobCause) -> Job | None:
        """The version that is there once more, for a reason other than its content.

        None where the source is gone or was never taken.
        """
        sha256 = self._ledger.sources.sha256(path)
        current = self._ledger.jobs.current(path)
        if not sha256 or current is None:
            return None
        return self.new(path, sha256, current.size_bytes, cause)

    def planned_anew(self, posts: Iterable[str], cause: JobCause) -> list[Job]:
        """The versions that are there once more; none of a post that went with its folder."""
        return [self._anew(post, cause) for post in posts if safe_read.exists(self._inbox, post)]

    def unreadable(self, path: str, size_bytes: int, problem: str, remedy: str) -> Job:
        """A version that waits for its rights to be mended."""
        older = self._ledger.jobs.stoppable(path)
        with self._ledger.transaction():
            job = self._ledger.jobs.add(
                path,
                "",
                size_bytes,
                self._stem(path, ""),
                state=JobState.WAITING,
                reason=JobReason.UNREADABLE,
                problem=problem,
                remedy=remedy,
            )
        self._stop(older)
        return job

    def _anew(self, path: str, cause: JobCause) -> Job:
        last = self._ledger.jobs.history(path)[-1]  # perhaps one that was not to be narrated
        return self.new(path, self._ledger.sources.sha256(path), last.size_bytes, cause)

    def _stop(self, older: Iterable[Job]) -> None:
        """Only once the ledger knows the newer one: what it refused changes nothing."""
        for job in older:
            self._ledger.afterwards(partial(self._cancel, job))

    def _stem(self, path: str, sha256: str) -> str:
        """The name in the outbox that belongs to this source for good."""
        if stem := self._ledger.stems.of_source(path):
            return stem
        stem = output_names.stem(path, lambda folded: self._is_taken(folded, path, sha256))
        folded = output_names.fold(stem)
        with self._ledger.transaction():
            if holder := self._ledger.stems.owner(folded):
                self._ledger.stems.release(holder)  # it moved here, and brings its name along
            self._ledger.stems.assign(path, stem, folded)
        return stem

    def _is_taken(self, folded: str, path: str, sha256: str) -> bool:
        holder = self._ledger.stems.owner(folded)
        if holder is None:
            return False
        alike = self._ledger.jobs.published_alike(sha256)
        has_moved = any(job.path == holder for job in alike)
        is_gone = has_moved and not safe_read.exists(self._inbox, holder)
        return not (
            is_gone and safe_read.exists(self._inbox, path)
        )  # else the inbox itself is away
