"""Narrates a document once for somebody at a terminal: without a job, an inbox or an outbox."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import msgspec

from narrated.audio.encoder_requests import TakeToAdd
from narrated.errors import SourceError
from narrated.jobs.encoded_narration import EncodedNarration
from narrated.jobs.job_progress import JobProgress
from narrated.jobs.narration_encoder import take_of
from narrated.jobs.narration_rendering import NarrationRenderer
from narrated.jobs.plan import JobDefaults, Plan, PlanOutdated
from narrated.jobs.planner import Planner
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.take_cache import TakeCache
from narrated.printable import printable
from narrated.script.script import Role
from narrated.script.take_check_settings import NO_CHECKS


@dataclass(frozen=True, slots=True)
class OneOffDocument:
    """A text or a picture that is narrated once."""

    path: str
    """Its path below the root of the app; the suffix tells the format."""
    content: bytes
    place: str = ""
    """Its path with more folders than the root has; empty if it has no other."""
    made_up_title: str = ""
    """The title that only a made-up name gives it: it is neither said nor written into tags."""
    of_folders: bool = True
    """True if the settings of its folders apply to it."""


OnPlan = Callable[[Sequence[TakeToAdd]], None]
"""Called once a document is planned, with the takes that its sound will be made of, in order.

There are none if several engines speak: their sounds cannot be joined as they are.
"""


@dataclass(eq=False)
class OneOffNarrator:
    """Plans, speaks, encodes and tags a document; takes stay in the cache."""

    _planner: Planner
    _speaker: NarrationRenderer
    _cache: TakeCache

    async def narrate(
        self,
        document: OneOffDocument,
        defaults: JobDefaults,
        progress: JobProgress,
        on_plan: OnPlan = lambda takes: None,
    ) -> EncodedNarration:
        """Narrate a document as a job would; its files lie in the app's work folder.

        Errors: as a job's, such as SourceError, EngineUnavailable, StorageError.
        """
        speak = partial(self._speak, document, defaults, progress, on_plan)
        try:
            return await speak()
        except PlanOutdated:  # for example, a voice was replaced a moment ago
            return await speak()

    async def _speak(
        self,
        document: OneOffDocument,
        defaults: JobDefaults,
        progress: JobProgress,
        on_plan: OnPlan,
    ) -> EncodedNarration:
        plan = await self._plan(document, defaults)
        count = len(plan.keys) if len(plan.engines) == 1 else 0
        on_plan([take_of(plan, seq, self._cache) for seq in range(count)])
        return await self._speaker.speak(progress.job, plan, progress)

    async def _plan(self, document: OneOffDocument, defaults: JobDefaults) -> Plan:
        plan = await self._planner.plan_once(
            document.path,
            document.content,
            defaults,
            document.place,
            of_folders=document.of_folders,
        )
        plan = _unchecked(plan)
        if plan.draft.title == document.made_up_title:
            plan = _without_title(plan)
        if not plan.draft.chunks:
            problem = f"{printable(document.path)} holds no words, so there is nothing to say."
            raise SourceError(problem, "Write something in it.")
        return plan


def job_of(document: OneOffDocument) -> Job:
    """Make a job of a document that no ledger knows: its id is 0."""
    now = time.time()
    content = document.content
    return Job(
        id=0,
        path=document.path,
        state=JobState.SPEAKING,
        cause=JobCause.FOUND,
        source_sha256=sha256(content).hexdigest(),
        size_bytes=len(content),
        stem=document.path,
        created_at=now,
        changed_at=now,
    )


def _unchecked(plan: Plan) -> Plan:
    """Drop the checks of takes: somebody listens, and their player knows the takes by the plan."""
    settings = msgspec.structs.replace(plan.settings, takes=NO_CHECKS)
    return msgspec.structs.replace(plan, settings=settings)


def _without_title(plan: Plan) -> Plan:
    chunks = plan.draft.chunks
    kept = [seq for seq, chunk in enumerate(chunks) if chunk.role is not Role.TITLE]
    draft = msgspec.structs.replace(plan.draft, title="", chunks=tuple(chunks[seq] for seq in kept))
    of_kept = {
        name: tuple(getattr(plan, name)[seq] for seq in kept)
        for name in ("digests", "takes", "keys")
    }
    return msgspec.structs.replace(plan, draft=draft, **of_kept)
