"""Memory, processor time, descriptors and threads of processes, as /proc tells them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

_PROC = Path("/proc")
_ROLES = {
    "narrated.encoder_process": "encoder",
    "narrated.parser_process": "parser",
    "narrated.workers.host": "worker",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources of one process."""

    descriptors: int
    threads: int
    memory_bytes: int
    """Its own, without its program's files."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Resources of a daemon and its children at one instant."""

    daemon_pid: int
    processes: dict[str, list[Usage]] = field(default_factory=dict)
    """By role."""


def sample(daemon_pid: int) -> Sample:
    """Look at the daemon and its children now."""
    processes: dict[str, list[Usage]] = {}
    for pid in tree(daemon_pid):
        words = _text(_PROC / str(pid) / "cmdline").replace("\0", " ")
        role = next((name for module, name in _ROLES.items() if module in words), "")
        if pid == daemon_pid or role:
            processes.setdefault(role or "daemon", []).append(_usage(pid))
    return Sample(daemon_pid, processes)


def series(samples: Sequence[Sample], role: str, what: str) -> list[float]:
    """One figure of a role, its largest at each sample, since the daemon's last start."""
    last = [each for each in samples if each.daemon_pid == samples[-1].daemon_pid]
    return [
        max(getattr(one, what) for one in each.processes[role])
        for each in last
        if each.processes.get(role)
    ]


def thirds(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the second and of the last third: the first is for warming up."""
    third = max(1, len(values) // 3)
    return median(values[third : 2 * third] or values), median(values[-third:])


def tree(pid: int) -> Iterator[int]:
    """A process and everything below it that is there now."""
    yield pid
    for task in _entries(_PROC / str(pid) / "task"):
        for child in _text(task / "children").split():
            yield from tree(int(child))


def resident_bytes(pid: int) -> int:
    """Resident memory of one process now."""
    return _kilobytes(_PROC / str(pid) / "status", "VmRSS:") * 1024


def peak_bytes(pid: int) -> int:
    """The most memory that one process ever had resident."""
    return _kilobytes(_PROC / str(pid) / "status", "VmHWM:") * 1024


def memory_bytes(pid: int) -> int:
    """Memory that a process and all below it hold now for themselves.

    Without the programs' files: whose part of those is whose depends on the rest of the machine.
    """
    return sum(_anonymous_bytes(each) for each in tree(pid))


def processor_s(pid: int) -> float:
    """Processor time of a process and all below it, with children that ended."""
    ticks = sum(sum(_times(each)) for each in tree(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def own_processor_s(pid: int) -> float:
    """Processor time of one process, of all its threads."""
    return sum(_times(pid)[:2]) / os.sysconf("SC_CLK_TCK")


def _usage(pid: int) -> Usage:
    descriptors, threads = (len(_entries(_PROC / str(pid) / name)) for name in ("fd", "task"))
    return Usage(descriptors, threads, _anonymous_bytes(pid))


def _anonymous_bytes(pid: int) -> int:
    return _kilobytes(_PROC / str(pid) / "smaps_rollup", "Anonymous:") * 1024


def _times(pid: int) -> list[int]:
    # After the name, which may hold anything: utime, stime, cutime and cstime are 12th to 15th.
    fields = _text(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    return [int(field) for field in fields[11:15]]


def _kilobytes(path: Path, name: str) -> int:
    found = (line for line in _text(path).splitlines() if line.startswith(name))
    return int(next(found, "none 0").split()[1])


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []  # it has just ended


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
