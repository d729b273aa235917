"""Pictures of posts: a picture has a job of its own only while no post shows it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.picture_captions import is_picture
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path

PODCAST_COVER = "the podcast's cover"
Read = Callable[[Callable[[Ledger], list[str]]], Awaitable[list[str]]]


class StandalonePictureJobs:
    """Ends the jobs of pictures that a post shows, and creates those of pictures it releases.

    The daemon calls it at events. `recover` repeats its work at the start, for events that a kill
    kept from being delivered.
    """

    def __init__(self, ledger: Ledger, jobs: JobCreator, notes: ErrorNotes) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._notes = notes
        self._cover = ""
        """The inbox path of the podcast's cover, if the configuration names one of the inbox."""

    def follow_cover(self, path: str) -> None:
        """Take over the podcast's cover of another configuration."""
        before, self._cover = self._cover, path
        if before and before != path:
            self.release([before])

    async def recover(self, read: Read) -> None:
        """Derive the events that a kill kept from being delivered, and react to them.

        `read` runs a long query. The daemon must have removed left pictures before: those are to
        leave, not to be narrated.
        """
        async for jobs in self._ledger.jobs.pages(JobState.FAILED):
            for job in jobs:
                self.release_if_failed(job.path)
        async for jobs in self._ledger.jobs.pages(JobState.FAILED, JobState.WAITING):
            for job in jobs:
                if job.source_sha256:  # an unreadable one is reported again by the first scan
                    self.supersede_if_shown(job)
        for picture in await read(_unclaimed):
            self.release([picture])
            await asyncio.sleep(0)

    def release(self, pictures: Iterable[str]) -> None:
        """Create jobs for those pictures in the inbox that no post shows, and that have none."""
        with self._ledger.transaction():
            for path in pictures:
                sha256 = self._ledger.sources.sha256(path)
                is_shown = bool(self._shown_by(path))
                current = self._ledger.jobs.current(path)
                has_job = current is not None and current.source_sha256 == sha256
                if sha256 and not is_shown and not has_job:
                    self._jobs.create(path, sha256, 0, JobCause.FOUND)

    def release_if_failed(self, post: str) -> None:
        """Release a post's pictures if its newest version failed unplanned, and none is out.

        Those of a gallery stay with it: what is wrong are the settings, which are theirs as well.
        """
        if is_gallery_path(post):
            return
        with self._ledger.transaction():
            newest = self._ledger.jobs.history(post)[-1]
            has_failed = newest.state is JobState.FAILED and self._ledger.jobs.plan(newest) is None
            unfinished = self._ledger.jobs.unfinished(post)
            is_publishing = any(job.state is JobState.PUBLISHING for job in unfinished)
            is_out = is_publishing or self._ledger.jobs.published(post) is not None
            if has_failed and not is_out:
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
        """End the job of a picture, and remove its note, if it is shown; True if so.

        A publication that has begun is finished instead: some of its files may be in the outbox.
        """
        if job.state is JobState.PUBLISHING or not is_picture(job.path):
            return False
        problem = self._shown_by(job.path)
        if problem:
            with self._ledger.transaction():
                self._ledger.jobs.move(job, JobState.SUPERSEDED, problem=problem)
                self._notes.remove_soon(job)
        return bool(problem)

    def _shown_by(self, picture: str) -> str:
        """Say where a picture is shown: by a post, or as the podcast's cover; empty if nowhere."""
        if picture == self._cover:
            return PODCAST_COVER
        posts = self._ledger.pictures.posts_showing(picture)
        return f"part of {printable(min(posts))}" if posts else ""


def _unclaimed(ledger: Ledger) -> list[str]:
    left = ledger.pictures.left_behind()
    unclaimed = ledger.pictures.without_post_or_job()
    return [path for path in unclaimed if is_picture(path) and path not in left]
