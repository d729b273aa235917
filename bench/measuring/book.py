"""Case of a ten-hour book: memory stays flat from the first hour of sound to the last."""

import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from statistics import median

from measuring import baselines, texts
from measuring.measured_daemon import MeasuredDaemon
from measuring.processes import memory_bytes
from measuring.program import Figure, NotTaken, say
from measuring.workspace import Workspace
from support.daemon import toy

HOURS = 10
TOLERANCE = 0.10
PATIENCE_S = 1800.0
SAMPLE_S = 0.2
SECONDS_A_CHARACTER = 0.068


def book(workspace: Workspace) -> list[Figure]:
    """Measure the memory of all processes in each hour of the sound, while it is being made."""
    say("book: narrating it")
    home = workspace.scratch / "book"
    with MeasuredDaemon(home, **toy(home, seconds_a_character=SECONDS_A_CHARACTER)) as daemon:
        daemon.drop("book.md", texts.post(workspace.sizes.book_words, seed=7))
        samples = _samples(daemon)
    hours = _by_tenth(samples)
    worst = max((abs(each / hours[0] - 1) for each in hours), default=0.0)
    sound_h = max(sound_s for sound_s, _ in samples) / 3600
    if sound_h < HOURS - 0.1 and workspace.sizes.book_words >= 100_000:
        raise NotTaken(f"the sound is only {sound_h:.1f} h long")
    megabytes = " ".join(f"{each / 2**20:.0f}" for each in hours)
    return [
        Figure(
            f"a book of {sound_h:.1f} h: memory of all processes, in each tenth of its sound",
            f"{worst:.1%} at most from the first ({megabytes} MiB)",
            f"within {TOLERANCE:.0%}",
            worst <= TOLERANCE,
        )
    ]


def _samples(daemon: MeasuredDaemon) -> list[tuple[float, int]]:
    """Seconds of sound recorded so far and bytes of memory held, until the book is published."""
    samples: list[tuple[float, int]] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while not daemon.manifests():
        if time.monotonic() > deadline_s:
            raise NotTaken(f"the book was not finished within {PATIENCE_S:.0f} s")
        if sound_s := _recorded_s(daemon.state / "work"):
            samples.append((sound_s, memory_bytes(daemon.pid)))
        time.sleep(SAMPLE_S)
    return samples


def _recorded_s(work: Path) -> float:
    """Length of the sound so far: the largest file has it, under a name for drafts."""
    sizes = [0]
    for path in work.glob("*/*"):
        with suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return max(sizes) * 8 / baselines.BITRATE


def _by_tenth(samples: list[tuple[float, int]]) -> list[float]:
    total_s = max((sound_s for sound_s, _ in samples), default=0.0)
    tenths: dict[int, list[int]] = defaultdict(list)
    for sound_s, held in samples:
        tenths[min(HOURS - 1, int(HOURS * sound_s / total_s))].append(held)
    return [median(tenths[tenth]) for tenth in sorted(tenths)]
