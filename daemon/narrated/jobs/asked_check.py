"""A check that a person asks for: it listens if the settings of the post say so by now."""

from dataclasses import dataclass

from msgspec.structs import replace

from narrated.errors import SourceError
from narrated.jobs.plan import JobDefaults, Plan
from narrated.jobs.planner import Planner
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger


@dataclass(eq=False)
class AskedCheck:
    """Brings `check: signal` of a narration up to date: nobody changes that to hear nothing."""

    _ledger: Ledger
    _planner: Planner

    async def plan(self, job: Job, plan: Plan, defaults: JobDefaults) -> Plan:
        """Return the plan of a job; if that is a check, as today's settings have it checked."""
        if not self._may_ask_for_more(job, plan):
            return plan
        try:
            takes = (await self._planner.settings(job.path, defaults)).takes
        except SourceError:  # of its front matter: what was narrated is checked all the same
            return plan
        if not takes.may_hear:
            return plan
        takes = replace(plan.settings.takes, check=takes.check)
        plan = replace(plan, settings=replace(plan.settings, takes=takes))
        self._ledger.jobs.replace_takes(
            job, plan.encode(), narration=plan.narration, keys=plan.keys
        )
        return plan

    def _may_ask_for_more(self, job: Job, plan: Plan) -> bool:
        if job.cause is not JobCause.CHECK or plan.settings.takes.check != "signal":
            return False
        published = self._ledger.jobs.published(job.path)
        return published is not None and bool(self._ledger.due_checks.is_asked(published.id))
