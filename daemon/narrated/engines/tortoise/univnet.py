"""UnivNet, which turns spectrograms into samples (Jang et al., arXiv:2106.07889), for a batch.

The rows of a batch are laid end to end, with gaps. Each convolution finds zeros in the gaps, as it
does beyond the ends of a row alone. Channels come last, so that products read what lies together.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, pad

BEHIND = 10
"""Frames of silence that upstream appends to a spectrogram, "to cut artifact"."""

_SILENCE = -11.5129
_REFLECTED = 3
"""Positions of a row's end that the first and the last convolution read as in a mirror."""
_GAP = 2 * _REFLECTED
"""Frames between two rows: at the lowest rate they must hide a row from the widest convolution,
which reads 27 samples, of 8 to a frame."""

_REACH = 1
"""Samples that a location-variable convolution reads before and after each."""


class UnivNet(nn.Module):
    """Holds the weights of upstream's UnivNetGenerator, whose norms are folded in."""

    def __init__(self, generator: Any) -> None:
        super().__init__()
        self.noise_dim = int(generator.noise_dim)
        self.hop = int(generator.hop_length)
        self.weights = 2.0 * sum(each.numel() for each in generator.parameters())
        """About the weights that each frame is multiplied with, those of its samples included."""
        self.conv_pre = _Convolution(generator.conv_pre, padding=0)
        self.blocks = nn.ModuleList(_Block(block) for block in generator.res_stack)
        self.conv_post = _Convolution(generator.conv_post[1], padding=0)
        self._slope = float(generator.conv_post[0].negative_slope)

    def forward(self, mels: Sequence[Tensor], noises: Sequence[Tensor]) -> Sequence[Tensor]:
        """Samples of each row, (samples,), from its log spectrogram, (bands, frames).

        `noises` are (channels, frames + BEHIND).
        """
        rows = _Rows([noise.shape[1] for noise in noises])
        spectrum = rows.joined(pad(mel.T, (0, 0, 0, BEHIND), value=_SILENCE) for mel in mels)
        mirrored = [pad(noise, (_REFLECTED, _REFLECTED), mode="reflect").T for noise in noises]
        hidden = self.conv_pre(torch.cat(mirrored))
        for block in self.blocks:
            hidden = block(hidden, spectrum, rows)
        hidden = rows.mirrored(leaky_relu(hidden, self._slope), self.hop)
        sound = self.conv_post(hidden)[:, 0].tanh()
        return [sound[start * self.hop : (end - BEHIND) * self.hop] for start, end in rows.places]


class _Rows:
    """The places of rows of these lengths, in frames."""

    def __init__(self, lengths: Sequence[int]) -> None:
        starts = [sum(lengths[:index]) + _GAP * index for index in range(len(lengths))]
        self.places = [(start, start + own) for start, own in zip(starts, lengths, strict=True)]
        self._gaps = [(end, start) for (_, end), (start, _) in pairwise(self.places)]

    def joined(self, rows: Iterable[Tensor]) -> Tensor:
        """Rows (frames, channels) end to end, with gaps."""
        return torch.cat([pad(row, (0, 0, 0, _GAP)) for row in rows])[:-_GAP]

    def cleared(self, hidden: Tensor, hop: int = 1) -> Tensor:
        """The same `hidden` (frames * hop, channels), with zeros in the gaps."""
        for start, end in self._gaps:
            hidden[start * hop : end * hop] = 0
        return hidden

    def mirrored(self, hidden: Tensor, hop: int) -> Tensor:
        """`hidden` with the ends of each row reflected before and after it."""
        wider = pad(hidden, (0, 0, _REFLECTED, _REFLECTED))
        for start, end in ((start * hop, end * hop) for start, end in self.places):
            before, after = wider[start : start + _REFLECTED], wider[end + _REFLECTED :]
            before[:] = hidden[start + 1 : start + 1 + _REFLECTED].flip(0)
            after[:_REFLECTED] = hidden[end - 1 - _REFLECTED : end - 1].flip(0)
        return wider


class _Convolution(nn.Module):
    """A convolution of (length, channels), by default with zeros beyond the ends."""

    def __init__(self, known: Any, padding: int | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(known.weight.detach()[:, :, None])
        self.bias = known.bias
        self._padding = known.padding[0] if padding is None else padding
        self._dilation = known.dilation[0]

    def forward(self, hidden: Tensor) -> Tensor:
        """Convolve."""
        image = hidden.reshape(1, 1, *hidden.shape).permute(0, 3, 1, 2)
        out: Tensor = conv2d(
            image,
            self.weight,
            self.bias,
            padding=(0, self._padding),
            dilation=(1, self._dilation),
        )
        flat: Tensor = out.permute(0, 2, 3, 1).reshape(-1, len(self.weight))
        return flat


class _Upsampling(nn.Module):
    """A transposed convolution that reads each frame twice: for its own samples, and the next."""

    def __init__(self, known: Any) -> None:
        super().__init__()
        inputs, self._outputs, _ = known.weight.shape
        self._stride = known.stride[0]
        self._cut = known.padding[0]
        columns = known.weight.detach().permute(0, 2, 1).reshape(inputs, -1)
        self.weight = nn.Parameter(columns.contiguous())
        self.bias = known.bias

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (length, channels) to (length * stride, channels)."""
        own, late = (hidden @ self.weight).chunk(2, -1)
        added = pad(own, (0, 0, 0, 1)) + pad(late, (0, 0, 1, 0))
        samples: Tensor = added.view(-1, self._outputs) + self.bias
        return samples[self._cut : self._cut + len(hidden) * self._stride]


class _Predictor(nn.Module):
    """Predicts the kernels of a block's location-variable convolutions, for each frame."""

    def __init__(self, known: Any) -> None:
        super().__init__()
        self.input_conv = _Convolution(known.input_conv[0])
        self.residual_convs = nn.ModuleList(
            _Convolution(pair[place]) for pair in known.residual_convs for place in (1, 3)
        )
        self.bias_conv = _Convolution(known.bias_conv)
        self._slope = float(known.input_conv[1].negative_slope)
        layers, size = known.conv_layers, known.conv_kernel_size
        self._shape = layers, size, known.conv_in_channels, known.conv_out_channels
        weight, bias = known.kernel_conv.weight.detach(), known.kernel_conv.bias.detach()
        # Upstream has the position within the kernel last.
        order = layers, known.conv_in_channels, known.conv_out_channels, size
        kernels = weight.view(*order, *weight.shape[1:]).permute(0, 3, 1, 2, 5, 4)
        self.weight = nn.Parameter(kernels.reshape(len(weight), -1).contiguous())
        self.bias = nn.Parameter(bias.view(order).permute(0, 3, 1, 2).reshape(-1).contiguous())

    def forward(self, spectrum: Tensor, rows: _Rows) -> tuple[Tensor, Tensor]:
        """Kernels (frames, layers, size, inputs, outputs) and biases (frames, layers, outputs)."""
        hidden = self._activated(self.input_conv(spectrum), rows)
        convolutions = iter(self.residual_convs)
        for first, second in zip(convolutions, convolutions, strict=True):
            inner = self._activated(first(hidden), rows)
            hidden = hidden + self._activated(second(inner), rows)
        wider = pad(hidden, (0, 0, 1, 1))
        windows = torch.cat([wider[:-2], wider[1:-1], wider[2:]], 1)
        kernels = nn.functional.linear(windows, self.weight, self.bias)
        layers, *_, outputs = self._shape
        biases = self.bias_conv(hidden).reshape(-1, layers, 1, outputs)
        return kernels.view(-1, *self._shape), biases

    def _activated(self, hidden: Tensor, rows: _Rows) -> Tensor:
        return rows.cleared(leaky_relu(hidden, self._slope))


class _Block(nn.Module):
    """Raises the rate, and adds gated convolutions whose kernels differ from frame to frame."""

    def __init__(self, known: Any) -> None:
        super().__init__()
        self.upsampling = _Upsampling(known.convt_pre[1])
        self.predictor = _Predictor(known.kernel_predictor)
        self.convolutions = nn.ModuleList(_Convolution(each[1]) for each in known.conv_blocks)
        self._hop = int(known.cond_hop_length)
        self._stride = self.upsampling._stride
        self._slope = float(known.convt_pre[0].negative_slope)

    def forward(self, hidden: Tensor, spectrum: Tensor, rows: _Rows) -> Tensor:
        """Map `hidden` (samples, channels) to the block's rate."""
        hidden = self.upsampling(self._activated(hidden, rows, self._hop // self._stride))
        kernels, biases = self.predictor(spectrum, rows)
        wider = hidden.new_zeros(len(hidden) + 2 * _REACH, hidden.shape[1])
        inner = wider[_REACH:-_REACH]
        for layer, convolution in enumerate(self.convolutions):
            torch.ops.aten.leaky_relu.out(
                convolution(self._activated(hidden, rows, self._hop)), self._slope, out=inner
            )
            rows.cleared(inner, self._hop)
            halves = self._located(wider, kernels[:, layer], biases[:, layer]).chunk(2, -1)
            # Copied first: of every second run of channels both take twice as long.
            gate, value = (half.contiguous() for half in halves)
            hidden = torch.addcmul(hidden, gate.sigmoid_(), value.tanh_())
        return hidden

    def _activated(self, hidden: Tensor, rows: _Rows, hop: int) -> Tensor:
        return rows.cleared(leaky_relu(hidden, self._slope), hop)

    def _located(self, wider: Tensor, kernels: Tensor, biases: Tensor) -> Tensor:
        """Convolve each frame of samples, and the one beyond either end, with its own kernel."""
        _, size, channels, outputs = kernels.shape
        shape, strides = (len(kernels), self._hop, channels), (self._hop * channels, channels, 1)
        out = biases.expand(-1, self._hop, -1).contiguous()
        for place in range(size):
            out.baddbmm_(wider.as_strided(shape, strides, place * channels), kernels[:, place])
        return out.view(-1, outputs)
