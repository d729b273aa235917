"""Case of `bench/sound.py`: the silence between lines as it is heard, and clicks at joins."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile

from measuring.measured_daemon import MeasuredDaemon
from measuring.program import Figure, say
from measuring.sound_levels import SoundBench

TOLERANCE_S = 0.020
SPEEDS = (0.7, 1.0, 1.6)
_SILENT_BELOW_PEAK = 10 ** (-50 / 20)
_AT_JOIN_S = 0.004
_PAUSES = {"title": 0.05, "heading": 2.0, "item": 0.0, "quote": 0.75, "picture": 1.5, "code": 0.2}
_POST = """# The rooms of a text

Some words begin here. A second sentence follows them, and it is longer.

## A heading

Another paragraph, about bread; then one in French: <i lang="fr">bonjour le monde</i> stands in it.

- The first item
- A second item, a little longer

> A quoted sentence. One more. And a third one. And a fourth. The fifth one ends it.

![A cat on a mat](cat.png)

    make bread

---

| Name | Year |
|---|---|
| Ada | 1843 |

Then the last words end.
"""


class _Room(NamedTuple):
    role: str
    wanted_s: float
    heard_s: float
    step: float
    """The largest between two samples at the join, as a share of full scale."""


def rooms(bench: SoundBench) -> list[Figure]:
    """Publish a post of all roles at several speeds, and measure it between its lines."""
    found: list[_Room] = []
    for engine, other in (("pico", "espeak"), ("espeak", "pico")):
        for speed in SPEEDS:
            found += _published(bench.scratch / "rooms" / f"{engine}-{speed}", engine, other, speed)
    worst = max(found, key=lambda room: abs(room.heard_s - room.wanted_s))
    off_s = abs(worst.heard_s - worst.wanted_s)
    step = max(room.step for room in found)
    say(f"rooms: {worst}")
    return [
        Figure(
            f"the silence between two lines, {len(found)} of them at speeds of 0.7 to 1.6",
            f"{off_s * 1000:.0f} ms off at most (after a {worst.role})",
            f"within {TOLERANCE_S * 1000:.0f} ms of the script's pause",
            off_s <= TOLERANCE_S,
        ),
        Figure(
            "the largest step between two samples where takes and pauses meet",
            f"{step:.4f} of full scale",
            "at most 0.01",
            step <= 0.01,
        ),
    ]


def _published(home: Path, engine: str, other: str, speed: float) -> Iterator[_Room]:
    home.mkdir(parents=True)
    speech: dict[str, Any] = {
        "engine": engine,
        "speed": speed,
        "speakers": {"heading": {"engine": other, "speed": 1.2}, "quote": {"engine": other}},
    }
    reading = {"pauses": _PAUSES}
    daemon = MeasuredDaemon(home, speech=speech, reading=reading, audio={"format": "wav"})
    path = daemon.drop("post.md", _POST)
    daemon.once()
    wave, rate = soundfile.read(daemon.outbox / "post.wav")
    blocks = json.loads((daemon.outbox / "post.json").read_text())["blocks"]
    waits = list(_pauses_s(json.loads(daemon.ask("script", "--json", str(path)).stdout)))
    for block, after, wanted_s in zip(blocks, blocks[1:], waits, strict=False):
        end = _ends(wave, rate, block)[1]
        start = _ends(wave, rate, after)[0]
        joins = (block["end_s"], after["start_s"])
        step = max(_step(wave, round(at_s * rate), rate) for at_s in joins)
        yield _Room(block["role"], wanted_s, (start - end) / rate, step)


def _pauses_s(draft: dict[str, Any]) -> Iterator[float]:
    """The pause after each unit of a script, at its speed."""
    lines = draft["script"]["lines"]
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        if after is None or after["id"] != line["id"]:
            speakers = draft["speakers"]
            own = speakers[line["speaker"]]["speed"] or speakers["narrator"]["speed"]
            yield line["pause_s"] / own


def _ends(wave: npt.NDArray[np.float64], rate: int, block: dict[str, Any]) -> tuple[int, int]:
    """The first and the last sample of a block that are heard."""
    first = round(block["start_s"] * rate)
    loud = np.abs(wave[first : round(block["end_s"] * rate)])
    heard = np.flatnonzero(loud >= loud.max() * _SILENT_BELOW_PEAK)
    return first + int(heard[0]), first + int(heard[-1]) + 1


def _step(wave: npt.NDArray[np.float64], at: int, rate: int) -> float:
    around = round(_AT_JOIN_S * rate)
    return float(np.abs(np.diff(wave[max(0, at - around) : at + around])).max())
