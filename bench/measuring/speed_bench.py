"""The place of `bench/speed.py`: its sizes, and what this machine can show."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from measuring.program import Figure

_CPU = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class SpeedSizes:
    """Sizes of a run."""

    layers: int = 12
    """Of Bark, on a CPU: bark-small has 12 of 768."""
    tokens: int = 100
    """Semantic tokens of each sentence: fifty are a second."""
    sentences: int = 8
    """Sentences of a batch."""
    alone: int = 2
    """Sentences that are spoken one at a time."""
    rounds: int = 3
    pictures: int = 64
    caption_tokens: int = 20
    posts: int = 50
    words: int = 600
    """Of the shorter of two texts."""


QUICK = SpeedSizes(
    layers=2,
    tokens=24,
    sentences=4,
    alone=1,
    rounds=1,
    pictures=8,
    caption_tokens=6,
    posts=8,
    words=60,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A device and its precision."""

    name: str
    dtype: str
    missing: str = ""
    """Why this machine cannot show it."""

    @property
    def is_gpu(self) -> bool:
        return self.name == "on a GPU"

    @property
    def device(self) -> str:
        return "cuda" if self.is_gpu else "cpu"

    def not_taken(self, what: str, goal: str) -> Figure:
        """The line of a figure that this machine cannot show."""
        return Figure(f"{what}, {self.name}", "", goal, None, self.missing)


@dataclass(frozen=True, slots=True)
class Spent:
    """Time of some work."""

    wall_s: float
    cpu_s: float
    """Processor time, of all threads."""

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    def __truediv__(self, parts: float) -> "Spent":
        return Spent(self.wall_s / parts, self.cpu_s / parts)

    def counted_s(self, setting: Setting) -> float:
        """The time that counts: a GPU's is the wall's, for a busy machine slows a CPU's."""
        return self.wall_s if setting.is_gpu else self.cpu_s

    def __str__(self) -> str:
        return f"{self.cpu_s:.1f} s of CPU, {self.wall_s:.1f} s"


@dataclass(frozen=True, slots=True)
class SpeedBench:
    """A scratch folder, and the sizes of a run."""

    scratch: Path
    sizes: SpeedSizes

    @property
    def is_quick(self) -> bool:
        return self.sizes is QUICK


def settings() -> Iterator[Setting]:
    """The columns of the table: a GPU, a CPU with AMX, and a CPU in single precision."""
    has_amx = bool(getattr(torch.cpu, "_is_amx_tile_supported", bool)())
    yield Setting("on a GPU", "auto", "" if torch.cuda.is_available() else "no GPU here")
    yield Setting("with AMX", "bfloat16", "" if has_amx else "no AMX here")
    yield Setting("in float32", "float32")


def times_as_fast(
    what: str, setting: Setting, ours: Spent, theirs: Spent, bound: float | None, note: str = ""
) -> Figure:
    """A figure of our time against theirs for the same work."""
    ratio = theirs.counted_s(setting) / ours.counted_s(setting)
    wall = theirs.wall_s / ours.wall_s
    return Figure(
        f"{what}, {setting.name}",
        f"{ratio:.2f} x by {'the clock' if setting.is_gpu else 'processor time'}"
        f" (ours {ours}; theirs {theirs}; by the clock {wall:.2f} x{note})",
        "no bound" if bound is None else f"at least {bound:g} x",
        None if bound is None else ratio >= bound,
    )


def median_spent(times: Sequence[Spent], setting: Setting) -> Spent:
    """The median of some rounds, by the time that counts."""
    return sorted(times, key=lambda each: each.counted_s(setting))[(len(times) - 1) // 2]


def hardware() -> str:
    """The names of the processor and the card, and the cores that this run may use."""
    named = (line.partition(":")[2].strip() for line in _lines(_CPU) if "model name" in line)
    processor = next(named, platform.processor() or platform.machine())
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    cores = len(os.sched_getaffinity(0))
    return f"{processor}, cores to use: {cores}; {card}; torch {torch.__version__}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
