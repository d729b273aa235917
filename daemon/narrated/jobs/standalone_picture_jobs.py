"""Pictures of posts: a picture has a job of its own only while no post shows it."""

from collections.abc import Iterable
from pathlib import Path

from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import JobFailed, Moved, PicturesReleased, PicturesShown
from narrated.jobs.job_factory import JobFactory
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.printable import printable
from narrated.reading.source_reader import PICTURES


class StandalonePictureJobs:
    """Ends the jobs of pictures that a post shows, and creates those of pictures it releases.

    A listener. `recover` repeats its work at the start, for events that a kill kept from it.
    """

    def __init__(self, ledger: Ledger, jobs: JobFactory, notes: ErrorNotes) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._notes = notes

    def on_shown(self, event: PicturesShown) -> None:
        """Supersede the failed and waiting jobs of pictures that a post shows."""
        self.supersede(event.pictures)

    def on_released(self, event: PicturesReleased) -> None:
        """Create jobs for pictures that a post shows no longer."""
        self.release(event.pictures)

    def on_failed(self, event: JobFailed) -> None:
        """Release the pictures of a post that failed before it was planned."""
        self.release_if_failed(event.job.path)

    def on_moved(self, event: Moved) -> None:
        """Release the pictures of a post that moved away, if a failed post took its place."""
        self.release_if_failed(event.older.path)

    def recover(self) -> None:
        """Derive the events that a kill kept from being delivered, and react to them.

        The daemon must have removed left pictures before: those are to leave, not to be narrated.
        """
        for job in self._ledger.jobs.in_state(JobState.FAILED):
            self.release_if_failed(job.path)
        for job in self._ledger.jobs.in_state(JobState.FAILED, JobState.WAITING):
            if job.source_sha256:  # an unreadable one is reported again by the first scan
                self.supersede_if_shown(job)
        left = self._ledger.pictures.left_behind()
        unclaimed = self._ledger.pictures.without_post_or_job()
        self.release(path for path in unclaimed if is_picture(path) and path not in left)

    def release(self, pictures: Iterable[str]) -> None:
        """Create jobs for those pictures in the inbox that no post shows, and that have none."""
        with self._ledger.transaction():
            for path in pictures:
                sha256 = self._ledger.sources.sha256(path)
                is_shown = self._ledger.pictures.posts_showing(path)
                if sha256 and not is_shown and not self._has_job(path, sha256):
                    self._jobs.create(path, sha256, 0, JobCause.FOUND)

    def release_if_failed(self, post: str) -> None:
        """Release a post's pictures if its newest version failed unplanned, and none is out."""
        with self._ledger.transaction():
            newest = self._ledger.jobs.history(post)[-1]
            has_failed = newest.state is JobState.FAILED and self._ledger.jobs.plan(newest) is None
            if has_failed and not self._is_published(post):
                pictures = self._ledger.pictures.of_post(post)
                self._ledger.pictures.record(post, {})
                self.release(pictures)

    def supersede(self, pictures: Iterable[str]) -> None:
        """Supersede the failed and waiting jobs of these pictures, if a post shows them.

        The narration of the post says what is wrong with them.
        """
        for path in pictures:
            for job in self._ledger.jobs.unfinished(path):
                if job.state in (JobState.FAILED, JobState.WAITING):
                    self.supersede_if_shown(job)

    def supersede_if_shown(self, job: Job) -> bool:
        """End the job of a picture, and remove its note, if a post shows it; True if so.

        A publication that has begun is finished instead: some of its files may be in the outbox.
        """
        if job.state is JobState.PUBLISHING or not is_picture(job.path):
            return False
        posts = self._ledger.pictures.posts_showing(job.path)
        if posts:
            problem = f"part of {printable(min(posts))}"
            self._ledger.jobs.move(job, JobState.SUPERSEDED, problem=problem)
            self._notes.remove(job)
        return bool(posts)

    def _has_job(self, path: str, sha256: str) -> bool:
        current = self._ledger.jobs.current(path)
        return current is not None and current.source_sha256 == sha256

    def _is_published(self, post: str) -> bool:
        """True if a narration of a post is in the outbox, or on its way there."""
        unfinished = self._ledger.jobs.unfinished(post)
        return self._ledger.jobs.published(post) is not None or any(
            job.state is JobState.PUBLISHING for job in unfinished
        )


def is_picture(path: str) -> bool:
    """True if a source is a picture, by its name."""
    return Path(path).suffix.lower() in PICTURES
