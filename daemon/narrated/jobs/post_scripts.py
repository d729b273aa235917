"""Script files in the inbox: each one that comes, changes or goes has its post planned again."""

import logging
from dataclasses import dataclass

from narrated.errors import NarratedError, StorageError
from narrated.inbox import events
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher, JobStopped
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.narration_removal import NarrationRemoval
from narrated.jobs.script_pairs import ScriptPairs, is_script_name, without_suffix
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.outbox.unique_stems import fold
from narrated.printable import printable
from narrated.script.review.script_file import BEGINNING_BYTES, HEADER, is_script_file

log = logging.getLogger("narrated")


@dataclass(eq=False)
class PostScripts:
    """Notes which files of the inbox are scripts; one with a post has no job of its own."""

    _ledger: Ledger
    _jobs: JobCreator
    _notes: ErrorNotes
    _events: EventDispatcher
    _removal: NarrationRemoval
    _inbox: AsyncInboxReader
    pairs: ScriptPairs

    async def of_event(self, event: events.Event) -> bool:
        """True if a new file begins as script files do."""
        if not isinstance(event, events.FileReady) or not is_script_name(event.path):
            return False
        try:
            return is_script_file(await self._inbox.beginning(event.path, BEGINNING_BYTES))
        except StorageError:  # the planner will find out
            return self._ledger.scripts.is_known(event.path)
        except NarratedError:  # absent or unreadable
            return False

    def take_ready(self, path: str, is_script: bool) -> bool:
        """Take a new or changed file of the inbox; True if it is the script of a post.

        In the caller's transaction, which has recorded the file.
        """
        former = self.pairs.post_of(path) if self._ledger.scripts.is_known(path) else ""
        if is_script:
            self._ledger.scripts.record(path, fold(without_suffix(path)))
        else:
            self._ledger.scripts.forget(path)
            self._warn_of_lost_header(path)
        post = self.pairs.post_of(path) if is_script else ""
        for each in {former, post} - {""}:
            self._jobs.recreate(each, JobCause.SCRIPT)
        if post:
            self._end_jobs(path, post)
        else:
            self._claim(path)
        return bool(post)

    def _warn_of_lost_header(self, path: str) -> None:
        """Tell why a file with the name of a post's script file is none."""
        if is_script_name(path) and (post := self.pairs.post_of(path)):
            shown, about = printable(path), fields(file=path)
            told = "%s has no header line, so it is a post of its own. To be the script of %s it"
            told += " begins with the line `%s of …` that `narrated script` writes"
            log.warning(told, shown, printable(post), HEADER, extra=about)

    def take_gone(self, path: str) -> None:
        """Plan the post of a script again that is gone, or ignored; release that of a gone post.

        In the caller's transaction, which has marked the file.
        """
        if self._ledger.scripts.was_known(path):
            self._ledger.scripts.forget(path)
            if post := self.pairs.post_of(path):
                self._jobs.recreate(post, JobCause.SCRIPT)
        if self._ledger.sources.is_recorded(path):  # otherwise its script is about to leave, too
            for script in list(self.pairs.named_as(path)):
                self._release(script)

    async def withdraw_narrated_alone(self) -> None:
        """Withdraw the narrations of script files that have a post now. Errors: StorageError."""
        for script in self._ledger.scripts.narrated_alone():
            job, post = self._ledger.jobs.published(script), self.pairs.post_of(script)
            if job and post:
                await self._removal.replace(job, _script_of(post))

    def supersede_if_paired(self, job: Job) -> bool:
        """End the job of a script file whose post is there; True if so.

        A publication that has begun is finished instead: some of its files may be in the outbox.
        """
        if job.state is JobState.PUBLISHING or not self._ledger.scripts.is_known(job.path):
            return False
        post = self.pairs.post_of(job.path)
        if post:
            with self._ledger.transaction():
                self._end_jobs(job.path, post)
        return bool(post)

    async def left_behind(self) -> list[str]:
        """Return the script files without a job whose posts the daemon removed."""
        left = {each: self._removed_post(each) for each in self._ledger.scripts.present()}
        there = await self._inbox.existing(list(filter(None, left.values())))  # put back
        return [script for script, post in left.items() if post and post not in there]

    def _removed_post(self, script: str) -> str:
        """Return the narrated post of a script that the ledger does not have in the inbox."""
        owner = self._ledger.stems.owner(fold(without_suffix(script))) or ""
        if not owner or self._ledger.sources.is_recorded(owner) or self.pairs.post_of(script):
            return ""
        is_narrated = self._ledger.jobs.published(owner) is not None
        return owner if is_narrated and self._ledger.jobs.current(script) is None else ""

    def _claim(self, post: str) -> None:
        """End the jobs of script files whose post has just come."""
        for script in list(self.pairs.named_as(post)):
            if owner := self.pairs.post_of(script):
                self._end_jobs(script, owner)

    def _release(self, script: str) -> None:
        """Give a script file whose post is gone to another post of its name, or let it be one."""
        if post := self.pairs.post_of(script):
            self._jobs.recreate(post, JobCause.SCRIPT)
        elif self._ledger.jobs.current(script) is None:
            sha256 = self._ledger.sources.sha256(script)
            signature = self._ledger.sources.signature(script)
            self._jobs.create(script, sha256, signature.size if signature else 0, JobCause.FOUND)

    def _end_jobs(self, script: str, post: str) -> None:
        """End the unpublished jobs of a script file; `withdraw_narrated_alone` does the rest."""
        for job in self._ledger.jobs.stoppable(script):
            self._ledger.jobs.move(job, JobState.SUPERSEDED, problem=_script_of(post))
            self._notes.remove_soon(job)
            self._events.publish(JobStopped(job))


def _script_of(post: str) -> str:
    return f"the script of {printable(post)}"
