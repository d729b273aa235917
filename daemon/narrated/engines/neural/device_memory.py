"""The memory of each kind of device, and the limits that its library knows."""

from typing import Protocol

import torch

from narrated.engines.neural import host_memory


class DeviceMemory(Protocol):
    """The memory of a device, as its own library counts it."""

    @property
    def total_bytes(self) -> int:
        """Memory of the whole device."""

    @property
    def free_bytes(self) -> int:
        """Memory that this process can still take; the allocator's caches count as free."""

    @property
    def in_use_bytes(self) -> int:
        """Memory that this process uses now."""

    @property
    def peak_bytes(self) -> int:
        """The most memory that this process used since `begin_peak`."""

    def begin_peak(self) -> None:
        """Start a new measurement of the peak."""

    def bound(self, limit_bytes: int) -> None:
        """Make allocations beyond the limit fail, if the device can; 0 removes the limit."""

    def give_back(self) -> None:
        """Give the allocator's caches back to the device."""


def memory_of(device: torch.device) -> DeviceMemory:
    """The memory of a device."""
    if device.type == "cpu":
        return HostMemory()
    return MetalMemory() if device.type == "mps" else CudaMemory(device)


class HostMemory:
    """The host's memory, by the kernel's figures."""

    @property
    def total_bytes(self) -> int:
        return host_memory.total_bytes()

    @property
    def free_bytes(self) -> int:
        return host_memory.free_bytes()

    @property
    def in_use_bytes(self) -> int:
        return host_memory.in_use_bytes()

    @property
    def peak_bytes(self) -> int:
        return host_memory.peak_bytes()

    def begin_peak(self) -> None:
        host_memory.begin_peak()

    def bound(self, limit_bytes: int) -> None:
        pass  # the host bounds no single model

    def give_back(self) -> None:
        host_memory.give_back()


class CudaMemory:
    """The memory of a card of NVIDIA's, or of AMD's by ROCm."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    @property
    def total_bytes(self) -> int:
        return int(torch.cuda.mem_get_info(self._device)[1])

    @property
    def free_bytes(self) -> int:
        reserved = torch.cuda.memory_reserved(self._device)
        kept = reserved - torch.cuda.memory_allocated(self._device)
        return int(torch.cuda.mem_get_info(self._device)[0]) + kept

    @property
    def in_use_bytes(self) -> int:
        return torch.cuda.memory_allocated(self._device)

    @property
    def peak_bytes(self) -> int:
        return torch.cuda.max_memory_allocated(self._device)

    def begin_peak(self) -> None:
        torch.cuda.reset_peak_memory_stats(self._device)

    def bound(self, limit_bytes: int) -> None:
        share = min(1.0, limit_bytes / self.total_bytes) if limit_bytes else 1.0
        torch.cuda.set_per_process_memory_fraction(share, self._device)

    def give_back(self) -> None:
        torch.cuda.empty_cache()


class MetalMemory:
    """The part of an Apple machine's memory that Metal recommends to take.

    Its allocator keeps no peak. It keeps what it took from the system until its caches are given
    back, so that is the most that was needed at once, rounded up to its heaps.
    """

    @property
    def total_bytes(self) -> int:
        return int(torch.mps.recommended_max_memory())

    @property
    def free_bytes(self) -> int:
        return max(0, self.total_bytes - self.in_use_bytes)

    @property
    def in_use_bytes(self) -> int:
        return int(torch.mps.current_allocated_memory())

    @property
    def peak_bytes(self) -> int:
        return max(int(torch.mps.driver_allocated_memory()), self.in_use_bytes)

    def begin_peak(self) -> None:
        torch.mps.empty_cache()

    def bound(self, limit_bytes: int) -> None:
        share = min(1.0, limit_bytes / self.total_bytes) if limit_bytes else 1.0
        torch.mps.set_per_process_memory_fraction(share)

    def give_back(self) -> None:
        torch.mps.synchronize()  # buffers of queued work stay in use until it is done
        torch.mps.empty_cache()
