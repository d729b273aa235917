"""What a daemon and its children hold at rest: descriptors, threads, memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from measuring.processes import PROC, anonymous_bytes, command, tree
from measuring.subject import Subject

MEMORY_GROWTH, DESCRIPTORS_MORE, THREADS_MORE = 1.10, 2, 5
"""What still counts as flat. The loop's own pool makes up to six threads as they are needed."""
FEWEST_SAMPLES = 6
MOST = {"descriptors": 40, "threads": 40}
"""Twice what a daemon takes."""
_ROLES = {"narrated.parser_process": "editor", "narrated.workers.host": "worker"}


@dataclass(frozen=True, slots=True)
class Vitals:
    """One process at rest."""

    pid: int
    descriptors: int
    threads: int
    memory_bytes: int
    """What it holds for itself, without its program's files."""


@dataclass(frozen=True, slots=True)
class Sample:
    """All processes at one instant, by what they are, and how much was done until then."""

    acts: int
    life: int
    """The daemon's process; what was measured in another is not compared."""
    processes: dict[str, list[Vitals]] = field(default_factory=dict)


def sample(subject: Subject, acts: int) -> Sample:
    """Look at the daemon and its children now."""
    processes: dict[str, list[Vitals]] = {}
    for pid in tree(subject.pid):
        if pid == subject.pid:
            role = "daemon"
        else:
            words = command(pid)
            role = next((name for module, name in _ROLES.items() if module in words), "")
        if role:
            processes.setdefault(role, []).append(_vitals(pid))
    return Sample(acts, subject.pid, processes)


def series(samples: Sequence[Sample], role: str, what: str) -> list[float]:
    """One figure of a role over the last life of the daemon: the most that one of them has."""
    last = [each for each in samples if each.life == samples[-1].life]
    return [
        max(getattr(one, what) for one in each.processes[role])
        for each in last
        if each.processes.get(role)
    ]


def thirds(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the second and of the last third: the first is for warming up."""
    third = max(1, len(values) // 3)
    return median(values[third : 2 * third] or values), median(values[-third:])


def _vitals(pid: int) -> Vitals:
    place = PROC / str(pid)
    return Vitals(pid, _count(place / "fd"), _count(place / "task"), anonymous_bytes(pid))


def _count(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0
