"""Linear layers laid out for decoding: the products of plain ones, for any number of rows."""

import pytest
import torch
from torch import nn

from narrated.engines.neural.decoding_linear import DecodingLinear, HalfLinear, lay_out_linears

SHAPES = [(768, 96, False), (96, 768, True)]  # long rows, and long columns
ENOUGH = 1 << 30


@pytest.fixture(autouse=True)
def _threads(one_thread: None) -> None:
    """Use one thread."""


@torch.inference_mode()
@pytest.mark.parametrize("room_bytes", [0, ENOUGH])
@pytest.mark.parametrize("shape", SHAPES)
def test_layout_keeps_the_products(shape, room_bytes):
    """A laid out layer gives the products of a plain one, but for their last bits."""
    inputs, outputs, has_bias = shape
    torch.manual_seed(0)
    layer = nn.Linear(inputs, outputs, bias=has_bias)
    module = nn.Sequential(layer)
    lay_out_linears(module, room_bytes)
    assert isinstance(module[0], DecodingLinear)
    for rows in (1, 3, 70, 600):
        hidden = torch.randn(rows, 1, inputs)
        torch.testing.assert_close(module(hidden), layer(hidden), rtol=1e-4, atol=1e-5)


def test_plain_weights_keep_to_the_room():
    """Layers keep plain weights only as far as the room goes; the rest of it is told."""
    module = nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 8))
    assert lay_out_linears(module, 600) == 600 - 8 * 16 * 4
    assert [each.plain is not None for each in module] == [True, False]
    assert sum(buffer.nbytes for buffer in module.buffers()) >= 3 * 8 * 16 * 4


def test_halves_are_packed_by_amx_alone(monkeypatch):
    """Without AMX, a layer of half precision stays as it is."""
    module = nn.Sequential(nn.Linear(8, 16, dtype=torch.bfloat16))
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert lay_out_linears(module, ENOUGH) == ENOUGH
    assert type(module[0]) is nn.Linear


@pytest.mark.amx
@torch.inference_mode()
def test_half_row_ignores_its_batch():
    """A row in bfloat16 has the same bits alone and in any batch."""
    module = nn.Sequential(nn.Linear(768, 96, dtype=torch.bfloat16))
    lay_out_linears(module, ENOUGH)
    assert isinstance(module[0], HalfLinear)
    hidden = torch.randn(16, 768, dtype=torch.bfloat16)
    together = module(hidden)
    for count in (1, 2, 3, 8):
        assert torch.equal(module(hidden[:count]), together[:count])
