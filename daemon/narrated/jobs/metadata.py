"""What is written on a narration: its tags, a picture's caption, its manifest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from narrated import __version__
from narrated.audio.tags import AudioTags
from narrated.jobs.planner import Plan
from narrated.jobs.render import RenderedNarration
from narrated.ledger.job import Job
from narrated.outbox import manifest as manifests
from narrated.outbox.manifest import (
    MANIFEST_SUFFIX,
    Manifest,
    ManifestOutput,
    ManifestSource,
    SkippedPart,
)
from narrated.outbox.publish import PreparedFile
from narrated.script.script import Role
from narrated.storage_errors import storing


def suffixes(job: Job, standing: Manifest) -> list[str]:
    """The suffixes of all files of a narration that stands, its manifest's own the last."""
    name = job.stem.rpartition("/")[2]
    return [each.name.removeprefix(name) for each in standing.outputs] + [MANIFEST_SUFFIX]


def carried(job: Job, older: Job, manuscript: Plan, standing: Manifest) -> bytes | None:
    """The manifest that a narration gets in its new place; None where its lines differ."""
    lines = manuscript.plan.script.lines
    if len(lines) != len(standing.blocks):
        return None
    blocks = tuple(
        msgspec.structs.replace(block, block=line.block)
        for block, line in zip(standing.blocks, lines, strict=True)
    )
    return manifests.encode(
        msgspec.structs.replace(
            standing.renamed(job.path, older.stem, job.stem),
            source=ManifestSource(job.path, job.source_sha256),
            settings=_settings(manuscript),
            blocks=blocks,
            skipped=_skipped(manuscript),
            shows=manuscript.shown,
            consulted=manuscript.consulted,
        )
    )


def now() -> datetime:
    """The time on this box's clock, with its offset."""
    return datetime.now(UTC).astimezone()


def tags(job: Job, manuscript: Plan, cover: bytes | None) -> AudioTags:
    """What players show; the album is the configured one, else the folder's name."""
    plan, edition = manuscript.plan, manuscript.edition
    folder = job.path.rpartition("/")[0].rpartition("/")[2]
    return AudioTags(
        title=plan.title,
        author=plan.author or edition.author,
        album=edition.album or folder or "narrated",
        date=plan.date,
        language=plan.language,
        cover=cover,
    )


def caption(manuscript: Plan, folder: Path) -> tuple[PreparedFile, ...]:
    """A dropped picture's description as a text of its own."""
    if manuscript.plan.kind != "picture":
        return ()
    lines = manuscript.plan.script.lines
    said = [line.text for line in lines if line.role is Role.PICTURE]
    path = folder / "caption.txt"
    with storing(str(path)):
        path.write_text("\n".join(said or [line.text for line in lines]) + "\n", encoding="utf-8")
    return (PreparedFile(path, ".txt"),)


def manifest(
    job: Job, manuscript: Plan, recorded: RenderedNarration, outputs: tuple[ManifestOutput, ...]
) -> Manifest:
    """The manifest of a narration whose files are published."""
    plan = manuscript.plan
    narrator = plan.speakers["narrator"]
    return Manifest(
        program=f"narrated {__version__}",
        published=now().isoformat(timespec="seconds"),
        source=ManifestSource(job.path, job.source_sha256),
        outputs=outputs,
        title=plan.title,
        author=plan.author or manuscript.edition.author,
        date=plan.date,
        language=plan.language,
        engine=narrator.engine,
        voice=narrator.voice,
        settings=_settings(manuscript),
        script=manuscript.narration,
        duration_s=round(recorded.duration_s, 3),
        blocks=recorded.blocks,
        skipped=_skipped(manuscript),
        shows=manuscript.shown,
        consulted=manuscript.consulted,
    )


def _settings(manuscript: Plan) -> dict[str, Any]:
    return {
        "script": msgspec.to_builtins(manuscript.settings),
        "speakers": msgspec.to_builtins(manuscript.plan.speakers),
        "edition": msgspec.to_builtins(manuscript.edition),
    }


def _skipped(manuscript: Plan) -> tuple[SkippedPart, ...]:
    skipped = manuscript.plan.script.skipped
    return tuple(SkippedPart(each.block, each.kind, each.reason, each.text) for each in skipped)
