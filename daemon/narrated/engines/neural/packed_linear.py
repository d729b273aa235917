"""Linear layers whose weights oneDNN packs once, for the few rows of a step on a CPU.

They are convolutions of size 1: for 4 to 16 rows these take three fifths of the time of an unpacked
product, and three quarters of that of oneDNN's own packed linear layer.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

_USUAL = 16
"""Rows to pack for."""
_SIZES = (4, 8, 12, *range(16, 129, 16))
"""Numbers of rows that may share a packing: oneDNN works on four at a time, or on six."""
_READING = 7
"""Rows in whose time the weights are read for an image."""

_CONVOLUTION = ([0, 0], [1, 1], [1, 1], 1)
"""Padding, stride, dilation and groups."""

_onednn: Any = torch.ops.mkldnn


class PackedLinear(nn.Module):
    """`inputs @ weight.T + bias`, in single precision, for any number of rows.

    Rows are padded to a number whose packing is the same: for others oneDNN would pack the weights
    again at each call, in a hundred times as long.
    """

    packed: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """`weight` (outputs, inputs) and `bias` (outputs,) are copied."""
        super().__init__()
        self.outputs, self.inputs = weight.shape
        self.register_buffer("packed", _packed(weight, _USUAL), persistent=False)
        self._packing = _described(self.packed)
        _sizes(self._packing, self.outputs, self.inputs, torch.get_num_threads())  # not in a step
        own = None if bias is None else bias.detach().clone()
        self.register_buffer("bias", own, persistent=False)

    @property
    def sizes(self) -> Sequence[int]:
        """Numbers of rows with this packing, in order; they depend on the number of threads."""
        return _sizes(self._packing, self.outputs, self.inputs, torch.get_num_threads())

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (…, inputs) to (…, outputs)."""
        rows = hidden.numel() // self.inputs
        images, size = _cut(rows, self.sizes)
        flat = hidden.reshape(rows, self.inputs)
        if padding := images * size - rows:
            flat = pad(flat, (0, 0, 0, padding))
        image = flat.view(images, 1, size, self.inputs).permute(0, 3, 1, 2)
        product: Tensor = _onednn._convolution_pointwise(
            image, self.packed, self.bias, *_CONVOLUTION, "none", [], ""
        )
        out = product.permute(0, 2, 3, 1).reshape(-1, self.outputs)[:rows]
        return out.view(*hidden.shape[:-1], self.outputs)


def can_pack(precision: torch.dtype, device: torch.device) -> bool:
    """True if weights can be packed here."""
    is_plain = device.type == "cpu" and precision == torch.float32
    return is_plain and _tells_packings()


@cache
def _tells_packings() -> bool:
    """True if this torch has oneDNN and its operations; other versions and builds may not."""
    try:
        return bool(PackedLinear(torch.zeros(8, 8), None).sizes)
    except (AttributeError, RuntimeError, TypeError):
        return False


@cache
def _sizes(packing: bytes, outputs: int, inputs: int, threads: int) -> Sequence[int]:
    """Numbers of rows that this number of threads reads in this packing; else the usual one."""
    weight = torch.empty(outputs, inputs)
    sizes = [size for size in _SIZES if _described(_packed(weight, size)) == packing]
    return sizes or [_USUAL]


def _cut(rows: int, sizes: Sequence[int]) -> tuple[int, int]:
    """Images to cut rows into, and the rows of each: those that take least time."""
    if rows <= sizes[-1]:
        return 1, next(size for size in sizes if size >= rows)
    size = min(sizes, key=lambda each: -(-rows // each) * (each + _READING))
    return -(-rows // size), size


def _described(packed: Tensor) -> bytes:
    """oneDNN's description of the memory of packed weights."""
    return bytes(_onednn._get_mkldnn_serialized_md(packed).tolist())


def _packed(weight: Tensor, rows: int) -> Tensor:
    kernel = weight.detach()[:, :, None, None].contiguous(memory_format=torch.channels_last)
    shape = [1, weight.shape[1], 1, rows]
    packed: Tensor = _onednn._reorder_convolution_weight(kernel, *_CONVOLUTION, shape)
    return packed
