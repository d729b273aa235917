"""The device that computes: which one, in which precision, and what its memory tells."""

import gc
import os
import re
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from narrated.errors import DeviceLost, EngineUnavailable, OutOfMemory
from narrated.human_sizes import size

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # proc(5): resets VmHWM

_ASKED = re.compile(r"[Tt]ried to allocate ([\d.]+ ?[KMG]i?B|\d+ bytes)", re.ASCII)
_FULL = ("can't allocate memory", "out of memory", "ALLOC_FAILED")


class TorchDevice:
    """A torch device with its memory's figures; `Device.chosen` makes the one that is wished."""

    def __init__(self, torch_device: torch.device) -> None:
        self.torch = torch_device

    @classmethod
    def chosen(cls, wish: str) -> "TorchDevice":
        """auto, cpu, cuda, or cuda with a number; EngineUnavailable where it is not there."""
        if wish == "auto":
            wish = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            device = torch.device(wish)
        except RuntimeError:
            device = torch.device("meta")
        if device.type not in ("cpu", "cuda"):
            raise EngineUnavailable(
                f"There is no device '{wish}'.",
                "Set `models: {device: auto}`, cpu, cuda or cuda:1.",
            )
        if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
            raise EngineUnavailable(
                f"The device {wish} is not there.",
                "See `narrated doctor`, or set `models: {device: cpu}`.",
            )
        # With its number: what bounds a card's memory takes no "the present one".
        return cls(device if device.type == "cpu" else torch.device("cuda", device.index or 0))

    @property
    def is_host(self) -> bool:
        """Whether its memory is the host's own."""
        return self.torch.type == "cpu"

    @property
    def name(self) -> str:
        """As a person knows it."""
        return "cpu" if self.is_host else torch.cuda.get_device_name(self.torch)

    def precision(self, wish: str) -> torch.dtype:
        """By its name; auto for the one it is good at: half on a GPU, single on a CPU."""
        if wish != "auto":
            named: torch.dtype = getattr(torch, wish)
            return named
        if self.is_host:
            return torch.float32
        has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bfloat16 else torch.float16

    @property
    def total_bytes(self) -> int:
        """What it has in all."""
        if self.is_host:
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return int(torch.cuda.mem_get_info(self.torch)[1])

    @property
    def free_bytes(self) -> int:
        """What is left of it for us, caches of the allocator counted as free."""
        if self.is_host:
            return min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES"), _allowed_bytes())
        kept = torch.cuda.memory_reserved(self.torch) - torch.cuda.memory_allocated(self.torch)
        return int(torch.cuda.mem_get_info(self.torch)[0]) + kept

    def bound(self, limit_bytes: int) -> None:
        """Have every allocation beyond this fail, where the device can; 0 lifts the bound."""
        if not self.is_host:
            share = min(1.0, limit_bytes / self.total_bytes) if limit_bytes else 1.0
            torch.cuda.set_per_process_memory_fraction(share, self.torch)

    @property
    def in_use_bytes(self) -> int:
        """What this process has of it now."""
        if self.is_host:
            return _resident("VmRSS")
        return torch.cuda.memory_allocated(self.torch)

    def begin_peak(self) -> None:
        """From here on the peak is looked for."""
        if self.is_host:
            with suppress(OSError):  # where it cannot be reset, the peak is that of the whole life
                _CLEAR_REFS.write_text(_RESET_PEAK)
        else:
            torch.cuda.reset_peak_memory_stats(self.torch)

    @property
    def peak_bytes(self) -> int:
        """The most that this process had of it since then."""
        return _resident("VmHWM") if self.is_host else torch.cuda.max_memory_allocated(self.torch)

    def tidy(self) -> None:
        """Give back what the allocator keeps for later."""
        gc.collect()
        if not self.is_host:
            torch.cuda.empty_cache()

    @contextmanager
    def at_work(self, rows: Sequence[str] = ()) -> Iterator[None]:
        """Turn what torch raises of the device's state into errors of ours.

        Raises OutOfMemory for these rows where there was no room, and DeviceLost where the
        device's context is broken.
        """
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise self._out_of_memory(error, rows) from error
        except MemoryError as error:
            raise self._out_of_memory(error, rows) from error
        except RuntimeError as error:
            if tells_of_no_room(str(error)):
                raise self._out_of_memory(error, rows) from error
            if tells_of_a_lost_device(str(error)) or isinstance(error, torch.AcceleratorError):
                raise DeviceLost(f"The device failed: {_first_line(error)}.") from error
            raise

    def _out_of_memory(self, error: BaseException, rows: Sequence[str]) -> OutOfMemory:
        asked = _ASKED.search(str(error))
        needed = f"{_readable(asked[1])} more were needed" if asked else "more was needed"
        return OutOfMemory(
            f"{self.name} has no room: {needed}, and {size(self.free_bytes)} of "
            f"{size(self.total_bytes)} were free.",
            "Give it more room: `models: {memory: …}`, a smaller model, or stop what else uses it.",
            rows,
        )


def tells_of_no_room(message: str) -> bool:
    """Whether torch says so of the host, the driver says so, or one of CUDA's libraries."""
    return any(sign in message for sign in _FULL)


def tells_of_a_lost_device(message: str) -> bool:
    """Whether CUDA's context is broken: every call after it fails as well."""
    return "CUDA error" in message and not tells_of_no_room(message)


def _readable(asked: str) -> str:
    return size(int(asked.split()[0])) if asked.endswith("bytes") else asked


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0].rstrip(".")


def _allowed_bytes() -> int:
    """What is left of this process's address space, where that is limited."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return sys.maxsize if limit == resource.RLIM_INFINITY else max(0, limit - _resident("VmSize"))


def _resident(field: str) -> int:
    match = re.search(rf"^{field}:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    return int(match[1]) * 1024 if match else 0
