"""Memory and processor time of a process and all below it, as /proc tells them."""

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def tree(pid: int) -> Iterator[int]:
    """A process and everything below it that is there now."""
    yield pid
    for task in _entries(PROC / str(pid) / "task"):
        for child in _text(task / "children").split():
            yield from tree(int(child))


def peak_bytes(pid: int) -> int:
    """The most memory that one process ever had resident."""
    return _kilobytes(PROC / str(pid) / "status", "VmHWM:") * 1024


def memory_bytes(pid: int) -> int:
    """What a process and all below it hold now for themselves.

    Without the programs' files: what part of those is whose hangs on what else runs on the machine.
    """
    return sum(anonymous_bytes(each) for each in tree(pid))


def anonymous_bytes(pid: int) -> int:
    """What one process holds now for itself, without its program's files."""
    return _kilobytes(PROC / str(pid) / "smaps_rollup", "Anonymous:") * 1024


def command(pid: int) -> str:
    """The words that a process was started with; empty where it is gone."""
    return _text(PROC / str(pid) / "cmdline").replace("\0", " ")


def processor_s(pid: int) -> float:
    """Processor time of a process and all below it, those that ended and were waited for too."""
    ticks = sum(sum(_times(each)) for each in tree(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def _times(pid: int) -> list[int]:
    # After the name, which may hold anything: utime, stime, cutime and cstime are 12th to 15th.
    fields = _text(PROC / str(pid) / "stat").rpartition(")")[2].split()
    return [int(field) for field in fields[11:15]]


def _kilobytes(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


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
