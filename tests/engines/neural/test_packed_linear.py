"""Linear layers with packed weights give the product, for any number of rows."""

import pytest
import torch

from narrated.engines.neural.packed_linear import PackedLinear, can_pack

CPU = torch.device("cpu")
ROWS = (*range(1, 20), 31, 33, 127, 129, 300)


@pytest.mark.parametrize("shape", [(384, 128), (128, 512), (8194, 128), (200, 100)])
def test_rows_match_plain_product(shape):
    """Any number of rows has the results of the unpacked product, but for rounding."""
    assert can_pack(torch.float32, CPU)
    weight, bias = torch.randn(shape), torch.randn(shape[0])
    layer = PackedLinear(weight, bias)
    for rows in ROWS:
        hidden = torch.randn(rows, shape[1])
        expected = torch.nn.functional.linear(hidden, weight, bias)
        torch.testing.assert_close(layer(hidden), expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(layer(hidden[None]), expected[None], rtol=1e-4, atol=1e-4)


def test_rows_ignore_each_other():
    """A row among others is what it is alone, whatever the others hold."""
    layer = PackedLinear(torch.randn(384, 128), None)
    rows = torch.randn(13, 128)
    rows[5:] = float("nan")
    torch.testing.assert_close(layer(rows)[:5], layer(rows[:5]), rtol=1e-4, atol=1e-4)


def test_rows_share_the_packing():
    """The numbers of rows that are padded to are those whose packing is that of the weights."""
    layer = PackedLinear(torch.randn(384, 128), None)
    described = torch.ops.mkldnn._get_mkldnn_serialized_md
    for size in layer._sizes:
        again = torch.ops.mkldnn._reorder_convolution_weight(
            torch.randn(384, 128, 1, 1).contiguous(memory_format=torch.channels_last),
            *([0, 0], [1, 1], [1, 1], 1),
            [1, 128, 1, size],
        )
        assert described(again).tolist() == described(layer.packed).tolist()
    assert {4, 8, 16} <= {*layer._sizes}


def test_halves_stay_unpacked():
    """Only single precision on a CPU is packed so."""
    assert not can_pack(torch.bfloat16, CPU)
    assert not can_pack(torch.float32, torch.device("cuda"))
