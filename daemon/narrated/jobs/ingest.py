"""Ingest: turns the inbox's events into jobs."""

import logging
import time
from dataclasses import dataclass, field

from narrated.errors import SourceUnreadable
from narrated.inbox.events import (
    ConflictCopyFound,
    ConflictCopyGone,
    Event,
    FileReady,
    FileUnreadable,
    FileVanished,
    RootFound,
    RootLost,
    ScanFinished,
    WatchLost,
)
from narrated.inbox.name_rules import NameKind, judge_path
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher, JobReady, JobStopped
from narrated.jobs.job_factory import JobFactory
from narrated.jobs.overrides import applies_by_place
from narrated.jobs.source_disposal import SourceDisposal
from narrated.jobs.standalone_picture_jobs import StandalonePictureJobs
from narrated.ledger.job import Job, JobCause, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.printable import printable

MOVE_WINDOW_S = 60.0
"""If a copy came at most this long before its original went, both together were a move."""

log = logging.getLogger("narrated")


@dataclass(slots=True)
class InboxStatus:
    """The state of the inbox, without its jobs."""

    root_problem: str = ""
    watch_problem: str = ""
    conflicts: set[str] = field(default_factory=set)
    files: int = 0
    scanned: bool = False

    @property
    def is_known(self) -> bool:
        """True if the whole inbox was scanned once, or found absent."""
        return self.scanned or bool(self.root_problem)


class Ingest:
    """Applies the inbox's events to the ledger, in the daemon's event loop."""

    def __init__(
        self,
        ledger: Ledger,
        jobs: JobFactory,
        pictures: StandalonePictureJobs,
        notes: ErrorNotes,
        disposal: SourceDisposal,
        events: EventDispatcher,
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._pictures = pictures
        self._notes = notes
        self._disposal = disposal
        self._events = events
        self.status = InboxStatus()

    def take(self, event: Event) -> None:
        """Apply one event."""
        match event:
            case FileReady() | FileVanished() | FileUnreadable() if is_setting(event.path):
                self._override_changed(event)
            case FileReady():
                self._file_ready(event)
            case FileUnreadable():
                self._file_unreadable(event)
            case FileVanished(path):
                self._file_vanished(path)
            case ConflictCopyFound(path):
                about = fields(file=path)
                log.warning("%s is a sync conflict and is not read", printable(path), extra=about)
                self.status.conflicts.add(path)
            case ConflictCopyGone(path):
                self.status.conflicts.discard(path)
            case _:
                self._update_status(event)
        if isinstance(event, FileVanished):
            self._resume_absent()

    def withdraw_due(self, withdraw_after_s: float) -> list[Job]:
        """Return published jobs whose source has been gone for that long.

        Returns none before the first whole scan, or while the inbox is absent.
        """
        if self.status.root_problem or not self.status.scanned:
            return []
        gone = self._ledger.sources.gone(time.time() - withdraw_after_s)
        published = [self._ledger.jobs.published(path) for path in gone]
        return [job for job in published if job is not None]

    def _update_status(self, event: Event) -> None:
        match event:
            case RootLost(reason):
                log.error("%s Nothing is withdrawn meanwhile.", reason)
                self.status.root_problem = reason
                self.status.scanned = False  # only a new scan tells which files are gone
            case RootFound():
                log.info("the inbox is there again")
                self.status.root_problem = ""
            case WatchLost(reason):
                log.warning("%s The inbox is scanned instead.", reason)
                self.status.watch_problem = reason
            case ScanFinished(count, seconds):
                log.debug("%d files scanned in %.2f s", count, seconds)
                self.status.files = count
                self.status.scanned = True

    def _file_ready(self, event: FileReady) -> None:
        with self._ledger.transaction():
            self._ledger.sources.record(event.path, event.signature, event.sha256)
            posts = self._ledger.pictures.posts_showing(event.path)
            for post, sha256 in posts.items():
                if sha256 != event.sha256:
                    self._jobs.recreate(post, JobCause.PICTURE)
            if posts:
                self._pictures.supersede([event.path])
            else:
                self._create_version(event)

    def _create_version(self, event: FileReady) -> None:
        """Create a job for new content, or for known content that may succeed now."""
        current = self._ledger.jobs.current(event.path)
        is_known = current is not None and current.source_sha256 == event.sha256
        if current is None or not is_known or self._is_worth_another(current):
            size_bytes = event.signature.size
            self._jobs.create(event.path, event.sha256, size_bytes, JobCause.FOUND)
        elif current.state is JobState.QUEUED:
            self._events.publish(JobReady(current))

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
        jobs: list[Job] = []
        with self._ledger.transaction():
            match event:
                case FileReady(_, signature, sha256):
                    self._ledger.sources.record(path, signature, sha256)
                    jobs = self._jobs.recreate_all(self._affected(path, sha256), JobCause.SETTINGS)
                case FileVanished():
                    self._ledger.sources.mark_gone(path)
                    jobs = self._jobs.recreate_all(self._affected(path, ""), JobCause.SETTINGS)
                case FileUnreadable(_, _, problem, remedy):
                    log.warning("%s %s", problem, remedy, extra=fields(file=path))
        if jobs:
            about = fields(file=path)
            log.info(
                "%s changed: %d files are planned again", printable(path), len(jobs), extra=about
            )

    def _affected(self, path: str, sha256: str) -> list[str]:
        """The posts that were planned with other content of a file, or without it."""
        posts = self._ledger.plan_inputs.posts_with_other(path, sha256)
        if sha256 and applies_by_place(path):
            posts += self._ledger.plan_inputs.posts_without(path)
        return posts

    def _file_unreadable(self, event: FileUnreadable) -> None:
        job = self._jobs.create_unreadable(
            event.path, event.signature.size, event.problem, event.remedy
        )
        about = fields(file=event.path, job=job.id)
        log.warning("%s waits: %s", printable(event.path), event.problem, extra=about)
        self._notes.write_now(job, SourceUnreadable(event.problem, event.remedy))

    def _file_vanished(self, path: str) -> None:
        log.debug("%s is gone from the inbox", printable(path))
        self.status.conflicts.discard(path)
        with self._ledger.transaction():
            self._ledger.sources.mark_gone(path)
            self._stop_pointless(path)
            self._follow_move(path)
            self._pictures.release(self._ledger.pictures.of_post(path))

    def _stop_pointless(self, path: str) -> None:
        for job in self._ledger.jobs.stoppable(path):
            if self._is_pointless(job):
                self._ledger.jobs.move(job, JobState.REMOVED, problem="its source is gone")
                self._notes.remove(job)
                self._events.publish(JobStopped(job))

    def _is_pointless(self, job: Job) -> bool:
        """True if a job without its source is to end: a planned one continues, unless it moved."""
        if job.state in (JobState.FAILED, JobState.WAITING) or self._ledger.jobs.plan(job) is None:
            return True
        return bool(self._copies(job))

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

    def _resume_absent(self) -> None:
        """Resume jobs that waited for an absent file: it may be the one now reported as gone."""
        for job in self._ledger.jobs.waiting_for(JobReason.ABSENT):
            self._events.publish(JobReady(self._ledger.jobs.move(job, JobState.QUEUED)))


def is_setting(path: str) -> bool:
    """True if a file of this name is a folder's settings or a lexicon, and no source."""
    return judge_path(path) is NameKind.SETTINGS
