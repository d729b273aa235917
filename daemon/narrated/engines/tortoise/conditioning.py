"""The first stage: the latents of a voice, computed once for its content.

Mel spectrograms and cuts are those of tortoise-tts 3.0.0: TorchMelSpectrogram of
models/arch_util.py, TacotronSTFT of utils/audio.py and utils/stft.py, and api.py, which cuts at
random where we cut at a fixed place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor
from transformers.audio_utils import mel_filter_bank

from narrated.engines.neural.stage_pipeline import Stage
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.clip_checks import VoiceClip, open_clip
from narrated.engines.tortoise.latents_files import LatentsCache, VoiceLatents, load_latents
from narrated.engines.tortoise.request import NOT_FINITE, TortoiseRequest
from narrated.engines.tortoise.upstream_modules import mel_norms
from narrated.engines.tortoise.voices import TortoiseVoice
from narrated.errors import EngineError, EngineUnavailable

_VOICE_RATE = 22_050
_VOICE_SAMPLES = 132_300
"""Six seconds, for the autoregressive model."""
_UNIVNET_RATE = 24_000
_UNIVNET_SAMPLES = 102_400
"""Four seconds and a quarter, for the diffusion model."""

_WINDOW = 1024
_HOP = 256
_LEAST = 1e-5


@dataclass(slots=True)
class _ClipsInProgress:
    """Latents of a voice's clips so far. The clips are not kept: they may be large."""

    voice: TortoiseVoice
    encoded: list[VoiceLatents] = field(default_factory=list)


class ConditioningStage(Stage[TortoiseModels, TortoiseRequest]):
    """Computes the latents of the queued requests' voices, one clip a step."""

    share = 0.02

    def __init__(self, latents_cache: LatentsCache) -> None:
        super().__init__()
        self._cache = latents_cache
        self._norms = mel_norms()
        self._known: dict[str, VoiceLatents] = {}
        self._unfinished: dict[str, _ClipsInProgress] = {}

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Encode one clip of the first request's voice, if its latents are unknown."""
        request = self._waiting[0]
        try:
            request.latents = self._latents(module, request.voice)
        except (EngineError, EngineUnavailable) as error:
            request.problem = error.problem
            request.remedy = error.remedy or request.remedy
            request.is_unavailable = isinstance(error, EngineUnavailable)
            self._unfinished.pop(request.voice.digest, None)
        if request.latents is None and not request.problem:
            return []
        self._waiting.popleft()
        return [request]

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the clips that are encoded."""
        clips = self._unfinished.get(request.voice.digest)
        return len(clips.encoded) / len(clips.voice.files) if clips else 0.0

    def forget(self, request: TortoiseRequest) -> None:
        """Remove a request, and the unfinished latents of a voice that no other needs."""
        self._waiting.remove(request)
        if all(each.voice.digest != request.voice.digest for each in self._waiting):
            self._unfinished.pop(request.voice.digest, None)

    def _latents(self, module: TortoiseModels, voice: TortoiseVoice) -> VoiceLatents | None:
        """Latents from memory, cache or file; else encode one clip, None while others remain."""
        known = self._known.get(voice.digest) or self._cache.get(voice.digest)
        if known is None and voice.holds_latents:
            name, content = voice.content(0)
            known = load_latents(content, name, module.width)
        elif known is None:
            known = self._encoded(module, voice)
        if known is not None:
            self._known[voice.digest] = known
        return known

    def _encoded(self, module: TortoiseModels, voice: TortoiseVoice) -> VoiceLatents | None:
        clips = self._unfinished.setdefault(voice.digest, _ClipsInProgress(voice))
        name, content = clips.voice.content(len(clips.encoded))
        one = _clip_latents(module, open_clip(content, name), self._norms)
        if not (one.autoregressive.isfinite().all() and one.diffusion.isfinite().all()):
            raise EngineError(NOT_FINITE.format("conditioning"))  # and is never cached
        clips.encoded.append(one)
        if len(clips.encoded) < len(clips.voice.files):
            return None
        del self._unfinished[voice.digest]
        whole = VoiceLatents(
            torch.cat([each.autoregressive for each in clips.encoded]).mean(0, keepdim=True),
            torch.cat([each.diffusion for each in clips.encoded]).mean(0, keepdim=True),
        )
        self._cache.put(voice.digest, whole)
        return whole


def _clip_latents(module: TortoiseModels, clip: VoiceClip, norms: Tensor) -> VoiceLatents:
    """Both latents of one clip (api.py, get_conditioning_latents), on the host.

    `norms` (80,) divides the bands of its spectrogram. Upstream drops everything above 11 kHz.
    """
    low = VoiceClip(clip.name, clip.at(_VOICE_RATE), _VOICE_RATE)
    voice = centre(torch.from_numpy(low.samples), _VOICE_SAMPLES)
    sound = beginning(torch.from_numpy(low.at(_UNIVNET_RATE)), _UNIVNET_SAMPLES)
    autoregressive = module.ears.autoregressive(voice_mel(voice, norms)[None])
    diffusion = module.ears.diffusion(univnet_mel(sound)[None]).mean(-1)
    return VoiceLatents(autoregressive, diffusion)


def voice_mel(samples: Tensor, norms: Tensor) -> Tensor:
    """Input of the autoregressive encoder: log power (80, frames), divided by `norms` (80,).

    `samples` (n,) at 22,050 Hz, float32.
    """
    power = _spectrum(samples).abs() ** 2
    return (
        _logged(_filters(80, 8_000.0, _VOICE_RATE, "htk").to(power) @ power)
        / norms.to(power)[:, None]
    )


def univnet_mel(samples: Tensor) -> Tensor:
    """Input of the diffusion encoder: log magnitude (100, frames).

    `samples` (n,) at 24,000 Hz, float32, are clipped to -1 to 1. To match upstream, resample them
    from 22,050 Hz, not from the clip itself: upstream drops everything above 11 kHz.
    """
    magnitude = _spectrum(samples.clip(-1.0, 1.0)).abs()
    return _logged(_filters(100, 12_000.0, _UNIVNET_RATE, "slaney").to(magnitude) @ magnitude)


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
        samples, _WINDOW, _HOP, window=window, pad_mode="reflect", return_complex=True
    )


def _logged(mel: Tensor) -> Tensor:
    return mel.clamp(min=_LEAST).log()


@cache
def _filters(count: int, highest: float, rate: int, scale: str) -> Tensor:
    """(count, 513), each of the same area: torchaudio's on HTK's scale, librosa's on Slaney's."""
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
