"""Memory that really runs out, an allocation beyond a real limit on the address space; and what
steps on though it does."""

import gc
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from narrated.engines.interface import ProgressReport
from narrated.errors import OutOfMemory

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


REACTIONS = {
    "again": lambda steps: None,
    "release": lambda steps: steps.release(),
    "shrink": lambda steps: steps.shrink(),
}
"""What may be done before a step that found no room is tried again, by a line or an engine."""


class Driven:
    """A line or an engine, and what its rows became."""

    def __init__(self, steps):
        self.steps = steps
        self.out = {}
        self.named = []
        """Of whom it was said that there was no room."""

    def step(self, react=REACTIONS["again"]):
        try:
            outcomes = self.steps.step()
        except OutOfMemory as error:
            self.named.append(error.rows)
            react(self.steps)
            return
        for each in outcomes:
            if not isinstance(each, ProgressReport):
                assert each.id not in self.out, "one outcome for each request"
                self.out[each.id] = each

    def until(self, count, react=REACTIONS["again"]):
        """Step until so many rows have come out."""
        while len(self.out) < count:
            self.step(react)
        return self
