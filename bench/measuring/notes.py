"""Many one-line files at once: how fast they are done, and what they cost."""

import hashlib
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

from measuring import bare, texts
from measuring.figure import Figure
from measuring.processes import peak_bytes
from measuring.stage import Stage
from measuring.subject import Subject, fast_engine

SHARE = 0.7
MOST_BYTES = 150 * 2**20
PATIENCE_S = 900.0
FOLDER = "dropped"


def notes(stage: Stage) -> list[Figure]:
    """A folder of one-line files, against a loop that does nothing else."""
    count = stage.sizes.notes
    daemon, loop = [], []
    for number in range(stage.sizes.rounds):
        stage.tell(f"notes: round {number + 1} of {stage.sizes.rounds}")
        source = _written(stage.scratch / f"notes-{number}-source", count, number)
        target = stage.scratch / f"notes-{number}-bare"
        loop.append(count / float(bare.run("notes", source, target)["seconds"]))
        with stage.subject(f"notes-{number}") as subject:
            began_s = _drop(subject, source)
            daemon.append(count / (_done(subject, count) - began_s))
    rate, bare_rate = median(daemon), median(loop)
    return [
        Figure(
            f"{count} one-line files dropped at once, against a bare loop of the same voice and "
            "encoder that writes its files durably",
            f"{rate / bare_rate:.2f} of its rate ({rate:.1f} to {bare_rate:.1f} files/s)",
            f"at least {SHARE}",
            rate >= SHARE * bare_rate,
        )
    ]


def flood(stage: Stage) -> list[Figure]:
    """Far more files than the kernel's queue may announce, with the fast engine."""
    count = stage.sizes.flood
    stage.tell(f"flood: {count} files")
    source = _written(stage.scratch / "flood-source", count, 99)
    settings = fast_engine(seconds_a_character=0.01)
    with stage.subject("flood", **settings) as subject:
        began_s = _drop(subject, source)
        rate = count / (_done(subject, count) - began_s)
        peak = peak_bytes(subject.pid)
    lost = sum(not _is_whole(subject, path) for path in sorted((subject.inbox / FOLDER).iterdir()))
    return [
        Figure(f"{count} one-line files: lost", str(lost), "0", lost == 0),
        Figure(
            f"{count} one-line files: the daemon's most memory",
            f"{peak / 2**20:.0f} MiB (at {rate:.0f} files/s)",
            f"under {MOST_BYTES // 2**20} MiB",
            peak < MOST_BYTES,
        ),
    ]


def _written(folder: Path, count: int, seed: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"note-{number:05}.txt").write_text(texts.note(number, seed + 1))
    return folder


def _drop(subject: Subject, source: Path) -> float:
    """Rename a prepared folder into the inbox; the instant before (monotonic)."""
    began_s = time.monotonic()
    source.rename(subject.inbox / FOLDER)
    return began_s


def _done(subject: Subject, count: int) -> float:
    return subject.wait(
        lambda: subject.published(FOLDER) >= count, f"not all of {count} files done", PATIENCE_S
    )


def _is_whole(subject: Subject, source: Path) -> bool:
    """Whether a source's narration stands in the outbox, of this content and with all its files."""
    folder = subject.outbox / FOLDER
    try:
        manifest: dict[str, Any] = json.loads((folder / f"{source.stem}.json").read_text())
        outputs = [(folder / each["name"], each["sha256"]) for each in manifest["outputs"]]
        is_same = manifest["source"]["sha256"] == _sha256(source)
        return is_same and all(_sha256(path) == digest for path, digest in outputs)
    except (OSError, ValueError, KeyError):
        return False


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
