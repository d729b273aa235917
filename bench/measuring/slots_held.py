"""Cases of the slots that are held in batches, while a real daemon speaks post after post."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from engines.checkpoints.bark import PRESETS, bark
from engines.checkpoints.tortoise import tortoise
from engines.tortoise.recordings import recorded
from measuring.measured_daemon import MeasuredDaemon
from measuring.program import Figure, say

PATIENCE_S = 1200.0
FOLDER, LOG = "posts", "slots"
ROWS, BATCH = 4, 16
WORDS = ("the", "of", "and", "world", "dog", "cat", "is", "my", "cute")
"""Words of the tiny checkpoint's vocabulary: a token each."""
EVEN, UNEVEN = (6, 6), (1, 14)
"""Words of a chunk: six are six seconds of Bark, one is three and fourteen are eleven."""
VOICE = "anna"
_MODULE = {"module": "measuring.counted_engine", "path": str(Path(__file__).parents[1])}


@dataclass(frozen=True, slots=True)
class SlotsBench:
    """A scratch folder, and the sizes of a run."""

    scratch: Path
    chunks: int
    """Chunks that are spoken."""


def bark_equal(bench: SlotsBench) -> list[Figure]:
    """Bark, all chunks of one length."""
    return _bark(bench, "equal", EVEN, {"SemanticStage": 3.4, "CoarseStage": 3.4})


def bark_uneven(bench: SlotsBench) -> list[Figure]:
    """Bark, chunks of any length."""
    return _bark(bench, "uneven", UNEVEN, {"SemanticStage": 3.4, "CoarseStage": 3.0})


def tortoise_fast(bench: SlotsBench) -> list[Figure]:
    """Tortoise, as many candidates as the preset `fast` draws, each of a length of its own."""
    home = bench.scratch / "tortoise"
    model = tortoise(home / "model", seed=3)
    recorded(home / "voices" / VOICE, count=3, seed=1, seconds=4.0)
    options = {
        "engine": "narrated.engines.tortoise.engine",
        "model": str(model),
        "rows": ROWS,
        "batch": BATCH,
        "diffusion_iterations": 2,
        "max_mel_tokens": 120,
    }
    held = _held(home, options, VOICE, bench.chunks // 4, UNEVEN)["AutoregressiveStage"]
    share = mean(held) / BATCH
    return [
        Figure(
            f"Tortoise, preset fast: slots that candidates hold, of {BATCH}",
            f"{share:.1%} ({mean(held):.1f}, {len(held)} slices)",
            "at least 85%",
            share >= 0.85,
        )
    ]


def _bark(
    bench: SlotsBench, name: str, words: tuple[int, int], goals: dict[str, float]
) -> list[Figure]:
    home = bench.scratch / f"bark-{name}"
    # Its speech never ends by itself: the text alone, by `limit_length`, decides on the length.
    model = bark(home / "model", seed=4, ends=0.0, min_eos_p=None, max_new_tokens=560)
    options = {"engine": "narrated.engines.bark.engine", "model": str(model), "rows": ROWS}
    held = _held(home, options, PRESETS[0], bench.chunks, words)
    return [
        Figure(
            f"Bark, chunks of {name} lengths: {stage.removesuffix('Stage').lower()} slots held, "
            f"of {ROWS}",
            f"{mean(held[stage]):.2f} ({len(held[stage])} slices)",
            f"at least {goal}",
            mean(held[stage]) >= goal,
        )
        for stage, goal in goals.items()
    ]


def _held(
    home: Path, options: dict[str, Any], voice: str, chunks: int, words: tuple[int, int]
) -> dict[str, list[int]]:
    """Slots held in each slice in steady state, by the class of the stage."""
    say(f"{home.name}: {chunks} chunks")
    engine = {**_MODULE, "limit": 180, "options": {**options, "log": str(home / LOG)}}
    posts = list(_posts(chunks, words))
    with MeasuredDaemon(
        home,
        speech={"engine": "counted", "voice": voice},
        engines={"counted": engine},
        models={"voices": str(home / "voices")},
        takes={"check": "off"},  # what untrained models say is never good
    ) as daemon:
        aside = home / "aside"
        aside.mkdir()
        for number, text in enumerate(posts):
            (aside / f"post-{number:02}.txt").write_text(text)
        aside.rename(daemon.inbox / FOLDER)
        daemon.wait_published(FOLDER, len(posts), PATIENCE_S)
    return _settled(json.loads(line) for line in (home / LOG).read_text().splitlines())


def _posts(chunks: int, words: tuple[int, int]) -> Iterator[str]:
    """Posts of a dozen lines, each line a chunk."""
    drawn = random.Random(1)
    for first in range(0, chunks, 12):
        lines = min(12, chunks - first)
        texts = (drawn.choices(WORDS, k=drawn.randint(*words)) for _ in range(lines))
        yield "\n\n".join(f"{' '.join(each).capitalize()}." for each in texts)


def _settled(notes: Iterator[dict[str, Any]]) -> dict[str, list[int]]:
    """The slots of each slice between the first result and the last request."""
    told = list(notes)
    acts = [note.get("act") for note in told]
    begin, end = acts.index("out"), len(acts) - acts[::-1].index("in")
    held: dict[str, list[int]] = {}
    for note in told[begin:end]:
        if "stage" in note:
            held.setdefault(note["stage"], []).append(note["held"])
    return held


CASES: dict[str, Any] = {
    "bark": bark_equal,
    "bark-uneven": bark_uneven,
    "tortoise": tortoise_fast,
}
