"""Cases of many one-line files dropped at once: their rate, their cost, and none lost."""

import hashlib
import time
from pathlib import Path
from statistics import median

from measuring import baselines, texts
from measuring.measured_daemon import MeasuredDaemon
from measuring.processes import peak_bytes
from measuring.program import Figure, say
from measuring.workspace import Workspace
from support.consistency import OutboxFiles, damaged
from support.daemon import toy

SHARE = 0.7
MOST_BYTES = 150 * 2**20
PATIENCE_S = 900.0
FOLDER = "dropped"


def notes(workspace: Workspace) -> list[Figure]:
    """Narrate a folder of one-line files, against a loop that does nothing else."""
    count, rounds = workspace.sizes.notes, workspace.sizes.rounds
    daemon_rates, bare_rates = [], []
    for number in range(rounds):
        say(f"notes: round {number + 1} of {rounds}")
        home = workspace.scratch / f"notes-{number}"
        source = _write(home.with_name(f"{home.name}-source"), count, number)
        target = home.with_name(f"{home.name}-bare")
        bare_rates.append(count / float(baselines.run("notes", source, target)["seconds"]))
        with MeasuredDaemon(home) as daemon:
            daemon_rates.append(count / _narrate_s(daemon, source, count))
    rate, bare_rate = median(daemon_rates), median(bare_rates)
    return [
        Figure(
            f"{count} one-line files dropped at once, against a bare loop of the same voice and "
            "encoder that writes its files durably",
            f"{rate / bare_rate:.2f} of its rate ({rate:.1f} to {bare_rate:.1f} files/s)",
            f"at least {SHARE}",
            rate >= SHARE * bare_rate,
        )
    ]


def flood(workspace: Workspace) -> list[Figure]:
    """Drop far more files than the kernel's queue may announce, with the toy engine."""
    count = workspace.sizes.flood
    say(f"flood: {count} files")
    home = workspace.scratch / "flood"
    source = _write(home.with_name("flood-source"), count, 99)
    with MeasuredDaemon(home, **toy(home)) as daemon:
        rate = count / _narrate_s(daemon, source, count)
        peak = peak_bytes(daemon.pid)
    outbox = OutboxFiles.read(daemon.outbox)
    published = {each.source.sha256 for each in outbox.manifests.values()}
    notes = [path.read_bytes() for path in (daemon.inbox / FOLDER).iterdir()]
    missing = sum(hashlib.sha256(note).hexdigest() not in published for note in notes)
    lost = missing + len(list(damaged(outbox)))
    return [
        Figure(f"{count} one-line files: lost", str(lost), "0", lost == 0),
        Figure(
            f"{count} one-line files: the daemon's most memory",
            f"{peak / 2**20:.0f} MiB (at {rate:.0f} files/s)",
            f"under {MOST_BYTES // 2**20} MiB",
            peak < MOST_BYTES,
        ),
    ]


def _write(folder: Path, count: int, seed: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"note-{number:05}.txt").write_text(texts.note(number, seed + 1))
    return folder


def _narrate_s(daemon: MeasuredDaemon, source: Path, count: int) -> float:
    """Rename a prepared folder into the inbox; seconds until all of it is published."""
    began_s = time.monotonic()
    source.rename(daemon.inbox / FOLDER)
    return daemon.wait_published(FOLDER, count, PATIENCE_S) - began_s
