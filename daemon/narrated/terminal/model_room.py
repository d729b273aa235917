"""The device that models compute on, its memory, and the models that were measured on it."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrated.config.values import ModelsConfig
from narrated.doctor.gpu_compute import cards
from narrated.errors import NarratedError
from narrated.human_formatting import size
from narrated.models.store import nearest_folder
from narrated.printable import printable

if TYPE_CHECKING:
    from narrated.terminal.daemon_client import DaemonClient


@dataclass(frozen=True, slots=True)
class ModelRoom:
    """Room for models: on the device that computes, and on the disk."""

    device: str
    """The name of the card; "cpu" for the host."""
    total_bytes: int
    """Memory of the device; 0 if nobody knows."""
    limit_bytes: int
    """The configured limit; 0 without one."""
    folder: Path
    disk_free_bytes: int

    @property
    def is_host(self) -> bool:
        """True if models compute on the CPU."""
        return self.device == "cpu"

    @property
    def allowed_bytes(self) -> int:
        """Memory that all models together may take; 0 if nobody knows."""
        return min(filter(None, (self.total_bytes, self.limit_bytes)), default=0)

    def fits(self, memory_bytes: int) -> bool | None:
        """True if a model fits alone; None if nobody knows."""
        return memory_bytes <= self.allowed_bytes if memory_bytes and self.allowed_bytes else None

    def lines(self) -> Iterator[str]:
        """Say where models compute, and what there is for them."""
        if self.is_host:
            yield f"Models compute on the CPU, much slower than on a card: {self._memory()}."
        else:
            yield f"Models compute on {printable(self.device)}: {self._memory()}."
        folder, free = printable(str(self.folder)), size(self.disk_free_bytes)
        yield f"The model folder {folder} has room for {free}."

    def _memory(self) -> str:
        limit = size(self.limit_bytes)
        if not self.total_bytes:
            return f"they may take {limit} together" if self.limit_bytes else "memory unknown"
        total = f"{size(self.total_bytes)} of memory"
        if self.limit_bytes and self.limit_bytes <= self.total_bytes:
            return f"{total}, of which `models: memory:` allows {limit}"
        return total


def model_room(models: ModelsConfig) -> ModelRoom:
    """Look for the device of a configuration. Asks the driver's own program, never torch."""
    device, total_bytes = _device(models.device)
    free = 0
    with suppress(OSError):
        free = shutil.disk_usage(nearest_folder(models.folder)).free
    return ModelRoom(device, total_bytes, int(models.memory or 0), models.folder, free)


def _device(wanted: str) -> tuple[str, int]:
    """Name and memory of the device that workers take: see TorchDevice.chosen."""
    name, _, number = wanted.partition(":")
    found = [] if name == "cpu" else cards()
    index = int(number) if number.isdigit() else 0
    if index < len(found):
        card = found[index]
        total = card[2]
        return card[0], int(total) << 20 if total.isdigit() else 0
    host_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if name in ("mps", "auto") and sys.platform == "darwin":
        return "the Apple GPU", host_bytes  # they share it
    if name in ("cuda", "mps"):
        return f"{wanted}, which is missing", 0
    return "cpu", host_bytes


def measured_models(client: "DaemonClient") -> dict[str, int]:
    """Memory of each model that a running daemon has measured, by its name; empty without one."""
    if not client.is_served:
        return {}
    with suppress(NarratedError):
        return dict(_measured(client.status()["workers"]))
    return {}


def _measured(workers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    for model in (model for worker in workers for model in worker["models"]):
        if model["weights_bytes"]:
            yield model["name"], model["weights_bytes"] + model["working_bytes"]
