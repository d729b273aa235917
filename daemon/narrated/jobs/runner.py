"""Runs jobs: plan, speak and publish a source, or let it wait or fail with a note to the user."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from narrated.errors import (
    EngineLoading,
    EngineUnavailable,
    NameRefused,
    NarratedError,
    ParserUnavailable,
    SourceAbsent,
    SourceUnreadable,
    StorageError,
    TurnAwaited,
)
from narrated.inbox import picture_paths
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.admission_callbacks import AdmissionCallbacks
from narrated.jobs.asked_check import AskedCheck
from narrated.jobs.carry_over import CarryOver
from narrated.jobs.chunk_verdicts import ChunkVerdict
from narrated.jobs.error_notes import ErrorNotes, log_refused
from narrated.jobs.events import EventDispatcher, JobFailed, PicturesReleased, PicturesShown
from narrated.jobs.folder_shows import cover_of_section
from narrated.jobs.held_posts import HeldBack
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.job_progress import JobProgress
from narrated.jobs.left_out_posts import TooOld
from narrated.jobs.narration_removal import NarrationRemoval
from narrated.jobs.narration_rendering import NarrationRenderer
from narrated.jobs.picture_captions import is_picture
from narrated.jobs.plan import JobDefaults, Plan, PlanOutdated
from narrated.jobs.planner import Planner, SourceChanged
from narrated.jobs.published_default import PublishedDefault
from narrated.jobs.published_takes import checks_published
from narrated.jobs.publisher import Publisher
from narrated.jobs.respeaking import no_longer_the_same
from narrated.jobs.script_review import ScriptReview
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.source_moves import SourceMoves
from narrated.jobs.standing import Ranking
from narrated.jobs.stem_assignment import StemAssignment
from narrated.ledger.job import KEEPS_PLAN, Job, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path

log = logging.getLogger("narrated")


@dataclass(eq=False)
class JobRunner:
    """Takes one job from its state to its end; many jobs run side by side."""

    _ledger: Ledger
    _planner: Planner
    _speaker: NarrationRenderer
    _carry_over: CarryOver
    _published_default: PublishedDefault
    _publisher: Publisher
    _removal: NarrationRemoval
    _jobs: JobCreator
    _notes: ErrorNotes
    _outbox: ShieldedOutboxChanges
    _events: EventDispatcher
    _inbox: AsyncInboxReader
    _ranking: Ranking
    _stems: StemAssignment
    _moves: SourceMoves
    _review: ScriptReview
    _asked_check: AskedCheck
    progress: dict[int, JobProgress] = field(default_factory=dict)

    async def run(self, job: Job, defaults: JobDefaults, queue: AdmissionCallbacks) -> None:
        """Run a job to its end, or until it has to wait, also for its turn.

        Errors: StorageError, if the ledger cannot even record that the job waits.
        """
        self.progress[job.id] = JobProgress(job)
        try:
            await self._narrate(job, defaults, queue)
        except EngineLoading as loading:
            queue.park_until_loaded(loading.engine)
        except TurnAwaited:
            pass  # the queue runs this job again
        except TooOld as old:
            self._leave_out(job, old)
        except SourceChanged:
            pass  # the scanner reports the newer version, which supersedes this job
        except PlanOutdated as error:
            await self._replace_plan(job, error)
        except SourceAbsent as error:
            await self._wait_for_absent(job, error)
        except SourceUnreadable as error:
            await self._wait(job, JobReason.UNREADABLE, error)
        except EngineUnavailable as error:
            await self._wait(job, JobReason.ENGINE, error)
        except ParserUnavailable as error:
            await self._wait(job, JobReason.PARSER, error)
        except StorageError as error:
            await self._wait(job, JobReason.STORAGE, error)
        except NarratedError as error:
            await self._fail(job, error)
        except Exception as error:  # one job never stops the others
            about = fields(file=job.path, job=job.id)
            log.exception("%s ended with an unexpected error", printable(job.path), extra=about)
            await self._fail(job, _unexpected(error))
        finally:
            self.progress.pop(job.id, None)

    async def _narrate(self, job: Job, defaults: JobDefaults, queue: AdmissionCallbacks) -> None:
        try:
            plan = self._kept_plan(job) or await self._plan(job, defaults)
            plan = await self._asked_check.plan(job, plan, defaults)
        except HeldBack as held:
            await self._hold_back(job, held)
            return
        job = await self._follow_slug(job, plan)
        await self._review.prepare(job, plan)
        if plan.draft.is_blank:
            self._end_unwanted(job, "it has front matter alone")  # what is out stays
        elif not plan.draft.narrate:
            await self._withhold(job, plan)
        elif checks_published(self._ledger, job, plan):
            await self._check(job, plan, queue)
        elif not await self._carries_over(job, plan):
            job = self._ledger.jobs.get(job.id)
            if self._review.is_needed(job, plan):
                await self._review.ask(job)
            else:
                await self._speak(job, plan, queue)

    async def _follow_slug(self, job: Job, plan: Plan) -> Job:
        """Return the job under the name that its post asks for, if it may have it."""
        if not plan.draft.slug or job.state is JobState.PUBLISHING or not plan.draft.narrate:
            return job
        moved = [older.path for older in await self._moves.moved_from(job)]
        return self._stems.follow_slug(self._ledger.jobs.get(job.id), plan.draft.slug, moved)

    async def _check(self, job: Job, plan: Plan, queue: AdmissionCallbacks) -> None:
        """Check the takes of a published narration; publish it again if better ones are found."""
        if not queue.may_speak(plan.engines, lambda: self._ranking.of_plan(job, plan)):
            return
        checked, verdicts = await self._speaker.check(job, plan, self.progress[job.id])
        self._keep_takes(job, plan, checked.takes)
        if not await self._carries_over(job, checked, verdicts):
            await self._speak(self._ledger.jobs.get(job.id), checked, queue)

    async def _carries_over(
        self, job: Job, plan: Plan, verdicts: Sequence[ChunkVerdict] = ()
    ) -> bool:
        """True if a published narration was kept, under the name that the file system takes."""
        while True:
            try:
                return await self._carry_over.attempt(job, plan, verdicts)
            except NameRefused as refused:
                job = self._stems.replace_refused(job, refused)

    async def _speak(self, job: Job, plan: Plan, queue: AdmissionCallbacks) -> None:
        """Speak and publish a plan, once it is the job's turn."""
        if not queue.may_speak(plan.engines, lambda: self._ranking.of_plan(job, plan)):
            return
        await self._stems.check(job)
        if job.state is not JobState.PUBLISHING:
            self._ledger.jobs.move(job, JobState.SPEAKING)
        encoded = await self._speaker.speak(job, plan, self.progress[job.id])
        plan = self._keep_takes(job, plan, encoded.takes)
        await self._publisher.publish(job, plan, encoded)

    def _keep_takes(self, job: Job, plan: Plan, takes: Sequence[int]) -> Plan:
        """Keep the takes that were chosen while a plan was spoken; returns the plan with them."""
        if tuple(takes) == plan.takes:
            return plan
        plan = plan.with_all_takes(takes)
        self._ledger.jobs.replace_takes(
            job, plan.encode(), narration=plan.narration, keys=plan.keys
        )
        return plan

    def _kept_plan(self, job: Job) -> Plan | None:
        """Return the plan from an earlier run or before a restart, if there is one."""
        kept = None if job.state is JobState.QUEUED else self._ledger.jobs.plan(job)
        if kept is None:
            return None
        if job.state is JobState.SPEAKING:
            self._ledger.jobs.move(job, JobState.PLANNED)
        return Plan.decode(kept)

    async def _plan(self, job: Job, defaults: JobDefaults) -> Plan:
        """Plan a job, and plan again until none of its inputs changed meanwhile."""
        await self._carry_over.inherit_takes(job)
        defaults = await self._published_default.kept(job, defaults)
        while True:
            overrides = self._planner.overrides(defaults, waits_for_absent=True)
            try:
                plan = await self._planner.plan(job, defaults, overrides)
                await self._check_source(job)
                if not (overrides.is_outdated or self._has_new_pictures(plan)):
                    self._keep_plan(job, plan)
                    return plan
            except NarratedError:
                await self._check_source(job)
                if not overrides.is_outdated:
                    # The settings may be the cause: if they change, the job is planned again.
                    self._ledger.consulted.record(job.path, overrides.consulted)
                    raise

    def _keep_plan(self, job: Job, plan: Plan) -> None:
        with self._ledger.transaction():
            self._record_pictures(job, {**self._arrived(job, plan), **plan.shown})
            self._ledger.consulted.record(job.path, plan.consulted)
            self._ledger.jobs.write_plan(
                job,
                plan.encode(),
                title=plan.draft.title,
                narration=plan.narration,
                keys=plan.keys,
            )
            self._ledger.takes.mark_used(plan.keys)

    async def _check_source(self, job: Job) -> None:
        """Raise SourceAbsent if the source is absent: its settings may have been absent as well."""
        if self._is_known(job) and not await self._inbox.exists(job.path):
            raise SourceAbsent(f"{printable(job.path)} is missing.")

    def _is_known(self, job: Job) -> bool:
        return self._ledger.sources.sha256(job.path) == job.source_sha256

    def _has_new_pictures(self, plan: Plan) -> bool:
        """True if a picture came or changed while the post that shows it was planned."""
        return any(
            self._ledger.sources.sha256(path) not in ("", sha256)
            for path, sha256 in plan.shown.items()
        )

    def _arrived(self, job: Job, plan: Plan) -> dict[str, str]:
        """The pictures that came to the folder of a gallery while it was planned, unplanned."""
        if plan.draft.kind != "gallery":
            return {}
        planned = {picture_paths.resolve(job.path, each.source, {}) for each in plan.draft.shown}
        beside = self._ledger.galleries.files_beside(job.path)
        return {each: "" for each in beside if is_picture(each) and each not in planned}

    async def _withhold(self, job: Job, plan: Plan) -> None:
        reason = _why_unwanted(job, plan)
        await self._removal.withhold(job, reason)
        await self._notes.remove(job)
        with self._ledger.transaction():
            self._ledger.jobs.move(job, JobState.REMOVED, reason=JobReason.UNWANTED, problem=reason)
            if plan.draft.kind != "gallery":
                self._ledger.galleries.forget(job.path, if_changed=False)

    async def _hold_back(self, job: Job, held: HeldBack) -> None:
        """End the job of a draft; a narration of an earlier version is withdrawn."""
        why, due_at = held.hold.why, held.hold.due_at
        log.debug("%s is held back: %s", printable(job.path), why)
        await self._removal.withhold(job, why)
        await self._moves.withhold_moved(job, why)
        with self._ledger.transaction():
            self._end_unwanted(job, held.problem)
            self._ledger.held_back.record(job.path, why, due_at)
            self._record_pictures(job, held.shown)

    def _leave_out(self, job: Job, old: TooOld) -> None:
        log.debug("%s is left out. %s", printable(job.path), old.problem)
        with self._ledger.transaction():
            self._end_unwanted(job, old.problem)
            self._ledger.left_out.record(job.path, old.day.isoformat())
            self._record_pictures(job, old.shown)

    def _record_pictures(self, job: Job, shown: Mapping[str, str]) -> None:
        """Record the pictures that a post shows now, in the caller's transaction.

        Those of a folder's settings are also the cover of its show.
        """
        if is_gallery_path(job.path):
            shown = {**cover_of_section(self._ledger, job.path), **shown}
        released = self._ledger.pictures.of_post(job.path) - shown.keys()
        self._ledger.pictures.record(job.path, shown)
        if shown:
            self._events.publish(PicturesShown(job.path, tuple(shown)))
        if released:
            self._events.publish(PicturesReleased(job.path, tuple(released)))

    def _end_unwanted(self, job: Job, problem: str) -> None:
        with self._ledger.transaction():
            self._notes.remove_soon(job)
            self._ledger.jobs.move(
                job, JobState.REMOVED, reason=JobReason.UNWANTED, problem=problem
            )

    async def _replace_plan(self, job: Job, error: NarratedError) -> None:
        """Plan an outdated job again, unless it is another take: then all would sound different."""
        if job.cause in KEEPS_PLAN:
            await self._fail(job, no_longer_the_same(job.path, error.problem))
        else:
            self._plan_again(job, error)

    def _plan_again(self, job: Job, error: NarratedError) -> None:
        """Replace a job whose plan is outdated by a new job; remove it if its source is gone."""
        log.info("%s is planned again: %s", printable(job.path), error.problem)
        if self._ledger.jobs.get(job.id).state is JobState.PUBLISHING:  # or it could not be stopped
            self._ledger.jobs.move(job, JobState.PLANNED)
        if not self._jobs.recreate(job.path, job.cause):
            self._remove(job)

    async def _wait(self, job: Job, reason: JobReason, error: NarratedError) -> None:
        """Let a job wait until housekeeping finds that its reason is gone."""
        if self._has_ended(job):
            return
        job = self._ledger.jobs.get(job.id)  # it may have got another name meanwhile
        self._ledger.jobs.move(
            job, JobState.WAITING, reason=reason, problem=error.problem, remedy=error.remedy
        )
        about = fields(file=job.path, job=job.id)
        log.warning("%s waits: %s", printable(job.path), error, extra=about)
        if reason is not JobReason.ABSENT:  # an absent source usually returns by itself
            try:
                await self._notes.write(job, error)
            except StorageError as refused:
                log_refused(job, refused)

    async def _wait_for_absent(self, job: Job, error: NarratedError) -> None:
        """Let a job wait for an absent file, unless its own source is reported as gone."""
        if self._is_known(job) or await self._inbox.exists(job.path):
            await self._wait(job, JobReason.ABSENT, error)
        elif self._ledger.jobs.get(job.id).is_open:
            self._remove(job)

    async def _fail(self, job: Job, error: NarratedError) -> None:
        """Fail a job by a fault of its source; if no note can be written, it waits instead."""
        if self._has_ended(job):
            return
        if not await self._inbox.exists(job.path):
            await self._wait_for_absent(job, error)
            return
        job = self._ledger.jobs.get(job.id)  # it may have got another name meanwhile
        try:
            await self._notes.write(job, error)  # before the move: a kill repeats an open job
        except StorageError as refused:
            if not await self._outbox.is_open():
                await self._wait(job, JobReason.STORAGE, refused)
                return
            log_refused(job, refused)
        with self._ledger.transaction():
            self._ledger.jobs.move(job, JobState.FAILED, problem=error.problem, remedy=error.remedy)
            self._events.publish(JobFailed(job))
        about = fields(file=job.path, job=job.id)
        log.error("%s failed: %s", printable(job.path), error, extra=about)

    def _has_ended(self, job: Job) -> bool:
        """True if a job has ended, also because it gives way to a newer version now."""
        if not self._ledger.jobs.get(job.id).is_open:
            return True
        if self._ledger.jobs.is_newest(job):
            return False
        self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="a newer version")
        return True

    def _remove(self, job: Job) -> None:
        with self._ledger.transaction():
            self._ledger.jobs.move(job, JobState.REMOVED, problem="its source is gone")
            self._notes.remove_soon(job)  # of an earlier wait


def _why_unwanted(job: Job, plan: Plan) -> str:
    """Say why a source is not narrated, as the end of a sentence."""
    if is_gallery_path(job.path) and plan.draft.kind != "gallery":
        return "its folder is no gallery"
    if plan.draft.kind == "gallery" and not plan.shown:
        return "its folder has no picture that can be described"
    return "its settings say `narrate: false`"


def _unexpected(error: Exception) -> NarratedError:
    return NarratedError(
        f"Something in narrated itself went wrong: {type(error).__name__}: {error}.",
        "`journalctl -u narrated` holds the details; try again with `narrated retry FILE`.",
    )
