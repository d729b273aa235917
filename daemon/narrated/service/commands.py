"""Commands that change the ledger, with or without a running daemon."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import replace

from narrated.errors import NarratedError
from narrated.jobs.bulk_requeue_runner import BulkRequeueRunner
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher, JobStopped
from narrated.jobs.held_posts import held_back_error
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.respeaking import DoubtfulRespoken, Respeaking, source_is_gone
from narrated.ledger.bulk_requeue_progress import RequeueKind
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.job_takes import TakeCounts
from narrated.ledger.store import Ledger
from narrated.printable import printable
from narrated.service.source_lookup import SourceLookup
from narrated.service.source_names import SourceName
from narrated.service.take_listing import (
    DoubtfulNarrations,
    TakeReport,
    doubtful_narrations,
    take_report,
)

USER_COMMANDS = (
    "retry",
    "refresh",
    "check",
    "respeak",
    "respeak_doubtful",
    "cancel",
    "history",
    "takes",
    "source",
)
_OF_FOLDERS = ("refresh", "check", "respeak_doubtful")
_PAGE = 50


class JobHistoryEntry(msgspec.Struct, frozen=True):
    """One version of a file, for `narrated history`."""

    job: int
    state: str
    cause: str
    created_at: float
    changed_at: float
    problem: str
    title: str
    duration_s: float
    takes: TakeCounts | None = None
    """Numbers of chunks whose takes were checked, and what came of it; None if they were not."""


_history_fields = attrgetter("id", *JobHistoryEntry.__struct_fields__[1:-1])


@dataclass(eq=False)
class UserCommands:
    """Retry, respeak, refresh, check, cancel, history, takes; paths are relative to the inbox.

    Each returns the paths that it affects. Without a daemon that listens to events, the jobs wait
    in the ledger for the next start.
    """

    _ledger: Ledger
    _jobs: JobCreator
    _events: EventDispatcher
    _notes: ErrorNotes
    _requeues: BulkRequeueRunner
    _respeaking: Respeaking

    async def perform(self, verb: str, request: dict[str, Any]) -> Any:
        """Run a command by its name. `named`: the source as the user typed it, to be found."""
        if named := request.pop("named", None):
            lookup = SourceLookup(self._ledger)
            find = lookup.source_or_folder if verb in _OF_FOLDERS else lookup.source
            find = lookup.source_gallery_or_folder if verb == "takes" else find
            request["path"] = find(msgspec.convert(named, SourceName))
        return await getattr(self, verb)(**request)

    async def source(self, path: str) -> str:
        """Return the path of a source in the inbox, for a command that reads it by itself."""
        return path

    async def retry(self, path: str | None) -> list[str]:
        """Retry a failed, waiting or cancelled file; all failed ones if `path` is None."""
        if path is None:
            return await self._requeues.requeue(RequeueKind.RETRY)
        job = self._history(path)[-1]
        self._refuse_held(path)
        if job.state not in (JobState.FAILED, JobState.WAITING, JobState.REMOVED):
            raise NarratedError(
                f"{printable(path)} is {job.state}; there is nothing to retry.",
                f"For another take of it: `narrated respeak {printable(path)}`.",
            )
        return [self._renew(path, JobCause.FOUND)]

    async def refresh(self, path: str | None) -> list[str]:
        """Narrate again by the present configuration: a file, a folder, or all sources."""
        folder = (path or "").rstrip("/")
        ended = self._ledger.jobs.refreshable(folder, "", 2)
        if not ended and path:
            if not self._ledger.jobs.is_any_below(folder):
                self._history(path)
            self._refuse_held(path)
        if ended == [folder]:
            return [self._renew(folder, JobCause.REFRESH)]
        # Of several, a narration without a source stays as it is.
        return await self._requeues.requeue(RequeueKind.REFRESH, folder)

    async def respeak(self, path: str, at_s: float | None) -> list[str]:
        """Choose another take, of all chunks or of the line at a time: see Respeaking."""
        await self._respeaking.respeak(path, at_s)
        return [path]

    async def respeak_doubtful(self, path: str | None) -> DoubtfulRespoken:
        """Choose another take of each doubtful chunk: of a file, of a folder, or of all."""
        folder = (path or "").rstrip("/")
        if folder and self._ledger.jobs.history(folder):
            return await self._respeaking.respeak_doubtful([folder])
        return await self._respeaking.respeak_doubtful(self._doubtful(folder))

    async def check(self, path: str | None) -> list[str]:
        """Have the published takes checked: of a file, of a folder, or of all."""
        folder = (path or "").rstrip("/")
        if folder and self._ledger.jobs.history(folder):
            await self._respeaking.check(folder)
            return [folder]
        return await self._requeues.requeue(RequeueKind.CHECK, folder)

    async def takes(self, path: str, lists_all: bool = False) -> TakeReport | DoubtfulNarrations:
        """List the takes of a file's narration that are doubtful or were spoken again.

        Of a folder, it lists the narrations that have doubtful ones.
        """
        if path and self._ledger.jobs.history(path):
            return take_report(self._ledger, self._jobs, path, lists_all=lists_all)
        return doubtful_narrations(self._ledger, path.rstrip("/"))

    async def cancel(self, path: str) -> list[str]:
        """Stop the jobs of a file; its published narration stays."""
        stoppable = self._ledger.jobs.stoppable(path)
        jobs = [job for job in stoppable if job.state is not JobState.FAILED]
        if not jobs:
            problem = f"Nothing is being done for {printable(path)}."
            raise NarratedError(problem, "`narrated status` lists the files under way.")
        for job in jobs:
            self._cancel(job)
        await self._notes.remove(jobs[-1])  # of why it waited
        return [path]

    def _cancel(self, job: Job) -> None:
        with self._ledger.transaction():
            self._ledger.jobs.move(job, JobState.REMOVED, problem="cancelled")
            published = self._ledger.jobs.published(job.path)
            if published is not None and job.cause is JobCause.CHECK:
                self._ledger.due_checks.drop(published.id)
            self._events.publish(JobStopped(job))

    async def history(self, path: str) -> list[JobHistoryEntry]:
        """Every version of a file, oldest first."""
        counts = self._ledger.job_takes.counts
        entries = [JobHistoryEntry(*_history_fields(job)) for job in self._history(path)]
        return [replace(each, takes=counts(each.job)) for each in entries]

    def _doubtful(self, folder: str) -> Iterator[str]:
        """Yield the narrations with doubtful chunks, by their paths."""
        after = ""
        while found := self._ledger.job_takes.first_doubtful(_PAGE, after=after, folder=folder):
            yield from (path for path, _ in found)
            after = found[-1][0]

    def _refuse_held(self, path: str) -> None:
        """Raise NarratedError for a draft: it would be held back again."""
        if why := self._ledger.held_back.why(path):
            raise held_back_error(path, why)

    def _renew(self, path: str, cause: JobCause) -> str:
        """Create a new job for a source, and return its path; NarratedError if it is gone."""
        if self._jobs.renew(path, cause) is None:
            raise source_is_gone(printable(path))
        return path

    def _history(self, path: str) -> list[Job]:
        """Return the jobs of a file; NarratedError if there is none."""
        history = self._ledger.jobs.history(path)
        if not history:
            raise NarratedError(
                f"{printable(path)} is not known.",
                "Name a file as it stands in the inbox; `narrated status` shows what is there.",
            )
        return history
