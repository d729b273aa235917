"""Review of a script by a person: asks for it in the outbox, before anything is spoken."""

import logging
from dataclasses import dataclass

from narrated.errors import StorageError
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.outbox_scripts import log_refused
from narrated.jobs.plan import Plan
from narrated.jobs.script_words import ScriptWords
from narrated.ledger.job import Job, JobCause, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.printable import printable
from narrated.script.review.script_file import SCRIPT_SUFFIX

_ANOTHER_TAKE = (JobCause.RESPEAK, JobCause.CHECK)
"""The script of these is that of the published narration."""

log = logging.getLogger("narrated")


@dataclass(eq=False)
class ScriptReview:
    """Tells which plans wait for a person, and leaves their scripts in the outbox."""

    _ledger: Ledger
    _notes: ErrorNotes
    _words: ScriptWords

    async def prepare(self, job: Job, plan: Plan) -> None:
        """Do what the script file of a new plan asks for besides its lines."""
        if plan.draft.script_file:
            self._ledger.review_files.expect(job.stem)
        await self._words.enter(job, plan)
        for told in plan.draft.script_conflicts:
            log.warning("%s: %s", printable(job.path), told, extra=fields(file=job.path))

    def is_needed(self, job: Job, plan: Plan) -> bool:
        """True if a plan is to be reviewed first: not one that is published as it is."""
        if not plan.draft.awaits_review or job.cause in _ANOTHER_TAKE:
            return False
        published = self._ledger.jobs.published(job.path)
        return published is None or published.narration != plan.narration

    async def ask(self, job: Job) -> None:
        """Let a job wait for a person, with its script in the outbox."""
        problem, remedy = _told(job)
        self._ledger.jobs.move(
            job, JobState.WAITING, reason=JobReason.REVIEW, problem=problem, remedy=remedy
        )
        about = fields(file=job.path, job=job.id)
        log.info("%s: %s %s", printable(job.path), problem, remedy, extra=about)
        await self._notes.remove(job)  # of an earlier problem
        try:
            await self._notes.scripts.settle(job.stem)
        except StorageError as refused:  # housekeeping tries it again
            log_refused(job.stem, refused)


def _told(job: Job) -> tuple[str, str]:
    """Say that a job waits for review, and what is to be done."""
    name = job.stem + SCRIPT_SUFFIX
    folder, slash, _ = job.path.rpartition("/")
    beside = folder + slash + name.rpartition("/")[2]
    return (
        f"It waits for your review: {printable(name)} in the outbox is what will be said.",
        f"Save it, edited or not, as {printable(beside)} in the inbox to have it spoken.",
    )
