"""The CPU and the host's memory, for models of libraries other than torch."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from narrated.engines.neural import host_memory
from narrated.engines.neural.host_threads import shared_threads
from narrated.errors import OutOfMemory
from narrated.human_formatting import size

_FULL = ("bad_alloc", "allocate memory", "out of memory", "ailed to allocate")


class HostDevice:
    """The CPU and the host's memory, without torch."""

    name = "cpu"

    @property
    def threads(self) -> int:
        """Threads for the models on it."""
        return shared_threads()

    @property
    def total_bytes(self) -> int:
        """Memory of the whole host."""
        return host_memory.total_bytes()

    @property
    def free_bytes(self) -> int:
        """Memory that this process can still take."""
        return host_memory.free_bytes()

    @property
    def in_use_bytes(self) -> int:
        """Memory that this process uses now."""
        return host_memory.in_use_bytes()

    @property
    def peak_bytes(self) -> int:
        """The most memory that this process used since `begin_peak`."""
        return host_memory.peak_bytes()

    def bound(self, limit_bytes: int) -> None:
        """Do nothing: the host bounds no single model."""

    def leave_room(self, others_bytes: int) -> None:
        """Do nothing: its models take no memory that they can do without."""

    def begin_peak(self) -> None:
        """Start a new measurement of the peak."""
        host_memory.begin_peak()

    def tidy(self) -> None:
        """Give the memory of what is no longer used back."""
        gc.collect()
        host_memory.give_back()

    @contextmanager
    def at_work(self, *requests: str) -> Iterator[None]:
        """Turn errors of a full memory into OutOfMemory, which names the requests."""
        try:
            yield
        except Exception as error:  # a library's own, of any class
            if not isinstance(error, MemoryError) and not any(sign in str(error) for sign in _FULL):
                raise
            free = f"{size(self.free_bytes)} of {size(self.total_bytes)} were free"
            raise OutOfMemory(
                f"The CPU has no room: {free}.",
                "Set a larger `models: {memory: …}` or a smaller model, or stop other programs.",
                requests,
            ) from error
