"""What is written on a narration: its tags, a picture's caption, its manifest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from narrated import __version__
from narrated.ledger.job import Job
from narrated.narrate.manuscript import Manuscript
from narrated.narrate.recording import Recorded
from narrated.outbox import manifest as manifests
from narrated.outbox.manifest import MANIFEST_SUFFIX, Manifest, Output, Skipped, Source
from narrated.outbox.publish import Prepared
from narrated.outbox.tags import Tags
from narrated.outbox.trouble import storing
from narrated.script.script import Role


def suffixes(job: Job, standing: Manifest) -> list[str]:
    """The suffixes of all files of a narration that stands, its manifest's own the last."""
    name = job.stem.rpartition("/")[2]
    return [each.name.removeprefix(name) for each in standing.outputs] + [MANIFEST_SUFFIX]


def carried(job: Job, older: Job, manuscript: Manuscript, standing: Manifest) -> bytes | None:
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
            source=Source(job.path, job.source_sha256),
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


def tags(job: Job, manuscript: Manuscript, cover: bytes | None) -> Tags:
    """What players show; the album is the configured one, else the folder's name."""
    plan, edition = manuscript.plan, manuscript.edition
    folder = job.path.rpartition("/")[0].rpartition("/")[2]
    return Tags(
        title=plan.title,
        author=plan.author or edition.author,
        album=edition.album or folder or "narrated",
        date=plan.date,
        language=plan.language,
        cover=cover,
    )


def caption(manuscript: Manuscript, folder: Path) -> tuple[Prepared, ...]:
    """A dropped picture's description as a text of its own."""
    if manuscript.plan.kind != "picture":
        return ()
    lines = manuscript.plan.script.lines
    said = [line.text for line in lines if line.role is Role.PICTURE]
    path = folder / "caption.txt"
    with storing(str(path)):
        path.write_text("\n".join(said or [line.text for line in lines]) + "\n", encoding="utf-8")
    return (Prepared(path, ".txt"),)


def manifest(
    job: Job, manuscript: Manuscript, recorded: Recorded, outputs: tuple[Output, ...]
) -> Manifest:
    """The manifest of a narration whose files are published."""
    plan = manuscript.plan
    narrator = plan.speakers["narrator"]
    return Manifest(
        program=f"narrated {__version__}",
        published=now().isoformat(timespec="seconds"),
        source=Source(job.path, job.source_sha256),
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


def _settings(manuscript: Manuscript) -> dict[str, Any]:
    return {
        "script": msgspec.to_builtins(manuscript.settings),
        "speakers": msgspec.to_builtins(manuscript.plan.speakers),
        "edition": msgspec.to_builtins(manuscript.edition),
    }


def _skipped(manuscript: Manuscript) -> tuple[Skipped, ...]:
    skipped = manuscript.plan.script.skipped
    return tuple(Skipped(each.block, each.kind, each.reason, each.text) for each in skipped)
