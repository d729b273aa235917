"""Posts that are not narrated: drafts, posts of a date to come, and those older than `since`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from narrated.errors import NarratedError
from narrated.jobs.held_posts import HeldBack, find_hold
from narrated.jobs.picture_captions import PictureCaptions
from narrated.jobs.plan import JobDefaults
from narrated.jobs.standing import post_day
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.script.script import Draft


class TooOld(NarratedError):
    """A post is older than `since`, and has no narration."""

    def __init__(self, day: date, since: date, shown: Mapping[str, str]) -> None:
        super().__init__(f"Its date is {day}, and `since` is {since}.")
        self.day = day
        self.shown = shown
        """Its pictures: they are left out with it."""


@dataclass(eq=False)
class LeftOutPosts:
    """Tells which posts are left out, before their pictures are described."""

    _ledger: Ledger
    _captions: PictureCaptions

    def check(self, job: Job, draft: Draft, defaults: JobDefaults) -> None:
        """Raise HeldBack or TooOld if a job's post is left out."""
        self._check_hold(job, draft, defaults)
        self._check_age(job, draft, defaults)

    def _check_hold(self, job: Job, draft: Draft, defaults: JobDefaults) -> None:
        """Raise HeldBack for a draft.

        A version that is published already stays so, unless a refresh asks for today's settings.
        """
        hold = find_hold(job.path, draft) if defaults.holds_drafts else None
        if hold and (job.cause is JobCause.REFRESH or not self._is_published(job, draft)):
            raise HeldBack(hold, self._shown(job, draft, defaults))

    def _is_published(self, job: Job, draft: Draft) -> bool:
        """True if this version has a narration; one of another path counts if no path holds it."""
        jobs, sha256 = self._ledger.jobs, job.source_sha256
        own = jobs.published(job.path)
        if own is not None:
            return own.source_sha256 == sha256
        return find_hold("", draft) is not None and bool(jobs.published_alike(sha256, 1))

    def _check_age(self, job: Job, draft: Draft, defaults: JobDefaults) -> None:
        """Raise TooOld if `since` leaves out a post."""
        since = defaults.since
        if since is None or (day := post_day(self._ledger, job.path, draft.date)) >= since:
            return
        jobs = self._ledger.jobs
        if not (jobs.published(job.path) or jobs.published_alike(job.source_sha256, 1)):
            raise TooOld(day, since, self._shown(job, draft, defaults))

    def _shown(self, job: Job, draft: Draft, defaults: JobDefaults) -> Mapping[str, str]:
        """Return the pictures of a text that is left out: they are left out with it."""
        if draft.kind == "picture":
            return {}
        return self._captions.shown(job.path, draft, defaults)
