"""Metadata of a narration: its tags, a picture's caption, and its manifest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from narrated import __version__
from narrated.audio.tags import AudioTags
from narrated.jobs.plan import Plan
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


def suffixes(job: Job, existing: Manifest) -> list[str]:
    """The suffixes of all files of a published narration, its manifest's own the last."""
    name = job.stem.rpartition("/")[2]
    return [each.name.removeprefix(name) for each in existing.outputs] + [MANIFEST_SUFFIX]


def carried_manifest(job: Job, older: Job, plan: Plan, existing: Manifest) -> bytes | None:
    """The manifest of a narration that is carried over; None if its lines differ."""
    lines = plan.draft.script.lines
    if len(lines) != len(existing.blocks):
        return None
    blocks = tuple(
        msgspec.structs.replace(block, block=line.block)
        for block, line in zip(existing.blocks, lines, strict=True)
    )
    return manifests.encode(
        msgspec.structs.replace(
            existing.renamed(job.path, older.stem, job.stem),
            source=ManifestSource(job.path, job.source_sha256),
            settings=_settings(plan),
            blocks=blocks,
            skipped=_skipped(plan),
            shows=plan.shown,
            consulted=plan.consulted,
        )
    )


def now() -> datetime:
    """The local time with its offset from UTC."""
    return datetime.now(UTC).astimezone()


def tags(job: Job, plan: Plan, cover: bytes | None) -> AudioTags:
    """The tags that players show; the album is the configured one, or the folder's name."""
    draft, output = plan.draft, plan.output
    folder = job.path.rpartition("/")[0].rpartition("/")[2]
    return AudioTags(
        title=draft.title,
        author=draft.author or output.author,
        album=output.album or folder or "narrated",
        date=draft.date,
        language=draft.language,
        cover=cover,
    )


def caption(plan: Plan, folder: Path) -> tuple[PreparedFile, ...]:
    """The text file with the caption of a picture that is a source itself."""
    if plan.draft.kind != "picture":
        return ()
    lines = plan.draft.script.lines
    said = [line.text for line in lines if line.role is Role.PICTURE]
    path = folder / "caption.txt"
    with storing(str(path)):
        path.write_text("\n".join(said or [line.text for line in lines]) + "\n", encoding="utf-8")
    return (PreparedFile(path, ".txt"),)


def manifest(
    job: Job, plan: Plan, rendered: RenderedNarration, outputs: tuple[ManifestOutput, ...]
) -> Manifest:
    """The manifest of a narration whose files are published."""
    draft = plan.draft
    narrator = draft.speakers["narrator"]
    return Manifest(
        program=f"narrated {__version__}",
        published=now().isoformat(timespec="seconds"),
        source=ManifestSource(job.path, job.source_sha256),
        outputs=outputs,
        title=draft.title,
        author=draft.author or plan.output.author,
        date=draft.date,
        language=draft.language,
        engine=narrator.engine,
        voice=narrator.voice,
        settings=_settings(plan),
        script=plan.narration,
        duration_s=round(rendered.duration_s, 3),
        blocks=rendered.blocks,
        skipped=_skipped(plan),
        shows=plan.shown,
        consulted=plan.consulted,
    )


def _settings(plan: Plan) -> dict[str, Any]:
    return {
        "script": msgspec.to_builtins(plan.settings),
        "speakers": msgspec.to_builtins(plan.draft.speakers),
        "edition": msgspec.to_builtins(plan.output),
    }


def _skipped(plan: Plan) -> tuple[SkippedPart, ...]:
    skipped = plan.draft.script.skipped
    return tuple(SkippedPart(each.block, each.kind, each.reason, each.text) for each in skipped)
