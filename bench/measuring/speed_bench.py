"""The place of `bench/speed.py`: its sizes, and what this machine can show."""

import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from measuring.program import Figure

_CPU, _STAT = Path("/proc/cpuinfo"), Path("/proc/stat")
_QUIET = 0.05
"""Share of the cores' time that others may take on a quiet machine."""


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
    posts=6,
    words=80,
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
    is_disturbed: bool = False
    """True if other work held the same cores meanwhile, and so slowed the clock."""

    def __add__(self, other: "Spent") -> "Spent":
        is_disturbed = self.is_disturbed or other.is_disturbed
        return Spent(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s, is_disturbed)

    def __truediv__(self, parts: float) -> "Spent":
        return Spent(self.wall_s / parts, self.cpu_s / parts, self.is_disturbed)

    def __str__(self) -> str:
        return f"{self.cpu_s:.1f} s of CPU, {self.wall_s:.1f} s"


class Stopwatch:
    """Times work from its making on, and the work of others on the same cores."""

    def __init__(self) -> None:
        self._began_s, self._busy_s = time.monotonic(), _busy_s()

    def stopped(self, cpu_s: float) -> Spent:
        """The time so far of work that took so much processor time."""
        wall_s, busy_s = time.monotonic() - self._began_s, _busy_s() - self._busy_s
        others = (busy_s - cpu_s) / (wall_s * len(os.sched_getaffinity(0)))
        return Spent(wall_s, cpu_s, others > _QUIET)


@dataclass(frozen=True, slots=True)
class SpeedBench:
    """A scratch folder, and the sizes of a run."""

    scratch: Path
    sizes: SpeedSizes
    is_quick: bool = False


def settings() -> Iterator[Setting]:
    """The columns of the table: a GPU, a CPU with AMX, and a CPU in single precision."""
    has_amx = bool(getattr(torch.cpu, "_is_amx_tile_supported", bool)())
    yield Setting("on a GPU", "auto", "" if torch.cuda.is_available() else "no GPU here")
    yield Setting("with AMX", "bfloat16", "" if has_amx else "no AMX here")
    yield Setting("in float32", "float32")


def times_as_fast(
    what: str,
    setting: Setting,
    ours: Sequence[Spent],
    theirs: Sequence[Spent],
    bound: float | None,
    note: str = "",
) -> Figure:
    """A figure of our time against theirs for the same work, by the medians of some rounds.

    The clock counts if nothing else held the cores. Otherwise processor time does, which says
    nothing of how well threads share the work.
    """
    by_clock = setting.is_gpu or not any(each.is_disturbed for each in (*ours, *theirs))
    own, other = median_spent(ours), median_spent(theirs)
    clock, cpu = other.wall_s / own.wall_s, other.cpu_s / own.cpu_s
    ratio = clock if by_clock else cpu
    told = "processor time" if by_clock else "the clock, while other work held the cores"
    return Figure(
        f"{what}, {setting.name}",
        f"{ratio:.2f} x by {'the clock' if by_clock else 'processor time'} (ours {own}; theirs "
        f"{other}; {cpu if by_clock else clock:.2f} x by {told}{note})",
        "no bound" if bound is None else f"at least {bound:g} x",
        None if bound is None else ratio >= bound,
    )


def median_spent(rounds: Sequence[Spent]) -> Spent:
    """The medians of some rounds."""
    return Spent(median(each.wall_s for each in rounds), median(each.cpu_s for each in rounds))


def hardware() -> str:
    """The names of the processor and the card, and the cores that this run may use."""
    named = (line.partition(":")[2].strip() for line in _lines(_CPU) if "model name" in line)
    processor = next(named, platform.processor() or platform.machine())
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    cores = len(os.sched_getaffinity(0))
    return f"{processor}, cores to use: {cores}; {card}; torch {torch.__version__}"


def _busy_s() -> float:
    """Seconds that the cores of this run were at work since the machine's start."""
    named = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    cores = [line.split() for line in _lines(_STAT)]
    ticks = sum(
        sum(map(int, fields[1:9])) - int(fields[4]) - int(fields[5])  # but idle, and waiting
        for fields in cores
        if fields and fields[0] in named
    )
    return ticks / os.sysconf("SC_CLK_TCK")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
