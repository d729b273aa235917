"""The torch device that computes, its precision, and its memory."""

import gc
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch

from narrated.engines.neural.device_choice import automatic_device
from narrated.engines.neural.device_memory import memory_of
from narrated.errors import DeviceLost, EngineUnavailable, OutOfMemory
from narrated.human_formatting import size

logger = logging.getLogger("narrated.worker")

_COUNTS: Mapping[str, Callable[[], int]] = {
    "cuda": lambda: torch.cuda.device_count(),
    "mps": lambda: torch.mps.device_count(),
}
"""The number of devices of each kind."""
_ASKED = re.compile(r"[Tt]ried to allocate ([\d.]+ ?[KMG]i?B|\d+ bytes)", re.ASCII)
_FULL = ("can't allocate memory", "out of memory", "ALLOC_FAILED", "Invalid buffer size")
_LOST = ("CUDA error", "MPS backend error", "command buffer exited with error")


class TorchDevice:
    """A torch device with the figures of its memory."""

    def __init__(self, torch_device: torch.device) -> None:
        self.torch = torch_device
        self._memory = memory_of(torch_device)
        self._limit_bytes = 0
        self._others_bytes = 0

    @classmethod
    def chosen(cls, requested: str) -> "TorchDevice":
        """Select auto, cpu, cuda, cuda:1 or mps. Raises EngineUnavailable if there is no such
        device.

        A card of AMD's is cuda, too; mps is Apple's.
        """
        if requested == "auto":
            requested, reason = automatic_device()
            if reason:
                logger.warning("models compute on the CPU: %s", reason)
        try:
            device = torch.device(requested)
        except RuntimeError:
            device = torch.device("meta")
        if device.type not in ("cpu", *_COUNTS):
            raise EngineUnavailable(
                f"There is no device '{requested}'.",
                "Set `models: {device: auto}`, cpu, cuda, cuda:1 or mps.",
            )
        if device.type == "cpu":
            return cls(device)
        if (device.index or 0) >= _COUNTS[device.type]():
            raise EngineUnavailable(
                f"The device {requested} is missing.",
                "See `narrated doctor`, or set `models: {device: cpu}`.",
            )
        # With its number: torch needs it to bound the memory of a GPU.
        return cls(torch.device(device.type, device.index or 0))

    @property
    def is_host(self) -> bool:
        """True for the CPU, which uses the host's memory."""
        return self.torch.type == "cpu"

    @property
    def name(self) -> str:
        """The name that a person knows."""
        if self.torch.type == "cuda":
            return torch.cuda.get_device_name(self.torch)
        return "cpu" if self.is_host else "the Apple GPU"

    def precision(self, requested: str, *, halves_on_host: bool = True) -> torch.dtype:
        """Precision by its name; auto is half on a GPU, and on a CPU that multiplies it by AMX.

        Other CPUs are slower with half precision than with single. `halves_on_host` is False
        for a model that stays in single precision on every CPU.
        """
        if requested == "auto" and self.is_host:
            requested = "bfloat16" if halves_on_host and _has_amx() else "float32"
        elif requested == "auto":
            requested = "bfloat16" if self._has_bfloat16() else "float16"
        named: torch.dtype = getattr(torch, requested)
        return named

    def _has_bfloat16(self) -> bool:
        is_cuda = self.torch.type == "cuda"  # Metal has it on new chips alone, and float16 on all
        return is_cuda and torch.cuda.is_bf16_supported(including_emulation=False)

    @property
    def total_bytes(self) -> int:
        """Memory of the whole device."""
        return self._memory.total_bytes

    @property
    def free_bytes(self) -> int:
        """Memory that this process can still take; the allocator's caches count as free."""
        return self._memory.free_bytes

    @property
    def limit_bytes(self) -> int:
        """The most memory that models may use."""
        return min(self._limit_bytes or self.total_bytes, self.total_bytes)

    @property
    def room_bytes(self) -> int:
        """The part of it that other models leave to the one that is read next."""
        return max(0, self.limit_bytes - self._others_bytes)

    def bound(self, limit_bytes: int) -> None:
        """Make allocations beyond the limit fail, on a GPU; 0 removes the limit."""
        self._limit_bytes = limit_bytes
        self._memory.bound(limit_bytes)

    def leave_room(self, others_bytes: int) -> None:
        """Note what other models need beside the one that is read next."""
        self._others_bytes = others_bytes

    @property
    def in_use_bytes(self) -> int:
        """Memory that this process uses now."""
        return self._memory.in_use_bytes

    def begin_peak(self) -> None:
        """Start a new measurement of the peak."""
        self._memory.begin_peak()

    @property
    def peak_bytes(self) -> int:
        """The most memory that this process used since `begin_peak`."""
        return self._memory.peak_bytes

    def tidy(self) -> None:
        """Give the allocator's caches back to the device."""
        gc.collect()
        self._memory.give_back()

    @contextmanager
    def at_work(self, requests: Sequence[str] = ()) -> Iterator[None]:
        """Turn torch's errors about the device into narrated's own.

        Raises OutOfMemory, which names the requests, if memory ran out; DeviceLost if the
        device's context is broken; EngineUnavailable if Metal lacks an operation.
        """
        try:
            yield
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise self._out_of_memory(error, requests) from error
        except NotImplementedError as error:  # torch tells so of a card that lacks an operation
            if self.torch.type != "mps":
                raise
            raise EngineUnavailable(
                f"An Apple GPU cannot compute this model: {_first_line(error)}.",
                "Let models compute on the CPU: `models: {device: cpu}`.",
            ) from error
        except RuntimeError as error:
            if is_out_of_memory(str(error)):
                raise self._out_of_memory(error, requests) from error
            if is_device_lost(str(error)) or isinstance(error, torch.AcceleratorError):
                raise DeviceLost(f"The device failed: {_first_line(error)}.") from error
            raise

    def _out_of_memory(self, error: BaseException, requests: Sequence[str]) -> OutOfMemory:
        asked = _ASKED.search(str(error))
        needed = f"{_readable(asked[1])} more were needed" if asked else "more was needed"
        return OutOfMemory(
            f"{self.name} has no room: {needed}, and {size(self.free_bytes)} of "
            f"{size(self.total_bytes)} were free.",
            "Set a larger `models: {memory: …}` or a smaller model, or stop other programs on it.",
            requests,
        )


def _has_amx() -> bool:
    """True if this CPU multiplies tiles of bfloat16, and the kernel lets us use them."""
    return torch.cpu._is_amx_tile_supported()  # torch names no public way to ask


def is_out_of_memory(message: str) -> bool:
    """True if the host, the driver or one of its libraries reports that memory ran out."""
    return any(sign in message for sign in _FULL)


def is_device_lost(message: str) -> bool:
    """True if the device's context is broken, so that every later call fails too."""
    return any(sign in message for sign in _LOST) and not is_out_of_memory(message)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].rstrip(".")


def _readable(asked: str) -> str:
    return size(int(asked.split()[0])) if asked.endswith("bytes") else asked
