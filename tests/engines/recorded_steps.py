"""Captures a step without a GPU, as strictly as a CUDA graph does.

A replay repeats the step's operations on the tensors of the capture: their places, shapes and all
numbers of the host are those of then.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class RecordedStep(TorchDispatchMode):
    """The operations of a step, which is undone after the recording."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[tuple] = []
        self._before: list[tuple[torch.Tensor, torch.Tensor]] = []

    @classmethod
    def captured(cls, step):
        """Record a step; returns its replay."""
        recording = cls()
        with recording:
            step()
        for tensor, before in reversed(recording._before):
            tensor.copy_(before)
        return recording.replay

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        named = zip(func._schema.arguments, args, strict=False)
        written = [given for argument, given in named if _is_written(argument)]
        written += [
            kwargs[each.name]
            for each in func._schema.arguments
            if each.name in kwargs and _is_written(each)
        ]
        self._before += [(each, each.clone()) for each in tree_leaves(written)]
        result = func(*args, **kwargs)
        self._calls.append((func, args, kwargs, result))
        return result

    def replay(self) -> None:
        """Do it again: what an operation makes goes where it went at first."""
        for func, args, kwargs, first in self._calls:
            again = func(*args, **kwargs)
            for target, made in zip(tree_leaves(first), tree_leaves(again), strict=True):
                if isinstance(made, torch.Tensor) and _place(made) != _place(target):
                    target.copy_(made)


def _is_written(argument) -> bool:
    return argument.alias_info is not None and argument.alias_info.is_write


def _place(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
