"""Ingest: turns the inbox's events into jobs."""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial

from narrated.errors import SourceUnreadable, StorageError
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.inbox.events import (
    ConflictCopyFound,
    ConflictCopyGone,
    Event,
    FileIgnored,
    FileReady,
    FileUnreadable,
    FileVanished,
    RootFound,
    RootLost,
    ScanFinished,
    WatchLost,
    WatchRegained,
)
from narrated.inbox.name_rules import NameKind, judge_path
from narrated.jobs.bulk_requeue_runner import BulkRequeueRunner
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher, FolderSettingsChanged, JobReady, JobStopped
from narrated.jobs.gallery_updates import GalleryUpdates
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.post_scripts import PostScripts
from narrated.jobs.source_disposal import SourceDisposal
from narrated.jobs.standalone_picture_jobs import StandalonePictureJobs
from narrated.jobs.stem_assignment import StemAssignment
from narrated.ledger.job import Job, JobCause, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.printable import printable
from narrated.reading.file_kinds import FOLDER_SETTINGS, FileKind, file_kind, is_gallery_path

MOST_WITHDRAWN = 16
MOVE_WINDOW_S = 60.0
"""If a copy came at most this long before its original went, both together were a move."""

log = logging.getLogger("narrated")


@dataclass(slots=True)
class InboxStatus:
    """The state of the inbox, without its jobs."""

    root_problem: str = ""
    watch_problem: str = ""
    conflicts: set[str] = field(default_factory=set)
    conflict_changes: int = 0
    """Rises with each copy that comes or goes."""
    files: int = 0
    other: dict[str, int] = field(default_factory=dict)
    """Files of no kind that is read, counted by suffix."""
    ignored: int = 0
    """Files and whole folders that a rule ignores."""
    rule_problems: tuple[str, ...] = ()
    """The rules of `.narratedignore` files that are not applied, in words."""
    scanned: bool = False

    @property
    def is_known(self) -> bool:
        """True if the whole inbox was scanned once, or found absent."""
        return self.scanned or bool(self.root_problem)

    def begin_again(self) -> None:
        """Forget what an inbox reported that another has replaced: it reports that itself.

        A lost root counts as lost until the new inbox has found it and scanned it.
        """
        self.conflicts.clear()
        self.watch_problem = ""
        self.scanned = False

    def add_conflict(self, path: str) -> None:
        """Note a conflicting copy."""
        self.conflicts.add(path)
        self.conflict_changes += 1

    def drop_conflict(self, path: str) -> None:
        """Forget a path that may be one of a conflicting copy."""
        if path in self.conflicts:
            self.conflicts.discard(path)
            self.conflict_changes += 1


@dataclass(eq=False)
class Ingest:
    """Applies the inbox's events to the ledger, in the daemon's event loop."""

    _ledger: Ledger
    _jobs: JobCreator
    _pictures: StandalonePictureJobs
    _notes: ErrorNotes
    _disposal: SourceDisposal
    _events: EventDispatcher
    _inbox: AsyncInboxReader
    _requeues: BulkRequeueRunner
    _stems: StemAssignment
    _galleries: GalleryUpdates
    _scripts: PostScripts
    status: InboxStatus = field(default_factory=InboxStatus)
    has_vanished: bool = False
    """A file was reported gone: a job that waits for an absent one may go on without it."""

    async def look(self, event: Event) -> Callable[[], None]:
        """Look at the inbox as far as an event asks for it; the result applies it to the ledger."""
        gallery = await self._galleries.of_event(event)
        is_script = await self._scripts.of_event(event)
        try:
            moved = await self.moved_to(event)
        except StorageError:  # then it has no old name to keep
            moved = set()
        return partial(self.take, event, moved, gallery, is_script=is_script)

    async def moved_to(self, event: Event) -> set[str]:
        """Return the sources that have moved to the path of a new file, for `take`."""
        if not isinstance(event, FileReady):
            return set()
        origins = self._stems.possible_origins(event.path, event.sha256)
        moved = set(origins) - await self._inbox.existing(origins)
        # Look at the new path last: the whole inbox may be absent.
        return moved if moved and await self._inbox.exists(event.path) else set()

    def take(
        self,
        event: Event,
        moved: Collection[str] = (),
        gallery: str = "",
        *,
        is_script: bool = False,
    ) -> None:
        """Apply one event; `moved` as `moved_to` found it.

        `gallery`: the one that the event changes, as `GalleryUpdates.of_event` found it.
        `is_script`: its file begins as a script file, as `PostScripts.of_event` found it.
        """
        if gallery:
            with self._ledger.transaction():
                self._galleries.note(gallery, event)
                self._apply(event, moved, is_in_gallery=True)
                if event == FileVanished(gallery):
                    self._file_vanished(gallery)
        else:
            self._apply(event, moved, is_script=is_script)

    def _apply(
        self,
        event: Event,
        moved: Collection[str],
        *,
        is_in_gallery: bool = False,
        is_script: bool = False,
    ) -> None:
        match event:
            case FileReady() | FileVanished() | FileUnreadable() if _is_setting(event.path):
                self._override_changed(event)
            case FileReady(path) if self._disposal.departed.holds(path, event.signature):
                log.debug("%s leaves the inbox, and is not found again", printable(path))
            case FileReady():
                self._file_ready(event, moved, is_in_gallery, is_script)
            case FileUnreadable():
                self._file_unreadable(event)
            case FileVanished(path):
                self._file_vanished(path)
            case FileIgnored(path):
                self._file_ignored(path)
            case ConflictCopyFound(path):
                about = fields(file=path)
                log.warning("%s is a sync conflict and is not read", printable(path), extra=about)
                self.status.add_conflict(path)
            case ConflictCopyGone(path):
                self.status.drop_conflict(path)
            case _:
                self._update_status(event)
        self.has_vanished |= isinstance(event, FileVanished)

    def withdraw_due(
        self, withdraw_after_s: float, after: tuple[float, str] | None
    ) -> tuple[list[Job], tuple[float, str] | None]:
        """Return the next published jobs whose source has been gone for that long.

        And where to go on; None at the end. Returns none before the first whole scan, or while the
        inbox is absent.
        """
        if self.status.root_problem or not self.status.scanned:
            return [], None
        before = time.time() - withdraw_after_s
        gone = self._ledger.sources.gone_between(after, before, MOST_WITHDRAWN)
        published = [self._ledger.jobs.published(path) for _, path in gone]
        is_moving = self._ledger.jobs.is_moving  # its new path withdraws it, once it is published
        jobs = [job for job in published if job is not None and not is_moving(job)]
        return jobs, gone[-1] if len(gone) == MOST_WITHDRAWN else None

    def _update_status(self, event: Event) -> None:
        match event:
            case RootLost(reason):
                log.error("%s Nothing is withdrawn meanwhile.", reason)
                self.status.root_problem = reason
                self.status.scanned = False  # only a new scan tells which files are gone
            case RootFound():
                self._root_found()
            case WatchLost(reason):
                self.status.watch_problem = f"inotify cannot watch the inbox: {reason}"
                log.warning("%s; it is scanned instead", self.status.watch_problem)
            case WatchRegained():
                log.info("inotify watches the inbox again")
                self.status.watch_problem = ""
            case ScanFinished(count, seconds):
                log.debug("%d files scanned in %.2f s", count, seconds)
                self._root_found()  # an inbox that is new since the loss reports no return
                self.status.files = count
                self.status.other, self.status.ignored = dict(event.other), event.ignored
                self._set_rule_problems(event.rule_problems)
                self.status.scanned = True
                self._disposal.departed.scan_ended()

    def _root_found(self) -> None:
        if self.status.root_problem:
            log.info("the inbox can be read again")
            self.status.root_problem = ""

    def _set_rule_problems(self, problems: tuple[str, ...]) -> None:
        for problem in problems:
            if problem not in self.status.rule_problems:
                log.warning("%s", problem)
        self.status.rule_problems = problems

    def _file_ready(
        self, event: FileReady, moved: Collection[str], is_in_gallery: bool, is_script: bool
    ) -> None:
        with self._ledger.transaction():
            self._ledger.sources.record(event.path, event.signature, event.sha256)
            posts = self._ledger.pictures.posts_showing(event.path)
            for post, sha256 in posts.items():
                if sha256 != event.sha256:
                    self._picture_changed(post)
            if posts:
                self._pictures.supersede([event.path])
            elif is_in_gallery:
                pass  # it waits until its folder is quiet
            elif not self._scripts.take_ready(event.path, is_script):
                self._create_version(event, moved)

    def _picture_changed(self, post: str) -> None:
        """Plan a post again that shows a picture; a folder's settings have their show's cover."""
        if _is_setting(post):
            self._events.publish(FolderSettingsChanged(post))
        else:
            self._jobs.recreate(post, JobCause.PICTURE)

    def _create_version(self, event: FileReady, moved: Collection[str]) -> None:
        """Create a job for new content, or for known content that may succeed now."""
        current = self._ledger.jobs.current(event.path)
        is_known = current is not None and current.source_sha256 == event.sha256
        if current is None or not is_known or self._is_worth_another(current):
            size_bytes = event.signature.size
            self._jobs.create(event.path, event.sha256, size_bytes, JobCause.FOUND, moved)
        elif current.state is JobState.QUEUED:
            self._events.publish(JobReady(current))
        elif current.state is JobState.DONE:
            self._jobs.resume_check(current)

    def _is_worth_another(self, job: Job) -> bool:
        """True if a job may succeed now, or if its published source is to leave the inbox."""
        if job.state is JobState.WAITING:
            return job.reason in (JobReason.ABSENT, JobReason.UNREADABLE)
        return job.state is JobState.FAILED or (
            job.state is JobState.DONE and self._disposal.disposes
        )

    def _override_changed(self, event: FileReady | FileVanished | FileUnreadable) -> None:
        """Plan the posts again that a folder's settings or a lexicon apply to."""
        path = event.path
        if isinstance(event, FileUnreadable):
            log.warning("%s %s", event.problem, event.remedy, extra=fields(file=path))
            return
        sha256 = event.sha256 if isinstance(event, FileReady) else ""
        with self._ledger.transaction():
            if isinstance(event, FileReady):
                self._ledger.sources.record(path, event.signature, sha256)
            else:
                self._ledger.sources.mark_gone(path)
            self._requeues.begin_settings(path, sha256)
            if path.rpartition("/")[2] == FOLDER_SETTINGS:
                self._events.publish(FolderSettingsChanged(path))

    def _file_unreadable(self, event: FileUnreadable) -> None:
        job = self._jobs.create_unreadable(
            event.path, event.signature.size, event.problem, event.remedy
        )
        about = fields(file=event.path, job=job.id)
        log.warning("%s waits: %s", printable(event.path), event.problem, extra=about)
        self._notes.write_soon(job, SourceUnreadable(event.problem, event.remedy))

    def _file_vanished(self, path: str) -> None:
        log.debug("%s is gone from the inbox", printable(path))
        self.status.drop_conflict(path)
        with self._ledger.transaction():
            self._ledger.sources.mark_gone(path)
            for job in filter(self._is_pointless, self._ledger.jobs.stoppable(path)):
                self._ledger.jobs.move(job, JobState.REMOVED, problem="its source is gone")
                self._notes.remove_soon(job)
                self._events.publish(JobStopped(job))
            self._follow_move(path)
            self._scripts.take_gone(path)
            if not is_gallery_path(path):  # its pictures wait until its folder is quiet
                self._pictures.release(self._ledger.pictures.of_post(path))

    def _file_ignored(self, path: str) -> None:
        """Stop the work on a file that is ignored now; what is published stays.

        The ledger keeps it without its content, so that nothing narrates it again before the inbox
        reports it again.
        """
        if _is_setting(path):
            return
        with self._ledger.transaction():
            for job in self._ledger.jobs.stoppable(path):
                self._ledger.jobs.move(job, JobState.REMOVED, problem="its source is ignored")
                self._notes.remove_soon(job)
                self._events.publish(JobStopped(job))
            if self._ledger.jobs.published(path) is None:
                shown = self._ledger.pictures.of_post(path)
                self._ledger.pictures.record(path, {})
                self._pictures.release(shown)
            if file_kind(path) is FileKind.OTHER:
                self._ledger.sources.forget(path)
            elif self._ledger.sources.sha256(path):
                log.info("%s is ignored", printable(path), extra=fields(file=path))
                self._ledger.sources.set_aside(path)
                self._scripts.take_gone(path)

    def _is_pointless(self, job: Job) -> bool:
        """True if a job without its source is to end: a planned one continues, unless it moved."""
        is_idle = job.state in (JobState.FAILED, JobState.WAITING)
        return is_idle or self._ledger.jobs.plan(job) is None or bool(self._copies(job))

    def _follow_move(self, path: str) -> None:
        """If a copy came just before, let its job carry the narration over to the new path."""
        published = self._ledger.jobs.published(path)
        copies = self._copies(published) if published else []
        if copies:
            self._jobs.recreate(copies[0], JobCause.FOUND)

    def _copies(self, job: Job) -> list[str]:
        """Other paths where the same content arrived within the move window, the newest first."""
        since = time.time() - MOVE_WINDOW_S
        arrived = self._ledger.sources.arrived_since(job.source_sha256, since)
        return [path for path in arrived if path != job.path]


def _is_setting(path: str) -> bool:
    return judge_path(path) is NameKind.SETTINGS
