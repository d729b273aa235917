"""Counts in a decode slice what would hinder a GPU: waits for it, copies to it, new buffers.

A CPU waits for nothing, so the calls are counted that would: those that read a value, or that have
a shape by one.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from narrated.engines import neural

_READS = {"item", "tolist", "numpy", "cpu", "__bool__", "__int__", "__float__", "__index__"}
_VALUE_SHAPES = {"nonzero", "masked_select", "_local_scalar_dense", "unique", "equal", "_unique2"}
_UPLOADS = {"tensor", "as_tensor", "from_numpy", "cuda"}
_ATTENTION = "_scaled_dot_product"
_LAYERS = ("packed_linear.py", "decoding_linear.py")
_OURS = str(Path(neural.__file__).parent)
_BETWEEN = (__file__, str(Path(torch.__file__).parent))


class StepWatch:
    """Counts of one slice; `steps` grows with each call of the model's head."""

    def __init__(self) -> None:
        self.steps = 0
        self.waits: list[tuple[int, str]] = []
        """Steps done before each wait, and its place."""
        self.copies: list[str] = []
        """Places of the copies to the device; a wait is one from it."""
        self.moved: list[str] = []
        """Places where we move a tensor to a named device, or make one there of the host's values;
        without those of the model's own code."""
        self.buffers: list[str] = []
        """Places where our own code made a tensor; the model's layers have the device's cache."""
        self._on_host: set[int] = set()
        """Storages that were read as a whole: to look into one is no other wait."""
        self._made: list[tuple[str, StorageWeakRef]] = []

    def kept(self) -> list[str]:
        """Places of the tensors that were made and are still there."""
        return [place for place, storage in self._made if not storage.expired()]

    def unpinned(self) -> list[str]:
        """Places of such moves that go past `transfers.py`, which pins them for a GPU."""
        return [place for place in self.moved if "transfers.py" not in place]

    def read(self, name: str, arguments, options) -> None:
        """Count a call of torch's functions."""
        if name in _READS and _storage(arguments[0]) not in self._on_host:
            self.waits.append((self.steps, _place(name)))
        if name == "cpu":
            self._on_host.add(_storage(arguments[0]))
        if name in _UPLOADS or (name == "to" and _names_device(arguments, options)):
            self.copies.append(_place(name))
        if name in ("to", *_UPLOADS) and _names_device(arguments, options) and _is_direct():
            self.moved.append(_place(name))

    def operated(self, name: str, arguments, result) -> None:
        """Count an operation, with what it made."""
        by_mask = name.startswith(("index", "_index_put")) and len(arguments) > 1
        if name in _VALUE_SHAPES or (by_mask and _has_mask(arguments[1])):
            self.waits.append((self.steps, _place(name)))
        known = {_storage(each) for each in _tensors(arguments)}
        for made in _tensors(result):
            if _storage(made) not in known:
                self._count(name, made)

    def _count(self, name: str, made: torch.Tensor) -> None:
        place = _place(name)
        self._made.append((place, StorageWeakRef(made.untyped_storage())))
        if _is_ours(_caller()) and not name.startswith(_ATTENTION):
            self.buffers.append(place)


@contextmanager
def watched(head: torch.nn.Module) -> Iterator[StepWatch]:
    """Watch what is done on the way; `head` is the part of the model that a step calls last."""
    watch = StepWatch()

    class Operations(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            name = func._schema.name.removeprefix("aten::")
            watch.operated(name, (*args, *(kwargs or {}).values()), result)
            return result

    class Functions(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            name = (resolve_name(func) or getattr(func, "__name__", "")).rsplit(".", 1)[-1]
            watch.read(name, args, kwargs or {})
            return func(*args, **(kwargs or {}))

    def count(*_) -> None:
        watch.steps += 1

    hook = head.register_forward_hook(count)
    try:
        with Operations(), Functions():
            yield watch
    finally:
        hook.remove()


def _tensors(values) -> list[torch.Tensor]:
    """The tensors among values, but for weights that oneDNN packed: these have no storage."""
    tensors = (each for each in tree_leaves(values) if isinstance(each, torch.Tensor))
    return [each for each in tensors if each.layout is torch.strided]


def _has_mask(indices) -> bool:
    return any(each.dtype == torch.bool for each in _tensors(indices))


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _names_device(arguments, options) -> bool:
    return any(isinstance(each, str | torch.device) for each in (*arguments[1:], *options.values()))


def _frames() -> Iterator[tuple[str, int]]:
    frame = sys._getframe(1)
    while frame is not None:
        if "/narrated/engines/" in frame.f_code.co_filename:
            yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back


def _caller() -> str:
    return next((name for name, _ in _frames()), "")


def _is_direct() -> bool:
    """True if an engine calls torch itself, not by the code of its model."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_BETWEEN):
        frame = frame.f_back
    return frame is not None and "/narrated/engines/" in frame.f_code.co_filename


def _is_ours(file: str) -> bool:
    return file.startswith(_OURS) and not file.endswith(_LAYERS)


def _place(name: str) -> str:
    file, line = next(_frames(), ("", 0))
    return f"{name} in {Path(file).name}:{line}"
