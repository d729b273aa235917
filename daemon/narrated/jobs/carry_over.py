"""Carrying over: keeps a published narration, under its source's new name or version."""

import dataclasses
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from narrated.audio.chapters import CHAPTERS_SUFFIX, Chapter
from narrated.audio.formats import FORMATS, LONG_SUFFIXES, TRANSCRIPT_SUFFIXES
from narrated.disk_threads import DiskThreads
from narrated.errors import NarratedError
from narrated.jobs.chunk_verdicts import ChunkVerdict
from narrated.jobs.events import CarriedOver
from narrated.jobs.narration_chapters import chapters_file, in_manifest, published_chapters
from narrated.jobs.narration_removal import suffixes
from narrated.jobs.narration_sentences import carried_sentences
from narrated.jobs.narration_tags import TagMaker, same_tags
from narrated.jobs.narration_takes import (
    carried_takes,
    checks_of,
    takes_of,
    times_of_lines,
    with_earlier_takes,
)
from narrated.jobs.plan import Plan
from narrated.jobs.publisher import Publication, Publisher, version_fields
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.source_moves import SourceMoves
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.job_takes import ChunkTimes
from narrated.ledger.store import Ledger
from narrated.outbox import manifest as manifests
from narrated.outbox import published_files, untrusted_reads
from narrated.outbox.case_variants import is_one_place
from narrated.outbox.manifest import Manifest
from narrated.outbox.manifest_sentences import decoded_sentences, encoded_sentences
from narrated.outbox.manifest_takes import ManifestTakes, decoded_takes, encoded_takes
from narrated.outbox.published_files import PreparedFile
from narrated.workers.encoder_pool import EncoderPool


@dataclass(frozen=True, slots=True)
class _Kept:
    """A narration that is carried over."""

    older: Job
    """Its job."""
    found: Manifest
    """Its manifest, as it stands."""
    manifest: Manifest
    """Its manifest from now on."""
    takes: ManifestTakes | None
    times: ChunkTimes
    checks: bytes
    is_checked: bool
    """True if the job checked its takes again."""


@dataclass(eq=False)
class CarryOver:
    """Moves the files of a narration whose words are unchanged, and writes a new manifest.

    Where album, cover, description, tags or chapters differ, a copy of the sound is tagged again
    and published instead.
    """

    _ledger: Ledger
    _outbox: ShieldedOutboxChanges
    _publisher: Publisher
    _moves: SourceMoves
    _tags: TagMaker
    _encoders: EncoderPool
    _work: Path
    _work_disk: DiskThreads

    async def attempt(self, job: Job, plan: Plan, verdicts: Sequence[ChunkVerdict] = ()) -> bool:
        """Keep a published narration with the same words instead; True if that ends the job.

        It is that of this path, or of a source that has moved here. `verdicts`: on its takes,
        if the job made them again.
        """
        published = self._ledger.jobs.published(job.path)
        for older in ([published] if published else []) + await self._moves.moved_from(job):
            is_same = older.narration == plan.narration
            if is_same and await self._carry_over(job, older, plan, verdicts):
                return True
        return False

    async def inherit_takes(self, job: Job) -> None:
        """Let a source that moved here keep the takes that were chosen for it."""
        for older in await self._moves.moved_from(job):
            if self._ledger.takes.choices(older.path):
                self._ledger.takes.inherit_choices(job.path, older.path)

    async def _carry_over(
        self, job: Job, older: Job, plan: Plan, verdicts: Sequence[ChunkVerdict]
    ) -> bool:
        if self._ledger.jobs.get(older.id).state is not JobState.DONE:
            return False
        found = await self._outbox.run(partial(_intact, self._outbox.folder, older))
        if found and job.cause is JobCause.REFRESH and not _has_all_transcripts(older, found):
            return False  # one of before there were several; encoding makes them
        kept = found and await self._kept(job, older, plan, found, verdicts)
        if not (found and kept):
            return False
        chapters = published_chapters(job, plan, found)
        write: Callable[[], object]
        names = suffixes(older, found)
        are_published = self._are_published(job, found, names, chapters)
        if same_tags(job, older, plan, found) and are_published:
            content = manifests.encode(kept.manifest)
            move = partial(published_files.move, self._outbox.folder, older.stem, job.stem)
            write = partial(move, names, content)
            return await self._outbox.finish(self._complete(job, plan, kept, write))
        files = await self._tagged_copy(job, older, plan, found, chapters)
        if files is None:
            return False
        if chapters or found.chapters is not None:
            manifest = replace(kept.manifest, chapters=in_manifest(chapters))
            kept = dataclasses.replace(kept, manifest=manifest)
        write = partial(self._write_copy, job, kept, files)
        return await self._outbox.finish(self._complete_copy(job, plan, kept, write))

    async def _kept(
        self, job: Job, older: Job, plan: Plan, found: Manifest, verdicts: Sequence[ChunkVerdict]
    ) -> _Kept | None:
        """Make the manifest of a carried narration in a thread: that of a book is long."""
        times = self._ledger.job_takes.times(older.id)
        takes = self._ledger.job_takes.report(older.id)
        checks = self._ledger.job_takes.checks(older.id)

        def make() -> _Kept | None:
            manifest = _carried_manifest(job, older, plan, found)
            if manifest is None:
                return None
            known = times or times_of_lines(plan, found.blocks)
            before = carried_takes(takes or decoded_takes(found.takes), plan)
            told = takes_of(plan, with_earlier_takes(verdicts, before), known) or before
            manifest = replace(manifest, takes=encoded_takes(told))
            now = checks_of(plan, verdicts) if verdicts else checks
            return _Kept(older, found, manifest, told, known, now, bool(verdicts))

        return await self._work_disk.run(make)

    def _are_published(
        self, job: Job, found: Manifest, present: Iterable[str], chapters: Sequence[Chapter]
    ) -> bool:
        """True if a narration has these chapters, and its files may stand under a job's name."""
        may_stand = all(self._publisher.may_stand(job.stem, each) for each in present)
        return may_stand and in_manifest(chapters) == (found.chapters or ())

    async def _complete_copy(
        self, job: Job, plan: Plan, kept: _Kept, write: Callable[[], object]
    ) -> bool:
        try:
            return await self._complete(job, plan, kept, write)
        finally:
            await self._discard_copy(job)

    async def _complete(
        self, job: Job, plan: Plan, kept: _Kept, write: Callable[[], object]
    ) -> bool:
        """Complete the job, unless the older narration is no longer as it was found."""
        # Sort the locks: two sources that swap their paths carry over from each other.
        older = kept.older
        first, second = sorted((older.stem, job.stem))
        async with self._outbox.lock(first), self._outbox.lock(second, other=first):
            read = partial(untrusted_reads.manifest, self._outbox.folder, older.stem)
            is_published = self._ledger.jobs.get(older.id).state is JobState.DONE
            if not is_published or await self._outbox.run(read) != kept.found:
                return False
            told = kept.takes if kept.is_checked else None
            event = partial(CarriedOver, older=older, takes=told)
            found = (kept.takes, kept.times, kept.checks, kept.is_checked)
            publication = Publication(write, older.duration_s, event, older, *found)
            await self._publisher.complete(job, plan, publication)
            return True

    def _write_copy(self, job: Job, kept: _Kept, files: Sequence[PreparedFile]) -> None:
        outbox, older = self._outbox.folder, kept.older
        published_files.publish(
            outbox,
            job.stem,
            files,
            lambda outputs: manifests.encode(replace(kept.manifest, outputs=outputs)),
        )
        if not is_one_place(outbox, older.stem, job.stem):
            published_files.withdraw(outbox, older.stem, suffixes(older, kept.found))

    async def _tagged_copy(
        self, job: Job, older: Job, plan: Plan, found: Manifest, chapters: Sequence[Chapter]
    ) -> Sequence[PreparedFile] | None:
        """Copy the files and write the plan's tags, which can be cancelled; None if not ours."""
        copy = partial(
            published_files.copy_out,
            self._outbox.folder,
            older.stem,
            found,
            self._copy_folder(job),
        )
        try:
            if files := await self._outbox.run(copy):
                await self._tag(job, plan, files, older.duration_s, chapters)
                return await self._with_chapters_file(job, files, chapters)
        except NarratedError:  # a stranger's sound; of anything else, the encoding tells
            pass
        except BaseException:
            await self._outbox.finish(self._discard_copy(job))
            raise
        await self._discard_copy(job)
        return None

    async def _with_chapters_file(
        self, job: Job, files: Iterable[PreparedFile], chapters: Sequence[Chapter]
    ) -> Sequence[PreparedFile]:
        """Replace the file with the chapters by a new one."""
        others = [file for file in files if file.suffix != CHAPTERS_SUFFIX]
        write = partial(chapters_file, chapters, self._copy_folder(job))
        every = [*others, *await self._work_disk.run(write)]
        return [each for each in every if self._publisher.may_stand(job.stem, each.suffix)]

    async def _tag(
        self,
        job: Job,
        plan: Plan,
        files: Iterable[PreparedFile],
        duration_s: float,
        chapters: Iterable[Chapter],
    ) -> None:
        format, pictures = plan.output.format, await self._tags.pictures(plan)
        shown = (replace(each, picture=pictures.get(each.image)) for each in chapters)
        tags = replace(await self._tags.make(job, plan), chapters=tuple(shown))
        for file in files:
            if file.suffix == FORMATS[format].suffix:
                await self._encoders.tag(file.path, format, tags, duration_s, job.id)

    def _copy_folder(self, job: Job) -> Path:
        return self._work / f"{job.id}-tags"

    async def _discard_copy(self, job: Job) -> None:
        await self._work_disk.run(
            partial(shutil.rmtree, self._copy_folder(job), ignore_errors=True)
        )


def _intact(outbox: Path, older: Job) -> Manifest | None:
    """The manifest of a narration if its files are complete and ours."""
    found = published_files.intact(outbox, older.stem, older.duration_s)
    if found is None or found.source.sha256 != older.source_sha256:
        return None  # another source's narration may have taken this name
    return found


def _has_all_transcripts(older: Job, found: Manifest) -> bool:
    """True if a narration has the transcripts whose names always fit."""
    return not {each for each in TRANSCRIPT_SUFFIXES if each not in LONG_SUFFIXES}.difference(
        suffixes(older, found)
    )


def _carried_manifest(job: Job, older: Job, plan: Plan, existing: Manifest) -> Manifest | None:
    """The manifest of a narration that is carried over; None if its lines differ."""
    lines = plan.draft.script.units
    if len(lines) != len(existing.blocks):
        return None
    blocks = tuple(
        replace(block, block=line.block) for block, line in zip(existing.blocks, lines, strict=True)
    )
    renamed = existing.renamed(job.path, older.stem, job.stem)
    sentences = decoded_sentences(existing.sentences)
    carried = encoded_sentences(carried_sentences(sentences, existing.blocks, plan.draft))
    return replace(renamed, blocks=blocks, sentences=carried, **version_fields(job, plan))
