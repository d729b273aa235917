"""Decides the standing of a job: its priority, and its rank by the post's date."""

from dataclasses import dataclass
from datetime import date

from narrated.jobs.plan import Plan
from narrated.jobs.post_dates import day_of_source, parse_day
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.workers.fair_shares import Priority, Standing

NOTE_CHARACTERS = 2_000
"""A text with less to say is a short note: about two minutes of speech."""
BOOK_CHARACTERS = 64 * 1024

_AGAIN = frozenset({JobCause.SETTINGS, JobCause.REFRESH, JobCause.CHECK})


@dataclass(eq=False)
class Ranking:
    """Ranks jobs: first by what is known of a file unread, then by its plan."""

    _ledger: Ledger
    newest_first: bool

    def of_source(self, job: Job) -> Standing:
        """Return the standing of a job whose source is not read yet."""
        return self._standing(job, job.size_bytes, post_day(self._ledger, job.path))

    def of_plan(self, job: Job, plan: Plan) -> Standing:
        """Return the standing of a planned job: what its cached takes say counts for nothing."""
        chunks = plan.draft.chunks
        unspoken = sum(len(chunks[seq].text) for seq in self._ledger.takes.missing(job.id))
        return self._standing(job, unspoken, post_day(self._ledger, job.path, plan.draft.date))

    def _standing(self, job: Job, characters: int, day: date) -> Standing:
        ordinal = float(day.toordinal())
        rank = -ordinal if self.newest_first else ordinal
        is_edit = self._ledger.jobs.published(job.path) is not None
        return Standing(priority(job.cause, characters, is_edit), rank)


def post_day(ledger: Ledger, path: str, written: str = "") -> date:
    """Return the date of a post: as it is written there, else by its name or its file's time."""
    signature = ledger.sources.signature(path)
    mtime_ns = signature.mtime_ns if signature else 0
    return parse_day(written) or day_of_source(path, mtime_ns)


def priority(cause: JobCause, characters: int, is_edit: bool) -> Priority:
    """Return the priority of a job with so much to say; `is_edit`: its source is published."""
    if cause in _AGAIN:
        return Priority.BACKGROUND
    if characters < NOTE_CHARACTERS:
        return Priority.NOTE
    if characters >= BOOK_CHARACTERS:
        return Priority.BOOK
    return Priority.EDIT if is_edit else Priority.POST
