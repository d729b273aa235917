"""Runs jobs: read the source, write the script, speak, publish."""

import logging
import time
from pathlib import Path

from narrated.errors import (
    EngineUnavailable,
    NarratedError,
    SourceAbsent,
    SourceUnreadable,
    StorageError,
)
from narrated.inbox import safe_read
from narrated.jobs.carry_over import CarryOver
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher, PicturesReleased, PicturesShown
from narrated.jobs.outcomes import JobOutcomes
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.jobs.planner import JobDefaults, Planner, SourceChanged
from narrated.jobs.publisher import Publisher
from narrated.jobs.speaking import ChunkSpeaker, JobProgress
from narrated.jobs.withdrawal import Withdrawal
from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.printable import printable

log = logging.getLogger("narrated")


class JobRunner:
    """Takes one job from its state to its end; many jobs run side by side."""

    def __init__(
        self,
        ledger: Ledger,
        planner: Planner,
        speaker: ChunkSpeaker,
        carry_over: CarryOver,
        publisher: Publisher,
        withdrawal: Withdrawal,
        notes: ErrorNotes,
        outcomes: JobOutcomes,
        events: EventDispatcher,
        inbox: Path,
    ) -> None:
        self._ledger = ledger
        self._planner = planner
        self._speaker = speaker
        self._carry_over = carry_over
        self._publisher = publisher
        self._withdrawal = withdrawal
        self._notes = notes
        self._outcomes = outcomes
        self._events = events
        self._inbox = inbox
        self.progress: dict[int, JobProgress] = {}

    async def run(self, job: Job, defaults: JobDefaults) -> None:
        """Run a job to its end, or until it has to wait.

        Errors: StorageError, if the ledger cannot even record that the job waits.
        """
        self.progress[job.id] = JobProgress(job, time.monotonic())
        try:
            await self._narrate(job, defaults)
        except SourceChanged:
            pass  # the scanner reports the newer version, which supersedes this job
        except PlanOutdated as error:
            self._outcomes.plan_again(job, error)
        except SourceAbsent as error:
            await self._outcomes.absent(job, error)
        except SourceUnreadable as error:
            await self._outcomes.wait(job, JobReason.UNREADABLE, error)
        except EngineUnavailable as error:
            await self._outcomes.wait(job, JobReason.ENGINE, error)
        except StorageError as error:
            await self._outcomes.wait(job, JobReason.STORAGE, error)
        except NarratedError as error:
            await self._outcomes.fail(job, error)
        except Exception as error:  # a job's border: one job never stops the others
            about = fields(file=job.path, job=job.id)
            log.exception("%s ended with an unexpected error", printable(job.path), extra=about)
            await self._outcomes.fail(job, _unexpected(error))
        finally:
            self.progress.pop(job.id, None)

    async def _narrate(self, job: Job, defaults: JobDefaults) -> None:
        plan = self._kept_plan(job) or await self._plan(job, defaults)
        if not plan.draft.narrate:
            await self._withhold(job)
        elif not await self._carry_over.carry(job, plan):
            if job.state is not JobState.PUBLISHING:
                self._ledger.jobs.move(job, JobState.SPEAKING)
            rendered = await self._speaker.speak(job, plan, self.progress[job.id])
            await self._publisher.publish(job, plan, rendered)

    def _kept_plan(self, job: Job) -> Plan | None:
        """Return the plan from before a restart, if there is one."""
        kept = self._ledger.jobs.plan(job)
        if kept is None:
            return None
        if job.state is JobState.SPEAKING:
            self._ledger.jobs.move(job, JobState.PLANNED)
        return Plan.decode(kept)

    async def _plan(self, job: Job, defaults: JobDefaults) -> Plan:
        """Plan a job, and plan again until none of its inputs changed meanwhile."""
        while True:
            overrides = self._planner.overrides(defaults, waits_for_absent=True)
            try:
                plan = await self._planner.plan(job, defaults, overrides)
                self._check_source(job)
                if not (overrides.is_outdated or self._has_new_pictures(plan)):
                    self._keep_plan(job, plan)
                    return plan
            except NarratedError:
                self._check_source(job)
                if not overrides.is_outdated:
                    # The settings may be the cause: if they change, the job is planned again.
                    self._ledger.plan_inputs.record(job.path, overrides.consulted)
                    raise

    def _keep_plan(self, job: Job, plan: Plan) -> None:
        released = self._ledger.pictures.of_post(job.path) - plan.shown.keys()
        with self._ledger.transaction():
            self._ledger.pictures.record(job.path, plan.shown)
            self._ledger.plan_inputs.record(job.path, plan.consulted)
            self._ledger.jobs.write_plan(
                job,
                plan.encode(),
                title=plan.draft.title,
                narration=plan.narration,
                keys=plan.keys,
            )
            self._ledger.takes.mark_used(plan.keys)
            self._events.publish(PicturesShown(job.path, tuple(plan.shown)))
            self._events.publish(PicturesReleased(job.path, tuple(released)))

    def _check_source(self, job: Job) -> None:
        """Raise SourceAbsent if the source is absent: its settings may have been absent as well."""
        is_known = self._ledger.sources.sha256(job.path) == job.source_sha256
        if is_known and not safe_read.exists(self._inbox, job.path):
            raise SourceAbsent(f"{printable(job.path)} is not there.")

    def _has_new_pictures(self, plan: Plan) -> bool:
        """True if a picture came or changed while the post that shows it was planned."""
        known = {path: self._ledger.sources.sha256(path) for path in plan.shown}
        return any(known[path] not in ("", sha256) for path, sha256 in plan.shown.items())

    async def _withhold(self, job: Job) -> None:
        reason = "`narrate: false` holds for it"
        await self._withdrawal.withhold(job, reason)
        self._notes.remove(job)
        self._ledger.jobs.move(job, JobState.REMOVED, reason=JobReason.UNWANTED, problem=reason)


def _unexpected(error: Exception) -> NarratedError:
    return NarratedError(
        f"Something in narrated itself went wrong: {type(error).__name__}: {error}.",
        "`journalctl -u narrated` holds the details; try again with `narrated retry FILE`.",
    )
