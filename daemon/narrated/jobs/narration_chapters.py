"""The chapters of a narration: those of its plan, at the times at which its lines are heard."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from narrated.audio.chapters import CHAPTERS_SUFFIX, Chapter, chapters_json, settled
from narrated.audio.encoder_requests import ChapterAtTake
from narrated.jobs.plan import Plan
from narrated.ledger.job import Job, JobCause
from narrated.os_error_remedies import storing
from narrated.outbox.manifest import Manifest, ManifestChapter
from narrated.outbox.published_files import PreparedFile

Pictures = Mapping[str, bytes]
"""Small JPEGs, by the addresses of their pictures in the source."""


def chapters_at_takes(plan: Plan, pictures: Pictures) -> list[ChapterAtTake]:
    """Give the chapters of a plan with the takes that begin them."""
    takes: dict[str, int] = {}
    for take, chunk in enumerate(plan.draft.chunks):
        takes.setdefault(chunk.line, take)
    return [
        ChapterAtTake(takes[each.line], each.title, pictures.get(each.picture))
        for each in plan.chapters
        if each.line in takes
    ]


def heard_chapters(
    plan: Plan, starts_s: Mapping[str, float], duration_s: float
) -> tuple[Chapter, ...]:
    """Give the chapters of a narration, by the times at which its lines start.

    They are those that the encoder writes, since both settle them from the same times.
    """
    chapters = (
        Chapter(each.title, starts_s[each.line], image=each.picture)
        for each in plan.chapters
        if each.line in starts_s
    )
    return settled(chapters, duration_s)


def published_chapters(job: Job, plan: Plan, found: Manifest) -> tuple[Chapter, ...]:
    """Give the chapters that a narration gets where its sound is carried over.

    One of before there were chapters gets them with a refresh alone.
    """
    if found.chapters is None and job.cause is not JobCause.REFRESH:
        return ()
    starts_s = [block.start_s for block in found.blocks]
    lines = (line.id for line in plan.draft.script.units)
    return heard_chapters(plan, dict(zip(lines, starts_s, strict=False)), found.duration_s)


def in_manifest(chapters: Iterable[Chapter]) -> tuple[ManifestChapter, ...]:
    """Give chapters as a manifest has them."""
    return tuple(ManifestChapter(each.title, each.start_s, each.image) for each in chapters)


def chapters_file(chapters: Sequence[Chapter], folder: Path) -> tuple[PreparedFile, ...]:
    """Write the file with the chapters, if there are any. Errors: StorageError."""
    if not chapters:
        return ()
    path = folder / "chapters.json"
    with storing(str(path)):
        path.write_bytes(chapters_json(chapters))
    return (PreparedFile(path, CHAPTERS_SUFFIX),)
