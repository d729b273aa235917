"""The threads of a worker's models: its share of the cores that this process may use."""

import math
import os
import re
import sys
from functools import cache
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")

_workers = 1
"""Workers with models on this host, this process among them."""


def share_cores(workers: int) -> None:
    """Give this process its share of the cores, beside as many workers with models.

    torch, once it is there, has it at once; other libraries ask for `shared_threads`. A number of
    threads that the user set for OpenMP stays torch's.
    """
    global _workers
    _workers = workers
    if "torch" in sys.modules and "OMP_NUM_THREADS" not in os.environ:
        sys.modules["torch"].set_num_threads(threads_of(_cores(), workers))


def shared_threads() -> int:
    """Threads of this process: its share of the cores, within the group's quota."""
    return threads_of(allowed_cores(), _workers)


def threads_of(cores: int, workers: int) -> int:
    """Threads of each of several workers, which together take no more than the cores."""
    return max(1, cores // max(1, workers))


@cache
def _cores() -> int:
    """Cores by torch, which counts none twice for its hyper-threads, within the group's quota."""
    import torch

    return min(torch.get_num_threads(), quota_cores(_own_group()))


def allowed_cores() -> int:
    """Cores that this process may use, within the group's quota."""
    return min(len(os.sched_getaffinity(0)), quota_cores(_own_group()))


def quota_cores(group: Path) -> int:
    """Cores that the CPU quotas of a control group and those above it allow, rounded up.

    torch does not know them, and has a thread for every core of the host.
    """
    allowed = [1 << 10]
    for folder in (group, *group.parents):
        if not folder.is_relative_to(_GROUPS):
            break
        allowed.append(_quota_cores(folder / "cpu.max"))
    return min(allowed)


def _own_group() -> Path:
    """The control group of this process, of version 2; the root if the kernel does not tell."""
    try:
        told = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    except OSError:
        return _GROUPS
    own = re.search(r"^0::/(.*)$", told, re.MULTILINE)
    return _GROUPS / own[1] if own and ".." not in own[1] else _GROUPS


def _quota_cores(file: Path) -> int:
    try:
        quota, period = map(int, file.read_text(encoding="utf-8").split())
        return max(1, math.ceil(quota / period))
    except (OSError, ValueError, ZeroDivisionError):  # "max": no quota
        return 1 << 10
