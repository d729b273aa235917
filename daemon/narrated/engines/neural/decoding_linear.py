"""Linear layers of a CPU for decoding: the fastest layout of the weights for each number of rows.

In single precision a single row takes a quarter less time by plain weights whose longer side is
contiguous, and MKL reads long prompts by them; the few rows of a batch take a third less by packed
ones (`packed_linear.py`). bfloat16 is packed as oneDNN packs it, for all rows: each row then has
the same bits alone and in any batch.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from narrated.engines.neural.packed_linear import PackedLinear, can_pack

_PROMPT_ROWS = 96
"""Rows from which plain weights are faster again."""
_UNPACKED_ROWS = 512
"""Rows from which unpacking the weights costs less than it saves."""
_HALF_ROWS = 64
"""oneDNN chooses one layout of bfloat16 for all batches by this number of rows."""

_onednn: Any = torch.ops.mkldnn


class DecodingLinear(nn.Module):
    """A linear layer in single precision with packed weights, and plain ones if it keeps them."""

    plain: Tensor | None
    """(outputs, inputs)"""

    def __init__(self, layer: nn.Linear, *, keeps_plain: bool) -> None:
        super().__init__()
        self._inputs = layer.in_features
        self.few = PackedLinear(layer.weight, layer.bias)
        assert self.few.sizes  # found now, and not in the first step
        plain = _long_runs(layer.weight.data) if keeps_plain else None
        self.register_buffer("plain", plain, persistent=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (…, inputs) to (…, outputs)."""
        rows = hidden.numel() // self._inputs
        if self.plain is not None and (rows == 1 or rows >= _PROMPT_ROWS):
            return linear(hidden, self.plain, self.few.bias)
        if self.plain is None and rows >= _UNPACKED_ROWS:
            return linear(hidden, self.few.packed.to_dense()[..., 0, 0], self.few.bias)
        product: Tensor = self.few(hidden)
        return product


class HalfLinear(nn.Module):
    """A linear layer in bfloat16, for a CPU that multiplies it by AMX."""

    packed: Tensor

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        packed = _onednn._reorder_linear_weight(layer.weight.data, _HALF_ROWS)
        self.register_buffer("packed", packed, persistent=False)
        self.bias = layer.bias

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (…, inputs) to (…, outputs)."""
        product: Tensor = _onednn._linear_pointwise(hidden, self.packed, self.bias, "none", [], "")
        return product


def lay_out_linears(module: nn.Module, room_bytes: int) -> int:
    """Replace the linear layers of a module on the CPU, as far as that makes them faster.

    They keep plain weights beside packed ones as long as these take no more than `room_bytes`
    together; returns what is left of it.
    """
    for parent, name, layer in list(_linears(module)):
        weight = layer.weight
        if can_pack(weight.dtype, weight.device):
            keeps_plain = weight.nbytes <= room_bytes
            room_bytes -= weight.nbytes if keeps_plain else 0
            setattr(parent, name, DecodingLinear(layer, keeps_plain=keeps_plain))
        elif weight.dtype == torch.bfloat16 and weight.device.type == "cpu" and packs_halves():
            setattr(parent, name, HalfLinear(layer))
    return room_bytes


def packs_halves() -> bool:
    """True if this CPU multiplies bfloat16 by AMX, and this torch can pack it."""
    is_known = hasattr(_onednn, "_reorder_linear_weight") and hasattr(_onednn, "_linear_pointwise")
    has_amx = torch.cpu._is_amx_tile_supported()
    return is_known and has_amx and bool(_onednn._is_mkldnn_bf16_supported())


def _long_runs(weight: Tensor) -> Tensor:
    """Copy the weights, with the longer side contiguous."""
    outputs, inputs = weight.shape
    return weight.t().contiguous().t() if outputs > inputs else weight.clone()


def _linears(module: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    for parent in module.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Linear:
                yield parent, name, child
