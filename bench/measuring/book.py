"""A ten-hour book: whether memory stays flat from the first hour of sound to the last."""

import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from measuring import bare, texts
from measuring.figure import Figure, NotTaken
from measuring.processes import memory_bytes
from measuring.stage import Stage
from measuring.subject import Subject, fast_engine

HOURS = 10
TOLERANCE = 0.10
PATIENCE_S = 1800.0
SAMPLE_S = 0.2
SECONDS_A_CHARACTER = 0.068


def book(stage: Stage) -> list[Figure]:
    """Memory of all processes in each hour of the sound, while it is being made."""
    stage.tell("book: narrating it")
    settings = fast_engine(seconds_a_character=SECONDS_A_CHARACTER)
    with stage.subject("book", **settings) as subject:
        (subject.inbox / "book.md").write_text(texts.post(stage.sizes.book_words, seed=7))
        samples = _samples(subject)
    hours = _by_tenth(samples)
    first = hours[0]
    worst = max((abs(each / first - 1) for each in hours), default=0.0)
    sound_h = max(sound_s for sound_s, _ in samples) / 3600
    if sound_h < HOURS - 0.1 and stage.sizes.book_words >= 100_000:
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


def _samples(subject: Subject) -> list[tuple[float, int]]:
    """Seconds of sound recorded so far and bytes of memory held, until the book is published."""
    samples: list[tuple[float, int]] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while not subject.published():
        if time.monotonic() > deadline_s:
            raise NotTaken(f"the book was not finished within {PATIENCE_S:.0f} s")
        if sound_s := _recorded_s(subject.state / "work"):
            samples.append((sound_s, memory_bytes(subject.pid)))
        time.sleep(SAMPLE_S)
    return samples


def _recorded_s(work: Path) -> float:
    """How much sound there is, by the size of the file that grows."""
    sizes = [path.stat().st_size for path in work.glob("*/audio.mp3") if path.exists()]
    return sum(sizes) * 8 / bare.BITRATE


def _by_tenth(samples: list[tuple[float, int]]) -> list[float]:
    total_s = max((sound_s for sound_s, _ in samples), default=0.0)
    tenths: dict[int, list[int]] = defaultdict(list)
    for sound_s, held in samples:
        tenths[min(HOURS - 1, int(HOURS * sound_s / total_s))].append(held)
    return [median(tenths[tenth]) for tenth in sorted(tenths)]
