"""Publishing: tags a rendered narration and brings its files into the outbox."""

from collections.abc import Callable

from narrated.audio.tags import tag
from narrated.errors import NarratedError
from narrated.jobs import metadata
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher, Published
from narrated.jobs.outbox_access import OutboxAccess
from narrated.jobs.plan import Plan
from narrated.jobs.planner import Planner
from narrated.jobs.render import RenderedNarration
from narrated.jobs.source_disposal import SourceDisposal
from narrated.jobs.withdrawal import Withdrawal
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import manifest as manifests
from narrated.outbox import publish


class Publisher:
    """Publishes narrations. A publication that has begun is finished, never cancelled."""

    def __init__(
        self,
        ledger: Ledger,
        planner: Planner,
        disposal: SourceDisposal,
        withdrawal: Withdrawal,
        notes: ErrorNotes,
        outbox: OutboxAccess,
        events: EventDispatcher,
    ) -> None:
        self._ledger = ledger
        self._planner = planner
        self._disposal = disposal
        self._withdrawal = withdrawal
        self._notes = notes
        self._outbox = outbox
        self._events = events

    async def publish(self, job: Job, plan: Plan, rendered: RenderedNarration) -> None:
        """Tag the audio and bring all files into the outbox; the job is then done."""
        await self._outbox.finish(self._publish_and_discard(job, plan, rendered))

    async def _publish_and_discard(self, job: Job, plan: Plan, rendered: RenderedNarration) -> None:
        try:
            async with self._outbox.lock(job.stem):
                await self._publish(job, plan, rendered)
        finally:
            rendered.discard()

    async def _publish(self, job: Job, plan: Plan, rendered: RenderedNarration) -> None:
        cover = await self._planner.cover(plan, job)
        if not self.begin(job, JobState.SPEAKING):
            return
        await self.write_files(job, lambda: self._write(job, plan, rendered, cover))
        engine = plan.draft.speakers["narrator"].engine
        await self.finish(job, plan, rendered.duration_s, lambda done: Published(done, engine))

    def begin(self, job: Job, state: JobState) -> bool:
        """Move a job from `state` to publishing; from here on nothing stops it.

        False if the job was superseded or cancelled while it waited, or if a newer version was
        published first after a restart.
        """
        current = self._ledger.jobs.get(job.id).state
        has_begun = current is JobState.PUBLISHING  # before a restart
        if not has_begun and current is not state:
            return False
        published = self._ledger.jobs.published(job.path)
        if published is not None and published.id > job.id:
            self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="a newer version")
            return False
        if not has_begun:
            self._ledger.jobs.move(job, JobState.PUBLISHING)
        return True

    async def write_files(self, job: Job, write: Callable[[], object]) -> None:
        """Write a job's files; if that is refused and a newer version exists, the job ends."""
        try:
            await self._outbox.run(write)
        except NarratedError:
            if not self._ledger.jobs.is_newest(job):
                self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="a newer version")
            raise
        self._outbox.record_device()

    async def finish(
        self,
        job: Job,
        plan: Plan,
        duration_s: float,
        event: Callable[[Job], object],
        older: Job | None = None,
    ) -> None:
        """Finish a job whose files are in the outbox, carried over from `older` if it is given.

        Everything else in the outbox is brought up to date before the ledger says `done`, because
        a kill before that repeats all of it.
        """
        self._notes.remove_unless_needed(job)
        if older is None or (older.path == job.path and job.cause is JobCause.FOUND):
            await self._withdrawal.replace_moved(job)  # it may be a copy whose original is gone
        with self._ledger.transaction():
            done = self._ledger.jobs.finish(job, duration_s)
            self._events.publish(event(done))
            if older is not None and older.path != job.path:
                self._withdrawal.supersede_moved(older, job)
            leaving = self._disposal.release(job)
        try:
            await self._withdrawal.follow_move(done)
        finally:
            if leaving is not None:
                await self._disposal.remove(leaving, plan.shown)

    def _write(
        self, job: Job, plan: Plan, rendered: RenderedNarration, cover: bytes | None
    ) -> None:
        tag(rendered.audio, plan.output.format, metadata.tags(job, plan, cover))
        publish.publish(
            self._outbox.folder,
            job.stem,
            rendered.prepared() + metadata.caption(plan, rendered.audio.parent),
            lambda outputs: manifests.encode(metadata.manifest(job, plan, rendered, outputs)),
        )
