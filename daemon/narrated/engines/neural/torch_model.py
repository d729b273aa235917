"""A model: weights that are on the device, in host memory, or on the disk alone."""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from narrated.engines.model_interface import WeightsLocation
from narrated.engines.neural.checkpoint_files import readable, verify
from narrated.engines.neural.torch_device import TorchDevice
from narrated.errors import EngineUnavailable, OutOfMemory

Module = TypeVar("Module", bound=nn.Module)

logger = logging.getLogger("narrated.worker")


class TorchModel(Generic[Module]):
    """Holds a module that `read` brings from the disk into the host's memory, ready to evaluate.

    `key` is a digest of all that the weights hang on: content, precision, device.
    """

    def __init__(
        self, name: str, key: str, device: TorchDevice, read: Callable[[], Module]
    ) -> None:
        self.name = name
        self.key = key
        self.device = device
        self._read = read
        self._module: Module | None = None
        self._on_device = False
        self._bytes = 0

    @property
    def warmth(self) -> WeightsLocation:
        """Where the weights are now."""
        if self._module is None:
            return WeightsLocation.ABSENT
        return WeightsLocation.WARM if self._on_device else WeightsLocation.PARKED

    @property
    def weights_bytes(self) -> int:
        """What they take on the device; 0 before they were there for the first time."""
        return self._bytes

    @property
    def module(self) -> Module:
        """The module, which must be warm."""
        if self._module is None or not self._on_device:
            raise RuntimeError(f"{self.name} is not warm")
        return self._module

    def warm(self) -> None:
        """Bring the weights onto the device; EngineUnavailable or OutOfMemory where that fails."""
        if self._on_device:
            return
        begin, came_from = time.monotonic(), self.warmth
        try:
            with self.device.at_work():
                if self._module is None:
                    self._module = self._from_disk()
                if self.device.is_host:
                    own(self._module)
                else:
                    self._module.to(self.device.torch)
        except OutOfMemory:
            self._fall_back()
            raise
        self._on_device = True
        self._bytes = _bytes_of(self._module)
        logger.info(
            "%s is warm after %.1f s (it was %s)", self.name, time.monotonic() - begin, came_from
        )

    def park(self) -> None:
        """Take the weights off the device into the host's memory; drop them where that is one."""
        if self.device.is_host:
            self.drop()
        elif self._module is not None and self._on_device:
            self._on_device = False
            self._module.to("cpu")
            self.device.tidy()

    def drop(self) -> None:
        """Keep the weights nowhere but on the disk."""
        self._module, self._on_device = None, False
        self.device.tidy()

    def _fall_back(self) -> None:
        """What came onto the device before there was no room leaves it again."""
        if self.device.is_host:
            self._module = None
        elif self._module is not None:
            self._module.to("cpu")
        self.device.tidy()

    def _from_disk(self) -> Module:
        with readable(f"The model {self.name}", verify(self.name)):
            module = self._read()
        return module.eval().requires_grad_(False)


def key(digest: str, precision: torch.dtype, device: TorchDevice) -> str:
    """What a model is held under: the same key, the same weights."""
    told = f"{digest} {precision} {device.torch}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def whole(name: str, module: Module, info: Mapping[str, Any]) -> Module:
    """A module that a checkpoint filled, by what transformers tells of its loading.

    EngineUnavailable where weights were missing or of another shape: such are drawn at random.
    """
    known = {parameter for parameter, _ in module.named_parameters()}
    lacking = sorted(known.intersection(info["missing_keys"]))
    for key in info["mismatched_keys"]:
        lacking.append(str(key[0] if isinstance(key, tuple) else key))
    if lacking:
        raise EngineUnavailable(
            f"The model {name} lacks {len(lacking)} of its weights, {lacking[0]} among them.",
            verify(name),
        )
    return module


def own(module: nn.Module) -> None:
    """Have the weights in memory of ours.

    Those of a mapped file come page by page, at work, and go with the file.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data = tensor.data.clone()


def _bytes_of(module: nn.Module) -> int:
    tensors = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    return sum(tensor.nbytes for tensor in tensors.values())
