"""What happens in the inbox becomes jobs: new versions, moves, pictures of posts, departures."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

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
from narrated.jobs.job_factory import JobFactory
from narrated.jobs.overrides import holds_by_place
from narrated.jobs.publisher import Publisher
from narrated.jobs.source_disposal import SourceDisposal
from narrated.ledger.job import Job, JobCause, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.printable import printable
from narrated.reading.source_reader import PICTURES

MOVE_WINDOW_S = 60.0
"""A copy that came so shortly before its original went was a move, seen in two halves."""

log = logging.getLogger("narrated")


@dataclass(slots=True)
class InboxStatus:
    """What there is to say of the inbox besides its jobs."""

    root_problem: str = ""
    watch_problem: str = ""
    conflicts: set[str] = field(default_factory=set)
    files: int = 0
    scanned: bool = False

    @property
    def is_known(self) -> bool:
        """Whether all of the inbox was looked at once, or found not to be there."""
        return self.scanned or bool(self.root_problem)


class Ingest:
    """Turns the inbox's events into moves of the ledger; called in the service's loop."""

    def __init__(
        self,
        ledger: Ledger,
        register: JobFactory,
        imprint: Publisher,
        departures: SourceDisposal,
        *,
        enqueue: Callable[[Job], None],
        cancel: Callable[[Job], None],
    ) -> None:
        self._ledger = ledger
        self._register = register
        self._imprint = imprint
        self._departures = departures
        self._enqueue = enqueue
        self._cancel = cancel
        self.standing = InboxStatus()

    def take(self, event: Event) -> None:
        """Act on one event."""
        match event:
            case FileReady() | FileVanished() | FileUnreadable() if is_setting(event.path):
                self._setting(event)
            case FileReady():
                self._found(event)
            case FileUnreadable():
                self._unreadable(event)
            case FileVanished(path):
                self._vanished(path)
            case ConflictCopyFound(path):
                about = fields(file=path)
                log.warning("%s is a sync conflict and is not read", printable(path), extra=about)
                self.standing.conflicts.add(path)
            case ConflictCopyGone(path):
                self.standing.conflicts.discard(path)
            case _:
                self._root(event)
        if isinstance(event, FileVanished):
            self._go_on_without()

    def unshown(self, pictures: Iterable[str]) -> None:
        """A post shows these no more, or is gone: where none does, each is an item of its own."""
        taken = {path: self._ledger.sources.sha256(path) for path in pictures}
        for path, sha256 in taken.items():
            if (
                sha256
                and not self._ledger.pictures.posts_showing(path)
                and not self._is_current(path, sha256)
            ):
                item = self._register.new(path, sha256, 0, JobCause.FOUND)
                self._ledger.afterwards(partial(self._enqueue, item))

    def lost(self, post: str) -> None:
        """A version of a post failed, or its narration moved away: perhaps it shows nothing now.

        So it is where nothing of it stands and its newest version failed before it was planned.
        """
        with self._ledger.transaction():
            newest = self._ledger.jobs.history(post)[-1]
            has_failed = newest.state is JobState.FAILED and self._ledger.jobs.plan(newest) is None
            stands = self._ledger.jobs.published(post) is not None or any(
                job.state is JobState.PUBLISHING for job in self._ledger.jobs.unfinished(post)
            )
            if has_failed and not stands:
                pictures = self._ledger.pictures.of_post(post)
                self._ledger.pictures.record(post, {})
                self.unshown(pictures)

    def shown(self, pictures: Iterable[str]) -> None:
        """A post shows these: as items of their own they have failed, or waited, for the last time.

        What is wrong with them is told where they are shown.
        """
        for path in pictures:
            for job in self._ledger.jobs.unfinished(path):
                if job.state in (JobState.FAILED, JobState.WAITING):
                    self.is_part_of_a_post(job)

    def is_part_of_a_post(self, job: Job) -> bool:
        """Whether posts show this picture; then they took its place, and no note of it is left.

        Not where some of its files may stand already: a publication that has begun is finished.
        """
        if job.state is JobState.PUBLISHING or not is_picture(job.path):
            return False
        posts = self._ledger.pictures.posts_showing(job.path)
        if posts:
            part_of = f"part of {printable(min(posts))}"
            self._ledger.jobs.move(job, JobState.SUPERSEDED, problem=part_of)
            self._imprint.forget_note(job)
        return bool(posts)

    def outdated(self, job: Job) -> None:
        """Plan a job anew, because what it was planned for is no more."""
        if (
            self._ledger.jobs.get(job.id).state is JobState.PUBLISHING
        ):  # which the newer one supersedes
            self._ledger.jobs.move(job, JobState.PLANNED)
        if again := self._register.again(job.path, job.cause):
            self._enqueue(again)
        else:
            self._ledger.jobs.move(job, JobState.REMOVED, problem="its source is gone")
            self._imprint.forget_note(job)

    def withdraw_due(self, withdraw_after_s: float) -> list[Job]:
        """Published jobs whose source has been gone for so long; none while the inbox is ill."""
        if self.standing.root_problem or not self.standing.scanned:
            return []
        gone = self._ledger.sources.gone(time.time() - withdraw_after_s)
        published = [self._ledger.jobs.published(path) for path in gone]
        return [job for job in published if job is not None]

    def _root(self, event: Event) -> None:
        match event:
            case RootLost(reason):
                log.error("%s Nothing is withdrawn meanwhile.", reason)
                self.standing.root_problem = reason
                self.standing.scanned = False  # what is found again may hold what was missed
            case RootFound():
                log.info("the inbox is there again")
                self.standing.root_problem = ""
            case WatchLost(reason):
                log.warning("%s The inbox is scanned instead.", reason)
                self.standing.watch_problem = reason
            case ScanFinished(count, seconds):
                log.debug("%d files scanned in %.2f s", count, seconds)
                self.standing.files = count
                self.standing.scanned = True

    def _found(self, event: FileReady) -> None:
        with self._ledger.transaction():
            self._ledger.sources.record(event.path, event.signature, event.sha256)
            posts = self._posts_to_redo(event)
            jobs = [job for post in posts if (job := self._register.again(post, JobCause.PICTURE))]
            if self._ledger.pictures.posts_showing(event.path):
                self.shown([event.path])
            else:
                jobs += self._version(event)
        for job in jobs:
            self._enqueue(job)

    def _setting(self, event: FileReady | FileVanished | FileUnreadable) -> None:
        """A folder's settings or a lexicon: no item, but what it holds for is planned anew."""
        path = event.path
        jobs: list[Job] = []
        with self._ledger.transaction():
            match event:
                case FileReady(_, signature, sha256):
                    self._ledger.sources.record(path, signature, sha256)
                    jobs = self._register.planned_anew(self._held(path, sha256), JobCause.SETTINGS)
                case FileVanished():
                    self._ledger.sources.mark_gone(path)
                    jobs = self._register.planned_anew(self._held(path, ""), JobCause.SETTINGS)
                case FileUnreadable(_, _, problem, remedy):
                    log.warning("%s %s", problem, remedy, extra=fields(file=path))
        if jobs:
            about = fields(file=path)
            log.info(
                "%s changed: planned anew are %d files", printable(path), len(jobs), extra=about
            )
        for job in jobs:
            self._enqueue(job)

    def _held(self, path: str, sha256: str) -> list[str]:
        """The posts that were planned with another content of a file, or without it."""
        posts = self._ledger.plan_inputs.posts_with_other(path, sha256)
        if sha256 and holds_by_place(path):
            posts += self._ledger.plan_inputs.posts_without(path)
        return posts

    def _posts_to_redo(self, event: FileReady) -> list[str]:
        shown_by = self._ledger.pictures.posts_showing(event.path)
        return [post for post, sha256 in shown_by.items() if sha256 != event.sha256]

    def _version(self, event: FileReady) -> list[Job]:
        """A new job for new content; the same content again is no work."""
        current = self._ledger.jobs.current(event.path)
        same = current is not None and current.source_sha256 == event.sha256
        if current is not None and same and not self._is_worth_another(current):
            return [current] if current.state is JobState.QUEUED else []
        size_bytes = event.signature.size
        return [self._register.new(event.path, event.sha256, size_bytes, JobCause.FOUND)]

    def _is_current(self, path: str, sha256: str) -> bool:
        """Whether a file stands, or is to be narrated, as it is now."""
        current = self._ledger.jobs.current(path)
        return current is not None and current.source_sha256 == sha256

    def _is_worth_another(self, job: Job) -> bool:
        """A failed one may succeed now; one that is done may still have to leave the inbox."""
        if job.state is JobState.WAITING:
            return job.reason in (JobReason.ABSENT, JobReason.UNREADABLE)
        return job.state is JobState.FAILED or (
            job.state is JobState.DONE and self._departures.disposes
        )

    def _unreadable(self, event: FileUnreadable) -> None:
        job = self._register.unreadable(
            event.path, event.signature.size, event.problem, event.remedy
        )
        about = fields(file=event.path, job=job.id)
        log.warning("%s waits: %s", printable(event.path), event.problem, extra=about)
        self._imprint.note_now(job, SourceUnreadable(event.problem, event.remedy))

    def _vanished(self, path: str) -> None:
        log.debug("%s is gone from the inbox", printable(path))
        self.standing.conflicts.discard(path)
        with self._ledger.transaction():
            self._ledger.sources.mark_gone(path)
            pointless = [
                job for job in self._ledger.jobs.stoppable(path) if self._is_pointless(job)
            ]
            for job in pointless:
                self._ledger.jobs.move(job, JobState.REMOVED, problem="its source is gone")
                self._imprint.forget_note(job)
            jobs = self._followed(path)
            self.unshown(self._ledger.pictures.of_post(path))
        for job in pointless:
            self._cancel(job)
        for job in jobs:
            self._enqueue(job)

    def _go_on_without(self) -> None:
        """Who waited for a file that was away may go on without it, now that it is missed."""
        for job in self._ledger.jobs.waiting_for(JobReason.ABSENT):
            self._enqueue(self._ledger.jobs.move(job, JobState.QUEUED))

    def _is_pointless(self, job: Job) -> bool:
        """What was read already is finished, unless the same words are narrated elsewhere."""
        if job.state in (JobState.FAILED, JobState.WAITING) or self._ledger.jobs.plan(job) is None:
            return True
        return bool(self._moved_to(job))

    def _followed(self, path: str) -> list[Job]:
        """A move seen in two halves, the copy first: the copy takes the narration along."""
        published = self._ledger.jobs.published(path)
        if published is None:
            return []
        again = (
            self._register.again(target, JobCause.FOUND) for target in self._moved_to(published)[:1]
        )
        return [job for job in again if job is not None]

    def _moved_to(self, job: Job) -> list[str]:
        since = time.time() - MOVE_WINDOW_S
        arrived = self._ledger.sources.arrived_since(job.source_sha256, since)
        return [path for path in arrived if path != job.path]


def is_setting(path: str) -> bool:
    """Whether a file of the inbox holds for others and is none itself, by its name."""
    return judge_path(path) is NameKind.SETTINGS


def is_picture(path: str) -> bool:
    """Whether a source is a picture, by its name."""
    return Path(path).suffix.lower() in PICTURES
