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
    """Rows are padded to numbers whose packing is that of the weights, for any threads."""
    layer = PackedLinear(torch.randn(1024, 512), None)
    own, before = described(layer.packed), torch.get_num_threads()
    try:
        assert 16 in layer.sizes
        for threads in (1, 2):
            torch.set_num_threads(threads)
            assert all(described(packed_for(size, layer)) == own for size in layer.sizes)
    finally:
        torch.set_num_threads(before)


def packed_for(rows, layer):
    """Weights of the same shape, as oneDNN packs them for so many rows."""
    kernel = torch.randn(layer.outputs, layer.inputs, 1, 1)
    return torch.ops.mkldnn._reorder_convolution_weight(
        kernel.contiguous(memory_format=torch.channels_last),
        *([0, 0], [1, 1], [1, 1], 1),
        [1, layer.inputs, 1, rows],
    )


def described(packed):
    return torch.ops.mkldnn._get_mkldnn_serialized_md(packed).tolist()


def test_halves_stay_unpacked():
    """Only single precision on a CPU is packed so."""
    assert not can_pack(torch.bfloat16, CPU)
    assert not can_pack(torch.float32, torch.device("cuda"))
