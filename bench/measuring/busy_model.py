"""Case of the model's work while a daemon reads an inbox: the share of time in which it steps."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.checkpoints.bark import PRESETS, bark
from measuring import texts
from measuring.measured_daemon import MeasuredDaemon
from measuring.program import Figure, say
from measuring.speed_bench import SpeedBench

SHARE = 0.95
PATIENCE_S = 3600.0
POST_WORDS = 200
FOLDER = "posts"
LOG = "steps"

_LIKE_GPU = {
    "engine": "measuring.paced_engine",
    "rows": 8,
    "slots": 4,
    "step_s": 0.02,
    "steps": 80,
}
"""Bark's batch and slices with a captured graph; a sentence has more of them, so that a daemon has
less to do for a second of steps."""
_MODULE = {"module": "measuring.timed_engine", "path": str(Path(__file__).parents[1])}
_LIMIT = 180
"""Bark's, in characters of a chunk."""


@dataclass(frozen=True, slots=True)
class ModelTime:
    """Seconds from the first admission to the last result, and those of steps."""

    whole_s: float
    steps_s: float
    requests: int

    @classmethod
    def of(cls, daemon: MeasuredDaemon) -> "ModelTime":
        """Sum up the log of a daemon's timed engine."""
        acts = _acts(daemon)
        admitted = [each["at_s"] for each in acts if each["act"] == "admit"]
        steps = [each for each in acts if each["act"] == "step"]
        ended_s = max(each["at_s"] + each["took_s"] for each in steps if each["finished"])
        until = [each for each in steps if each["at_s"] < ended_s]
        return cls(
            ended_s - min(admitted),
            sum(each["took_s"] for each in until),
            sum(each["finished"] for each in steps),
        )

    @property
    def share(self) -> float:
        return self.steps_s / self.whole_s


def busy(bench: SpeedBench) -> list[Figure]:
    """Read an inbox with an engine that needs no core, and with a small Bark that needs all."""
    model = bark(bench.scratch / "tiny-bark", max_new_tokens=48, ends=0.0)
    on_cpu = {"engine": "narrated.engines.bark.engine", "model": str(model)}
    return [
        _figure(bench, "like-gpu", "an engine that leaves the cores free", _LIKE_GPU, "paced"),
        _figure(bench, "on-cpu", "a tiny Bark on the same cores", on_cpu, PRESETS[0]),
    ]


def timed_daemon(home: Path, engine: dict[str, Any], voice: str) -> MeasuredDaemon:
    """A daemon that speaks with a timed engine; its log is in its home."""
    home.mkdir()
    options = {**engine, "log": str(home / LOG)}
    return MeasuredDaemon(
        home,
        speech={"engine": "timed", "voice": voice},
        engines={"timed": {**_MODULE, "limit": _LIMIT, "options": options}},
        takes={"most": 1},  # what untrained models say is never good
    )


def finished(daemon: MeasuredDaemon) -> int:
    """Number of chunks that a daemon's timed engine has finished."""
    return sum(each.get("finished", 0) for each in _acts(daemon))


def _acts(daemon: MeasuredDaemon) -> list[dict[str, Any]]:
    log = daemon.home / LOG
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def _figure(bench: SpeedBench, name: str, what: str, engine: dict[str, Any], voice: str) -> Figure:
    count = bench.sizes.posts
    say(f"busy: {count} posts, {what}")
    home = bench.scratch / name
    source = bench.scratch / f"{name}-source"
    source.mkdir()
    for number in range(count):
        (source / f"post-{number:02}.md").write_text(texts.post(POST_WORDS, seed=number + 1))
    with timed_daemon(home, engine, voice) as daemon:
        source.rename(daemon.inbox / FOLDER)
        daemon.wait_published(FOLDER, count, PATIENCE_S)
    time = ModelTime.of(daemon)
    return Figure(
        f"model busy while an inbox of {count} posts of {POST_WORDS} words is read: steps of "
        f"{what}, by the time from the first admission to the last result",
        f"{time.share:.1%} ({time.steps_s:.1f} of {time.whole_s:.1f} s, {time.requests} chunks)",
        f"at least {SHARE:.0%}",
        time.share >= SHARE,
    )
