"""Models, devices, and the context that a worker gives to the engines it loads.

Only the standard library is used: a worker may run in an engine's own interpreter.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar


class WeightsLocation(StrEnum):
    """The place of a model's weights."""

    WARM = "warm"  # on the device that computes
    PARKED = "parked"  # in the host's memory, quick to bring back
    ABSENT = "absent"  # on the disk only


class Device(Protocol):
    """A device that computes, and its memory. The figures are measured, not estimated."""

    @property
    def name(self) -> str:
        """The name that a person knows, such as "cpu" or "NVIDIA H100"."""

    @property
    def total_bytes(self) -> int:
        """Memory of the whole device."""

    @property
    def free_bytes(self) -> int:
        """Memory that this process can still take; the allocator's caches count as free."""

    def bound(self, limit_bytes: int) -> None:
        """Make allocations beyond the limit fail, if the device can; 0 removes the limit."""

    @property
    def in_use_bytes(self) -> int:
        """Memory that this process uses now."""

    def begin_peak(self) -> None:
        """Start a new measurement of the peak."""

    @property
    def peak_bytes(self) -> int:
        """The most memory that this process used since `begin_peak`."""

    def tidy(self) -> None:
        """Give the allocator's caches back to the device."""


class Model(Protocol):
    """Weights that a worker holds once, for all engines that use them."""

    @property
    def name(self) -> str:
        """The name that the user knows, such as suno/bark."""

    @property
    def key(self) -> str:
        """Digest of content, precision and device: equal keys mean equal weights."""

    @property
    def device(self) -> Device:
        """The device that computes."""

    @property
    def warmth(self) -> WeightsLocation:
        """The present place of the weights."""

    @property
    def weights_bytes(self) -> int:
        """Memory of the weights on the device; 0 before they were loaded once."""

    def warm(self) -> None:
        """Bring the weights onto the device. Raises EngineUnavailable or OutOfMemory."""

    def park(self) -> None:
        """Move the weights into the host's memory; drop them if the device is the host."""

    def drop(self) -> None:
        """Remove the weights from all memory."""


ModelT = TypeVar("ModelT", bound=Model)


class EngineContext(Protocol):
    """Folders, the device, and the models that a worker shares with the engines it loads."""

    @property
    def models(self) -> Path:
        """Folder of the models' files, by repository: suno/bark."""

    @property
    def voices(self) -> Path:
        """Folder of the user's own voices."""

    @property
    def cache(self) -> Path:
        """Folder for results that are slow to compute; the engine makes it if it needs it."""

    @property
    def device(self) -> str:
        """The configured device: auto, cpu, cuda or cuda:1."""

    def hold(self, model: ModelT) -> ModelT:
        """Hold a model within the memory budget; returns the held model of the same key."""


@dataclass(frozen=True, slots=True)
class ModelResources:
    """Folders of a worker's models, and the memory that they may take."""

    models: str = "/nonexistent"
    """Folder of the models' files."""
    voices: str = "/nonexistent"
    """Folder of the user's own voices."""
    cache: str = "/nonexistent"
    """Folder for results that are slow to compute, such as a voice's latents."""
    device: str = "auto"
    memory_bytes: int = 0
    """Most memory in use at once; 0 for all of the device."""
    idle_unload_s: float = math.inf
    """Seconds without work after which the device is freed."""
    warms_at_once: bool = True
    """True if models are warmed at loading, as far as they fit."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The state of a model in its worker."""

    name: str
    engines: tuple[str, ...]
    """Engines that use it."""
    warmth: str
    device: str
    device_bytes: int
    """Memory of the whole device."""
    weights_bytes: int
    working_bytes: int
    """The most memory that its engines were seen to use besides the weights."""
    idle_s: float | None
    """Seconds since its last use; None if it was never used."""
    real_time_factor: float | None
    """Seconds of work for a second of speech; None if it has not spoken."""
