"""A torch model: its weights on the device, in host memory, or only on the disk."""

import hashlib
import logging
import re
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from narrated.engines.interface import WeightsLocation
from narrated.engines.neural.checkpoint_lookup import HashedCheckpoint, verify_remedy
from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.decoding_linear import lay_out_linears
from narrated.engines.neural.torch_device import TorchDevice
from narrated.errors import EngineUnavailable, OutOfMemory

Module = TypeVar("Module", bound=nn.Module)

_PICKLES_SINCE = (2, 6)
_PLAIN_SHARE = 10
"""A second layout of weights takes at most a tenth of the memory that models may use, and half of
what these weights and all other models leave of it."""

logger = logging.getLogger("narrated.worker")


class TorchModel(Generic[Module]):
    """A module that `read` loads from the disk into the host's memory.

    `key` is a digest of all that the weights depend on: content, precision, device. `decoding`
    gives the parts that decode a token at a time; a CPU lays out their weights for that.
    """

    def __init__(
        self,
        name: str,
        key: str,
        device: TorchDevice,
        read: Callable[[], Module],
        decoding: Callable[[Module], Iterable[nn.Module]] = lambda module: (),
    ) -> None:
        self.name = name
        self.key = key
        self.device = device
        self._read = read
        self._decoding = decoding
        self._module: Module | None = None
        self._on_device = False
        self._bytes = 0

    @property
    def warmth(self) -> WeightsLocation:
        """The present place of the weights."""
        if self._module is None:
            return WeightsLocation.ABSENT
        return WeightsLocation.WARM if self._on_device else WeightsLocation.PARKED

    @property
    def weights_bytes(self) -> int:
        """Memory of the weights on the device; 0 before they were loaded once."""
        return self._bytes

    @property
    def module(self) -> Module:
        """The module, which must be warm."""
        if self._module is None or not self._on_device:
            raise RuntimeError(f"{self.name} is not warm")
        return self._module

    def warm(self) -> None:
        """Bring the weights onto the device. Raises EngineUnavailable or OutOfMemory."""
        if self._on_device:
            return
        begin, came_from = time.monotonic(), self.warmth
        try:
            with self.device.at_work():
                if self._module is None:
                    with guard_reading(f"The model {self.name}", verify_remedy(self.name)):
                        self._module = self._read().eval().requires_grad_(False)
                if self.device.is_host:
                    copy_into_memory(self._module)
                    self._lay_out(self._module)
                    self.device.tidy()  # of what was read and is copied now
                else:
                    self._module.to(self.device.torch)
        except OutOfMemory:
            self.park()
            raise
        self._on_device = True
        tensors = (*self._module.parameters(), *self._module.buffers())
        self._bytes = sum(tensor.nbytes for tensor in tensors)
        logger.info(
            "%s is warm after %.1f s (it was %s)", self.name, time.monotonic() - begin, came_from
        )

    def _lay_out(self, module: Module) -> None:
        weights_bytes = sum(each.nbytes for each in module.parameters())
        left_bytes = max(0, self.device.room_bytes - weights_bytes)
        room_bytes = min(self.device.limit_bytes // _PLAIN_SHARE, left_bytes // 2)
        for part in self._decoding(module):
            room_bytes = lay_out_linears(part, room_bytes)

    def park(self) -> None:
        """Move the weights into the host's memory; drop them if the device is the host."""
        self._on_device = False
        if self.device.is_host:
            self._module = None
        elif self._module is not None:
            self._module.to("cpu")
        self.device.tidy()

    def drop(self) -> None:
        """Remove the weights from all memory."""
        self._module, self._on_device = None, False
        self.device.tidy()


def weights_key(digest: str, precision: torch.dtype, device: TorchDevice) -> str:
    """Key of a model: equal keys mean equal weights."""
    text = f"{digest} {precision} {device.torch}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def load_weights(
    files: HashedCheckpoint, kind: Any, precision: torch.dtype, **options: object
) -> Any:
    """Load a checkpoint by a class of transformers' models.

    Raises EngineUnavailable if weights are missing or have another shape, since transformers
    fills those at random.
    """
    _refuse_old_torch(files)
    module, info = kind.from_pretrained(
        files.folder, local_files_only=True, dtype=precision, output_loading_info=True, **options
    )
    known = {parameter for parameter, _ in module.named_parameters()}
    lacking = sorted(known.intersection(info["missing_keys"]))
    for key in info["mismatched_keys"]:
        lacking.append(str(key[0] if isinstance(key, tuple) else key))
    if lacking:
        raise EngineUnavailable(
            f"The model {files.name} lacks {len(lacking)} of its weights, {lacking[0]} among them.",
            verify_remedy(files.name),
        )
    return module


def _refuse_old_torch(files: HashedCheckpoint) -> None:
    """Raise EngineUnavailable if transformers would refuse a pickle beside an older torch."""
    version = tuple(map(int, re.findall(r"\d+", torch.__version__)[:2]))
    if version < _PICKLES_SINCE and not any(files.folder.glob("*.safetensors")):
        raise EngineUnavailable(
            f"torch {torch.__version__} cannot load {files.name}: its weights are a pickle, which "
            "transformers reads with torch 2.6 or later only.",
            f"{sys.executable} -m pip install --upgrade torch",
        )


def copy_into_memory(module: nn.Module) -> None:
    """Copy the weights into memory of our own.

    The weights of a mapped file load page by page during work, and vanish with the file.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data = tensor.data.clone()
