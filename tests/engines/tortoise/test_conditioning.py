"""Mel spectrograms of clips, against the formulas of torchaudio's and librosa's documentation."""

import numpy as np
import pytest
import torch

from engines.tortoise.recordings import speech
from narrated.engines.tortoise.conditioning import beginning, centre, univnet_mel, voice_mel

NORMS = torch.linspace(-7.0, -3.0, 80)


def spectrum(samples, rate):
    """The plain Fourier sum of each windowed frame, (513, frames), in double precision."""
    mirrored = np.concatenate([samples[512:0:-1], samples, samples[-2:-514:-1]])
    frames = np.stack(
        [mirrored[at : at + 1024] for at in range(0, len(mirrored) - 1023, 256)], axis=1
    ).astype(np.float64)
    n = np.arange(1024)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / 1024)
    waves = np.exp(-2j * np.pi * np.outer(np.arange(513), n) / 1024)
    return waves @ (frames * window[:, None])


def triangles(edges_hz, rate):
    """One triangle between each edge and the next but one, of the same area, (bands, 513)."""
    bins = np.arange(513) * rate / 1024
    bands = []
    for low, middle, high in zip(edges_hz, edges_hz[1:], edges_hz[2:], strict=False):
        rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
        bands.append(np.clip(np.minimum(rising, falling), 0, None) * 2 / (high - low))
    return np.stack(bands)


def htk_edges(count, highest):
    top = 2595 * np.log10(1 + highest / 700)
    return 700 * (10 ** (np.linspace(0, top, count + 2) / 2595) - 1)


def slaney_edges(count, highest):
    """200/3 Hz a mel up to 1,000 Hz, then 27 mels for each factor of 6.4."""
    top = 15 + 27 * np.log(highest / 1000) / np.log(6.4)
    mels = np.linspace(0, top, count + 2)
    return np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))


@pytest.fixture(scope="module", params=["speech", "tone", "silence then noise"])
def samples(request):
    if request.param == "speech":
        return speech(1.5, 24_000)
    if request.param == "tone":
        return (0.4 * np.sin(np.arange(20_001) / 7)).astype(np.float32)
    quiet = np.zeros(9_000, dtype=np.float32)
    return np.concatenate([quiet, speech(0.7, 24_000, level=1e-3)])


def test_voice_mel_is_htk_power(samples):
    """The autoregressive model hears log power on the scale of htk."""
    power = np.abs(spectrum(samples, 22_050)) ** 2
    mel = triangles(htk_edges(80, 8_000), 22_050) @ power
    expected = np.log(np.maximum(mel, 1e-5)) / NORMS.numpy()[:, None]
    heard = voice_mel(torch.from_numpy(samples), NORMS)
    assert heard.shape == (80, 1 + len(samples) // 256) and heard.dtype == torch.float32
    np.testing.assert_allclose(heard.numpy(), expected, atol=2e-3)


def test_univnet_mel_is_slaney(samples):
    """The diffusion model hears log magnitude on the scale of slaney."""
    magnitude = np.abs(spectrum(samples, 24_000))
    mel = triangles(slaney_edges(100, 12_000), 24_000) @ magnitude
    heard = univnet_mel(torch.from_numpy(samples))
    assert heard.shape == (100, 1 + len(samples) // 256) and heard.dtype == torch.float32
    np.testing.assert_allclose(heard.numpy(), np.log(np.maximum(mel, 1e-5)), atol=5e-3)


def test_univnet_mel_clips_samples():
    """Samples beyond full scale are cut off for the diffusion model."""
    loud = torch.from_numpy(speech(1.0, 24_000, level=5.0))
    assert (loud.abs() > 1).any()
    assert torch.equal(univnet_mel(loud), univnet_mel(loud.clip(-1, 1)))


def test_silence_is_the_floor():
    """Silence is the least that is heard."""
    silence = torch.zeros(4_000)
    assert torch.allclose(univnet_mel(silence), torch.tensor(1e-5).log())
    assert torch.allclose(voice_mel(silence, NORMS), torch.tensor(1e-5).log() / NORMS[:, None])


def test_long_clip_centre_or_start():
    """Of a long clip the middle is heard or the beginning."""
    clip = torch.arange(1.0, 12.0)
    assert centre(clip, 5).tolist() == [4, 5, 6, 7, 8]
    assert centre(clip, 4).tolist() == [4, 5, 6, 7]
    assert beginning(clip, 4).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("shorten", [centre, beginning])
def test_short_clip_gets_silence(shorten):
    """A short clip is followed by silence."""
    assert shorten(torch.tensor([1.0, 2.0]), 4).tolist() == [1, 2, 0, 0]
    assert shorten(torch.tensor([1.0, 2.0]), 2).tolist() == [1, 2]
