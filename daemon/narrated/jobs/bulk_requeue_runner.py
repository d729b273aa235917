"""Runs bulk requeues: gives many sources another job, in slices that leave the loop free."""

import asyncio
import logging
from typing import assert_never

from narrated.backoff import LEDGER_RETRY_S
from narrated.errors import StorageError
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.picture_captions import is_picture
from narrated.jobs.settings_and_lexicons import applies_by_place
from narrated.ledger.bulk_requeue_progress import BulkRequeue, RequeueKind
from narrated.ledger.job import JobCause
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path
from narrated.reading.reading_version import READING_VERSION

MOST_CREATED = 8
"""Jobs in one transaction: they hold the loop up for a few milliseconds."""
MOST_LOOKED_AT = 200
"""Sources that one slice looks at, if few of them need a job."""
ABSENT_S = 2.0
"""Time in which an absent post may be reported gone."""

OF_SETTINGS = (RequeueKind.CONSULTED, RequeueKind.PLACE)

log = logging.getLogger("narrated")


class BulkRequeueRunner:
    """Runs the ledger's requeues. Each slice is a transaction, and records how far it is."""

    def __init__(self, ledger: Ledger, jobs: JobCreator, inbox: AsyncInboxReader) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._inbox = inbox
        self._woken = asyncio.Event()
        self._running: set[int] = set()

    @property
    def is_idle(self) -> bool:
        """True if no requeue is under way."""
        return not self._ledger.requeues.all()

    def begin_settings(self, path: str, sha256: str) -> None:
        """Plan the posts again that a settings file or lexicon applies to, or applied to.

        `sha256` is that of its present version, empty if it is gone. In the caller's transaction.
        """
        self._ledger.requeues.add(RequeueKind.CONSULTED, path, sha256)
        if sha256 and applies_by_place(path):
            self._ledger.requeues.add(RequeueKind.PLACE, path, sha256)
        self._ledger.afterwards(self._woken.set)

    def begin_held(self) -> None:
        """Plan the drafts that are held back, since drafts are narrated. Errors: StorageError."""
        if self._ledger.held_back.count():
            self._ledger.requeues.add(RequeueKind.HELD, "")
            self._ledger.afterwards(self._woken.set)

    def begin_unread(self) -> None:
        """Try posts again that failed unread, once by each version of reading.

        Errors: StorageError.
        """
        if self._ledger.last_run.reading() < READING_VERSION:
            with self._ledger.transaction():
                self._ledger.last_run.record_reading(READING_VERSION)
                self._ledger.requeues.add(RequeueKind.UNREAD, "")
            self._woken.set()

    async def requeue(self, kind: RequeueKind, folder: str = "") -> list[str]:
        """Requeue at once; returns the paths that got a job. Errors: StorageError."""
        return await self._run(self._ledger.requeues.add(kind, folder))

    async def work(self) -> None:
        """Run requeues that begin, and those that a kill or the storage cut, until cancelled."""
        while True:
            self._woken.clear()
            try:
                for requeue in self._ledger.requeues.all():
                    if requeue.id not in self._running:
                        await self._run_and_tell(requeue)
            except StorageError as error:
                log.warning("%s", error)
                await asyncio.sleep(LEDGER_RETRY_S)
            else:
                await self._woken.wait()

    async def _run_and_tell(self, requeue: BulkRequeue) -> None:
        paths = await self._run(requeue)
        if paths and requeue.kind in OF_SETTINGS:
            what, about = "%s changed: %d files are planned again", fields(file=requeue.path)
            log.info(what, printable(requeue.path), len(paths), extra=about)

    async def _run(self, requeue: BulkRequeue) -> list[str]:
        paths: list[str] = []
        self._running.add(requeue.id)
        try:
            while current := self._ledger.requeues.get(requeue.id):
                paths += await self._slice(current)
                await asyncio.sleep(0)
        finally:
            self._running.discard(requeue.id)
        return paths

    async def _slice(self, requeue: BulkRequeue) -> list[str]:
        """Do the next part of a requeue; returns the paths that got a job."""
        posts, last = self._next(requeue)
        if requeue.kind in OF_SETTINGS:
            if len(await self._inbox.existing(posts)) < len(posts):
                # A folder may have gone with its settings: its posts are reported gone by then.
                # Others are absent with the whole inbox, and come back with it.
                await asyncio.sleep(ABSENT_S)
            posts, last = self._next(requeue)  # without those that were reported gone meanwhile
        with self._ledger.transaction():
            # A gallery waits until its folder is quiet, and is then planned with its own settings.
            due = [post for post in posts if post != requeue.path or not is_gallery_path(post)]
            created = [post for post in due if self._renew(requeue.kind, post)]
            if last:
                self._ledger.requeues.advance(requeue, last)
            else:
                self._ledger.requeues.end(requeue)
        return created

    def _renew(self, kind: RequeueKind, post: str) -> bool:
        match kind:
            case RequeueKind.REFRESH:
                return self._jobs.renew(post, JobCause.REFRESH) is not None
            case RequeueKind.CHECK:
                return self._jobs.check(post)
            case RequeueKind.RETRY | RequeueKind.UNREAD:
                return self._jobs.renew(post, JobCause.FOUND) is not None
            case RequeueKind.HELD:
                return bool(self._jobs.recreate_all([post], JobCause.FOUND))
            case _:
                return bool(self._jobs.recreate_all([post], JobCause.SETTINGS))

    def _next(self, requeue: BulkRequeue) -> tuple[list[str], str]:
        """Return the next sources that need a job, and where to go on; "" at the end."""
        jobs, consulted, after = self._ledger.jobs, self._ledger.consulted, requeue.after
        match requeue.kind:
            case RequeueKind.REFRESH | RequeueKind.CHECK:
                found = jobs.refreshable(requeue.path, after, MOST_CREATED)
                return found, _last(found, MOST_CREATED)
            case RequeueKind.RETRY:
                found = jobs.failed_paths(after, MOST_CREATED)
                return found, _last(found, MOST_CREATED)
            case RequeueKind.UNREAD:
                page = jobs.unread_paths(after, MOST_CREATED)
                posts = [path for path in page if not is_picture(path)]
                return posts, _last(page, MOST_CREATED)
            case RequeueKind.HELD:
                found = [
                    path for path, _ in self._ledger.held_back.first(MOST_CREATED, after=after)
                ]
                return found, _last(found, MOST_CREATED)
            case RequeueKind.CONSULTED:
                path, sha256 = requeue.path, requeue.sha256
                found = consulted.readers_of_other(path, sha256, after, MOST_CREATED)
                return consulted.planned_among(found), _last(found, MOST_CREATED)
            case RequeueKind.PLACE:
                page = consulted.sources_below(requeue.path, after, MOST_LOOKED_AT)
                upto = page[-1] if page else ""
                found = consulted.posts_without(requeue.path, after, upto, MOST_CREATED)
                return found, _last(found, MOST_CREATED) or _last(page, MOST_LOOKED_AT)
        assert_never(requeue.kind)


def _last(paths: list[str], most: int) -> str:
    """The last path of a full page; "" if nothing can follow it."""
    return paths[-1] if len(paths) >= most else ""
