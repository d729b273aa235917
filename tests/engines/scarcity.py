"""Memory that really runs out: an allocation beyond a real limit on the address space."""

import gc
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

MB = 10**6


@contextmanager
def little_left(mb: int) -> Iterator[None]:
    """Let this process grow by so much and no more, while it lasts."""
    gc.collect()  # what is garbage would be more room once it is found to be
    before = resource.getrlimit(resource.RLIMIT_AS)
    size = re.search(r"VmSize:\s*(\d+) kB", Path("/proc/self/status").read_text())
    resource.setrlimit(resource.RLIMIT_AS, (int(size[1]) * 1024 + mb * MB, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def take_too_much() -> None:
    """Ask the allocator for more than there is left: it fails as it does at work."""
    with little_left(64):
        torch.empty(512 * MB, dtype=torch.uint8)
