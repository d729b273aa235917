"""The work that the last daemon left, however it ended: taken up at a start."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from narrated.errors import StorageError
from narrated.jobs.damaged_narrations import sweep_all
from narrated.ledger.job import OPEN, Job, JobReason, JobState
from narrated.outbox.open_folder import split
from narrated.service.app import App
from narrated.service.housekeeping.due_posts import DuePosts
from narrated.service.housekeeping.job_resumption import JobResumption

log = logging.getLogger("narrated")


@dataclass(eq=False)
class StartResumption:
    """Takes up open jobs, files half removed, and posts that are due meanwhile."""

    _app: App
    _enqueue: Callable[[Job], None]
    _waiting: JobResumption
    _due_posts: DuePosts

    async def run(self) -> None:
        """Take up all that is left. Errors: StorageError."""
        app = self._app
        await self._sweep()
        await app.disposal.remove_left_pictures()
        for script in await app.post_scripts.left_behind():
            await app.disposal.remove_left(script)
        await app.picture_jobs.recover(app.read_apart)
        app.notes.scripts.begin()
        async for jobs in app.ledger.jobs.pages(*OPEN):
            for job in jobs:
                self._enqueue(job)
        await self._waiting.resume(JobReason.ENGINE, JobReason.PARSER, JobReason.STORAGE)
        await self._due_posts.take_up_all()
        if app.config.reading.drafts == "narrate":
            app.requeues.begin_held()
        app.requeues.begin_unread()

    async def _sweep(self) -> None:
        """Remove unfinished files from the folders of unsettled jobs, and the old status note."""
        app, folders = self._app, {""}
        async for jobs in app.ledger.jobs.pages(*OPEN, JobState.WAITING, JobState.FAILED):
            folders |= {split(job.stem)[0] for job in jobs}
        try:
            await app.outbox_disk.run(sweep_all, app.config.outbox, folders)
        except StorageError as error:
            log.warning("%s", error)
