"""Mel spectrograms of a voice's clips, as the models were trained on.

After tortoise-tts 3.0.0: TorchMelSpectrogram of models/arch_util.py, TacotronSTFT of utils/audio.py
and utils/stft.py, and the cutting in api.py: it starts at random there, and at a fixed place here.
"""

from functools import cache

import torch
from torch import Tensor
from transformers.audio_utils import mel_filter_bank

VOICE_RATE = 22_050
VOICE_SAMPLES = 132_300
"""Six seconds, for the autoregressive model."""
UNIVNET_RATE = 24_000
UNIVNET_SAMPLES = 102_400
"""Four seconds and a quarter, for the diffusion model."""

_WINDOW = 1024
_HOP = 256
_LEAST = 1e-5


def voice_mel(samples: Tensor, norms: Tensor) -> Tensor:
    """Input of the autoregressive encoder: log power (80, frames), divided by `norms` (80,).

    `samples` (n,) at 22,050 Hz, float32.
    """
    power = _spectrum(samples).abs() ** 2
    return _logged(_voice_filters().to(power) @ power) / norms.to(power)[:, None]


def univnet_mel(samples: Tensor) -> Tensor:
    """Input of the diffusion encoder: log magnitude (100, frames).

    `samples` (n,) at 24,000 Hz, float32, are clipped to -1 to 1. To match upstream, resample them
    from 22,050 Hz, not from the clip itself: upstream drops everything above 11 kHz.
    """
    magnitude = _spectrum(samples.clip(-1.0, 1.0)).abs()
    return _logged(_univnet_filters().to(magnitude) @ magnitude)


def centre(samples: Tensor, count: int) -> Tensor:
    """The middle (count,) of the samples (n,); a shorter clip is followed by silence."""
    return beginning(samples[max(0, len(samples) - count) // 2 :], count)


def beginning(samples: Tensor, count: int) -> Tensor:
    """The first (count,) of the samples (n,); a shorter clip is followed by silence."""
    return torch.nn.functional.pad(samples[:count], (0, max(0, count - len(samples))))


def _spectrum(samples: Tensor) -> Tensor:
    """(513, frames), each frame about its hop, and mirrored at both ends."""
    window = torch.hann_window(_WINDOW, device=samples.device, dtype=samples.dtype)
    return torch.stft(
        samples,
        _WINDOW,
        _HOP,
        window=window,
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )


def _logged(mel: Tensor) -> Tensor:
    return mel.clamp(min=_LEAST).log()


@cache
def _voice_filters() -> Tensor:
    """(80, 513) as torchaudio makes them: HTK's scale, each of the same area."""
    return _filters(80, 8_000.0, VOICE_RATE, "htk")


@cache
def _univnet_filters() -> Tensor:
    """(100, 513) as librosa makes them: Slaney's scale, each of the same area."""
    return _filters(100, 12_000.0, UNIVNET_RATE, "slaney")


def _filters(count: int, highest: float, rate: int, scale: str) -> Tensor:
    bank = mel_filter_bank(
        num_frequency_bins=_WINDOW // 2 + 1,
        num_mel_filters=count,
        min_frequency=0.0,
        max_frequency=highest,
        sampling_rate=rate,
        norm="slaney",
        mel_scale=scale,
    )
    return torch.from_numpy(bank.T.copy()).float()
