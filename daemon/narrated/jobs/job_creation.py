"""Creates jobs: at most one open version of a source, and one name in the outbox for good."""

from collections.abc import Collection, Iterable
from contextlib import suppress

from msgspec.structs import replace

from narrated.jobs.events import EventDispatcher, JobReady, JobStopped
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.jobs.stem_assignment import StemAssignment
from narrated.ledger.job import KEEPS_PLAN, Job, JobCause, JobReason, JobState
from narrated.ledger.store import Ledger


def with_checks(plan: Plan) -> Plan:
    """Return a plan whose takes are checked, as its settings say if they say how."""
    takes = plan.settings.takes
    takes = takes if takes.is_on else replace(takes, check="auto")
    return replace(plan, settings=replace(plan.settings, takes=takes))


class JobCreator:
    """Enters jobs into the ledger, and publishes them as ready."""

    def __init__(self, ledger: Ledger, events: EventDispatcher, stems: StemAssignment) -> None:
        self._ledger = ledger
        self._events = events
        self._stems = stems

    def create(
        self,
        path: str,
        sha256: str,
        size_bytes: int,
        cause: JobCause,
        moved: Collection[str] = (),
    ) -> Job:
        """Create the job of a new version; older versions are superseded and stopped.

        `moved`: those `StemAssignment.possible_origins` whose source is no longer there.
        """
        with self._ledger.transaction():
            self._stop_older(path)
            stem = self._stems.assign(path, moved)
            job = self._ledger.jobs.add(path, sha256, size_bytes, stem, cause=cause)
            self._events.publish(JobReady(job))
        return job

    def recreate(self, path: str, cause: JobCause) -> Job | None:
        """Create another job for the present version; None if its source is gone or unknown."""
        sha256 = self._ledger.sources.sha256(path)
        current = self._ledger.jobs.current(path)
        if not sha256 or current is None:
            return None
        return self.create(path, sha256, current.size_bytes, cause)

    def renew(self, path: str, cause: JobCause) -> Job | None:
        """Create another job because the user asks for it; None if its source is gone.

        Crashes of workers at its chunks are forgotten. Another take, or a check, that failed or was
        cancelled is tried again as it was asked for, unless the user asks for today's settings.
        """
        newest = self._ledger.jobs.history(path)[-1]  # even one that is left out
        sha256 = self._ledger.sources.sha256(path)
        if not sha256:
            return None
        if self._ledger.crashes.any_known:
            self._forget_crashes(newest)
        if newest.cause in KEEPS_PLAN and cause is JobCause.FOUND:
            published = self._ledger.jobs.published(path)
            plan = None if published is None else self.plan(published)
            if published and plan and published.source_sha256 == sha256:
                plan = plan.with_takes(self._ledger.takes.choices(path))
                if newest.cause is JobCause.CHECK:
                    return self._check_again(published, plan)
                return self.create_planned(published, plan, newest.cause)
        return self.create(path, sha256, newest.size_bytes, cause)

    def create_planned(self, published: Job, plan: Plan, cause: JobCause) -> Job:
        """Create a job that speaks this plan of a source whose narration is published."""
        with self._ledger.transaction():
            version = (published.path, published.source_sha256, published.size_bytes)
            job = self.create(*version, cause)
            self._ledger.crashes.reset(plan.keys)
            self._ledger.takes.mark_used(plan.keys)
            self._ledger.page_texts.inherit(published, job)
            title, narration = plan.draft.title, plan.narration
            return self._ledger.jobs.write_plan(
                job, plan.encode(), title=title, narration=narration, keys=plan.keys
            )

    def create_check(self, published: Job, plan: Plan) -> Job:
        """Create a job that checks the takes of a published narration, even one without checks.

        That one has them from then on, or its next other take would lose what was found.
        """
        with self._ledger.transaction():
            self._ledger.due_checks.add(published.id, is_asked=True)
            self._ledger.crashes.reset_hearing(plan.keys)
            return self.create_planned(published, with_checks(plan), JobCause.CHECK)

    def create_due_check(self, published: Job, plan: Plan) -> Job | None:
        """Create the job of a check that is due; None if none is, or if settings forbid it."""
        is_asked = self._ledger.due_checks.is_asked(published.id)
        if is_asked:
            return self.create_check(published, plan)
        if is_asked is None or not plan.settings.takes.is_on:
            return None
        return self.create_planned(published, plan, JobCause.CHECK)

    def _check_again(self, published: Job, plan: Plan) -> Job | None:
        """Create a check that failed or was cancelled once more, as it was asked for."""
        with self._ledger.transaction():
            if self._ledger.due_checks.is_asked(published.id) is None:  # it was cancelled
                is_asked = not plan.settings.takes.is_on
                self._ledger.due_checks.add(published.id, is_asked=is_asked)
            return self.create_due_check(published, plan)

    def resume_check(self, published: Job) -> None:
        """Create the check that is due of a narration whose source has come back."""
        if self._ledger.due_checks.is_asked(published.id) is not None:
            plan = self.plan(published)
            if plan is not None:
                self.create_due_check(published, plan)

    def check(self, path: str) -> bool:
        """Have the takes of a source's narration checked, if it is the present one.

        At once, or after another job that is under way. False if there is no narration, if its
        source is gone or changed, or if it is being checked already.
        """
        published = self._ledger.jobs.published(path)
        if published is None or self._ledger.sources.sha256(path) != published.source_sha256:
            return False
        unfinished = self._ledger.jobs.unfinished(path)
        causes = {job.cause for job in unfinished if job.state is not JobState.FAILED}
        if JobCause.CHECK in causes:
            return self.widen_check(path)
        if causes:
            self._ledger.due_checks.add(published.id, is_asked=True)
            return True
        plan = self.plan(published)
        return plan is not None and self.create_check(published, plan) is not None

    def widen_check(self, path: str) -> bool:
        """Have a check of some takes, that is under way, check all; False if it does already."""
        published = self._ledger.jobs.published(path)
        if published is None or self._ledger.due_checks.digests(published.id) is None:
            return False
        plan = self.plan(self._ledger.jobs.history(path)[-1])
        return plan is not None and self.create_check(published, plan) is not None

    def plan(self, job: Job) -> Plan | None:
        """Return a job's plan; None if it has none, or one of an earlier format."""
        with suppress(PlanOutdated):
            kept = self._ledger.jobs.plan(job)
            return None if kept is None else Plan.decode(kept)
        return None

    def _forget_crashes(self, job: Job) -> None:
        if plan := self.plan(job):
            self._ledger.crashes.reset(plan.keys)
            self._ledger.crashes.reset_hearing(plan.keys)

    def recreate_all(self, posts: Iterable[str], cause: JobCause) -> list[Job]:
        """Create another job for each post that is there, even for one with `narrate: false`."""
        jobs: list[Job] = []
        for post in posts:
            newest = self._ledger.jobs.history(post)[-1]  # even one with `narrate: false`
            if sha256 := self._ledger.sources.sha256(post):
                jobs.append(self.create(post, sha256, newest.size_bytes, cause))
        return jobs

    def create_unreadable(self, path: str, size_bytes: int, problem: str, remedy: str) -> Job:
        """Create a job that waits until its source may be read."""
        with self._ledger.transaction():
            self._stop_older(path)
            return self._ledger.jobs.add(
                path,
                "",
                size_bytes,
                self._stems.assign(path),
                state=JobState.WAITING,
                reason=JobReason.UNREADABLE,
                problem=problem,
                remedy=remedy,
            )

    def _stop_older(self, path: str) -> None:
        for job in self._ledger.jobs.stoppable(path):
            self._events.publish(JobStopped(job))
