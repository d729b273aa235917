"""Publishing: brings a narration into the outbox."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from narrated import __version__
from narrated.audio.formats import LONG_SUFFIXES
from narrated.disk_threads import DiskThreads
from narrated.errors import NameRefused, NarratedError
from narrated.jobs.encoded_narration import EncodedNarration
from narrated.jobs.error_notes import ErrorNotes, now
from narrated.jobs.events import EventDispatcher, Published
from narrated.jobs.narration_chapters import chapters_file, in_manifest
from narrated.jobs.narration_takes import checks_of, takes_of
from narrated.jobs.plan import Plan
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.source_disposal import SourceDisposal
from narrated.jobs.source_moves import SourceMoves
from narrated.jobs.stem_assignment import StemAssignment
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.job_takes import ChunkTimes
from narrated.ledger.store import Ledger
from narrated.os_error_remedies import storing
from narrated.outbox import manifest as manifests
from narrated.outbox import published_files
from narrated.outbox.manifest import Manifest, ManifestOutput, ManifestSource, SkippedPart
from narrated.outbox.manifest_sentences import encoded_sentences
from narrated.outbox.manifest_takes import ManifestTakes, encoded_takes
from narrated.outbox.published_files import PreparedFile
from narrated.script.model_free_caption import HOW_TO_CAPTION, is_model_free
from narrated.script.script import Role


@dataclass(frozen=True, slots=True)
class Publication:
    """The files that complete a job, and the news of it."""

    write: Callable[[], object]
    """Brings the files into the outbox; called in a thread."""
    duration_s: float
    event: Callable[[Job], object]
    """Makes the event from the finished job."""
    older: Job | None = None
    """The job whose narration is carried over; None if this one was spoken."""
    takes: ManifestTakes | None = None
    """Verdicts on its takes; None if they were not checked."""
    times: ChunkTimes = ()
    """When its chunks are heard; empty if that is not known."""
    checks: bytes = b""
    """The check of each of them; empty if that is not known."""
    is_checked: bool = True
    """True if the job itself made the verdicts, not the older one."""
    new: frozenset[str] = frozenset()
    """The digests of its chunks that were not out before."""


@dataclass(eq=False)
class Publisher:
    """Publishes narrations. A publication that has begun is finished, never cancelled."""

    _ledger: Ledger
    _disposal: SourceDisposal
    _moves: SourceMoves
    _notes: ErrorNotes
    _outbox: ShieldedOutboxChanges
    _events: EventDispatcher
    _work_disk: DiskThreads
    _stems: StemAssignment
    _follow_up: Callable[[Job, Plan, frozenset[str]], object] = lambda job, plan, new: None
    """Called with each job that published, in the transaction that finishes it.

    The set has the digests of its chunks that were not out before.
    """

    async def publish(self, job: Job, plan: Plan, encoded: EncodedNarration) -> None:
        """Bring all files into the outbox; the job is then done.

        If the file system refuses the job's name, the job gets another one. Errors: NameRefused if
        there is none.
        """
        await self._outbox.finish(self._publish_and_discard(job, plan, encoded))

    async def complete(self, job: Job, plan: Plan, publication: Publication) -> None:
        """Publish files and finish the job, unless it gave way to a newer version meanwhile.

        The caller holds the lock of the narration. Errors: StorageError, NameRefused.
        """
        if self._begin(job, JobState.PLANNED if publication.older else JobState.SPEAKING):
            has_note = await self._write_files(job, publication.write)
            await self._notes.remove_unless_needed(job, stands=has_note)
            await self._finish(job, plan, publication)

    def may_stand(self, stem: str, suffix: str) -> bool:
        """True if a file with this suffix may stand beside a narration."""
        return suffix not in LONG_SUFFIXES or self._stems.has_room(stem, suffix)

    async def _publish_and_discard(self, job: Job, plan: Plan, encoded: EncodedNarration) -> None:
        try:
            await self._publish_under_some_name(job, plan, encoded)
        finally:
            await self._work_disk.run(encoded.discard)

    async def _publish_under_some_name(
        self, job: Job, plan: Plan, encoded: EncodedNarration
    ) -> None:
        while True:
            try:
                async with self._outbox.lock(job.stem):
                    return await self._publish(job, plan, encoded)
            except NameRefused as refused:  # what is encoded serves under any name
                job = self._stems.replace_refused(job, refused)

    async def _publish(self, job: Job, plan: Plan, encoded: EncodedNarration) -> None:
        refused = {suffix for suffix in LONG_SUFFIXES if not self.may_stand(job.stem, suffix)}
        guid = self._ledger.episodes.guid(job.path)
        takes = takes_of(plan, encoded.verdicts, encoded.chunk_times)
        write = partial(self._write, job, plan, encoded, takes, refused, guid)
        engine = plan.draft.speakers["narrator"].engine
        event = partial(Published, engine=engine, takes=takes)
        publication = Publication(
            write,
            encoded.duration_s,
            event,
            takes=takes,
            times=encoded.chunk_times,
            checks=checks_of(plan, encoded.verdicts),
            new=encoded.new,
        )
        await self.complete(job, plan, publication)

    def _begin(self, job: Job, state: JobState) -> bool:
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

    async def _write_files(self, job: Job, write: Callable[[], object]) -> bool:
        """Write a job's files; returns whether its error note stands beside them.

        If that is refused and a newer version exists, the job ends.
        """

        def write_and_look() -> bool:
            write()
            return self._notes.stands(job)

        try:
            has_note = await self._outbox.run(write_and_look)
        except NarratedError:
            if not self._ledger.jobs.is_newest(job):
                self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="a newer version")
            raise
        self._outbox.record_device()
        return has_note

    def _write(
        self,
        job: Job,
        plan: Plan,
        encoded: EncodedNarration,
        takes: ManifestTakes | None,
        refused: Container[str],
        guid: str,
    ) -> None:
        """Write the files of a narration, without those of the suffixes that are `refused`."""
        folder = encoded.audio.parent
        others = _caption(plan, folder) + chapters_file(encoded.chapters, folder)
        published_files.publish(
            self._outbox.folder,
            job.stem,
            [each for each in encoded.prepared + others if each.suffix not in refused],
            lambda outputs: manifests.encode(_manifest(job, plan, encoded, takes, outputs, guid)),
        )

    async def _finish(self, job: Job, plan: Plan, publication: Publication) -> None:
        """Finish a job whose files are in the outbox.

        Everything else in the outbox is brought up to date before the ledger says `done`, because
        a kill before that repeats all of it.
        """
        older = publication.older
        if older is None or (older.path == job.path and job.cause is JobCause.FOUND):
            await self._moves.withdraw_moved(job)  # it may be a copy whose original is gone
        await self._moves.withdraw_renamed(job)
        with self._ledger.transaction():
            self._inherit_checks(job, publication)
            done = self._ledger.jobs.finish(job, publication.duration_s)
            told = publication.takes, publication.times, publication.checks
            self._ledger.job_takes.record(job.id, *told)
            self._events.publish(publication.event(done))
            self._follow_up(done, plan, publication.new)
            if older is not None and older.path != job.path:
                self._moves.supersede(older, job)
            leaving = self._disposal.release(job)
        try:
            if older is not None and older.path != job.path:
                await self._moves.report_returned(older)
            await self._moves.follow(done)
        finally:
            if leaving is not None:
                await self._disposal.remove(leaving, {**plan.shown, **plan.script})

    def _inherit_checks(self, job: Job, publication: Publication) -> None:
        """Keep what is known of an older narration's takes, and due: both end with its job."""
        older = publication.older
        before = older or self._ledger.jobs.published(job.path)
        if before is not None and job.cause is not JobCause.CHECK:
            self._ledger.due_checks.inherit(job.id, before.id)
        if older is not None and not publication.is_checked:
            self._ledger.checked_chunks.inherit(job.id, older.id)


def _caption(plan: Plan, folder: Path) -> tuple[PreparedFile, ...]:
    """The text file with the caption of a picture that is a source itself.

    Without a captioning model, it also tells how to get one.
    """
    if plan.draft.kind != "picture":
        return ()
    lines = plan.draft.script.lines
    said = [line.text for line in lines if line.role is Role.PICTURE]
    said = said or [line.text for line in lines]
    if any(map(is_model_free, said)):
        said += ["", HOW_TO_CAPTION]
    path = folder / "caption.txt"
    with storing(str(path)):
        path.write_text("\n".join(said) + "\n", encoding="utf-8")
    return (PreparedFile(path, ".txt"),)


def _manifest(
    job: Job,
    plan: Plan,
    encoded: EncodedNarration,
    takes: ManifestTakes | None,
    outputs: tuple[ManifestOutput, ...],
    guid: str,
) -> Manifest:
    draft = plan.draft
    narrator = draft.speakers["narrator"]
    return Manifest(
        program=f"narrated {__version__}",
        published=now().isoformat(timespec="seconds"),
        outputs=outputs,
        title=draft.title,
        author=draft.author or plan.output.author,
        date=draft.date,
        language=draft.language,
        engine=narrator.engine,
        voice=narrator.voice,
        script=plan.narration,
        duration_s=encoded.duration_s,
        blocks=encoded.blocks,
        chapters=in_manifest(encoded.chapters),
        sentences=encoded_sentences(encoded.sentences),
        takes=encoded_takes(takes),
        guid=guid,
        **version_fields(job, plan),
    )


def version_fields(job: Job, plan: Plan) -> dict[str, Any]:
    """The fields of the manifest that another version of the source may change."""
    return {
        "source": ManifestSource(job.path, job.source_sha256),
        "settings": {
            "script": msgspec.to_builtins(plan.settings),
            "speakers": msgspec.to_builtins(plan.draft.speakers),
            "edition": plan.output.published,
        },
        "skipped": tuple(
            SkippedPart(each.block, each.kind, each.reason, each.text)
            for each in plan.draft.script.skipped
        ),
        "shows": plan.shown,
        "description": plan.draft.description,
        "tags": plan.draft.tags,
        "consulted": plan.consulted,
        "publish_at": plan.draft.publish_at,
    }
