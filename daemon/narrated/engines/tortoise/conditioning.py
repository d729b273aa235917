"""The first stage: the latents of a voice, computed once for its content."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from narrated.engines.neural.stage_pipeline import QueueStage
from narrated.engines.tortoise import voice_clips, voice_latents
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.mel_spectrograms import (
    UNIVNET_RATE,
    UNIVNET_SAMPLES,
    VOICE_RATE,
    VOICE_SAMPLES,
    beginning,
    centre,
    univnet_mel,
    voice_mel,
)
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.voice_clips import VoiceClip
from narrated.engines.tortoise.voice_latents import LatentsCache, VoiceLatents
from narrated.engines.tortoise.voices import TortoiseVoice
from narrated.errors import EngineError, EngineUnavailable


@dataclass(slots=True)
class _ClipsInProgress:
    """Latents of a voice's clips so far. The clips are not kept: they may be large."""

    voice: TortoiseVoice
    heard: list[VoiceLatents] = field(default_factory=list)


class ConditioningStage(QueueStage[TortoiseModels, TortoiseRequest]):
    """Computes the latents of the queued requests' voices, one clip a step.

    `norms` (80,) divides the bands of a clip's spectrogram.
    """

    share = 0.02

    def __init__(self, kept: LatentsCache, norms: torch.Tensor) -> None:
        super().__init__()
        self._kept = kept
        self._norms = norms
        self._known: dict[str, VoiceLatents] = {}
        self._hearings: dict[str, _ClipsInProgress] = {}

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Encode one clip of the first request's voice, if its latents are unknown."""
        request = self._waiting[0]
        try:
            request.latents = self._latents(module, request.voice)
        except EngineUnavailable as error:
            request.problem, request.remedy, request.is_unavailable = (
                error.problem,
                error.remedy,
                True,
            )
            self._hearings.pop(request.voice.digest, None)
        except EngineError as error:
            request.problem = error.problem
            self._hearings.pop(request.voice.digest, None)
        if request.latents is None and not request.problem:
            return []
        self._waiting.popleft()
        return [request]

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the clips that are encoded."""
        hearing = self._hearings.get(request.voice.digest)
        if hearing is None:
            return 0.0
        return len(hearing.heard) / len(hearing.voice.files)

    def forget(self, request: TortoiseRequest) -> None:
        """Remove a request, and the unfinished latents of a voice that no other needs."""
        self._waiting.remove(request)
        if all(each.voice.digest != request.voice.digest for each in self._waiting):
            self._hearings.pop(request.voice.digest, None)

    def _latents(self, module: TortoiseModels, voice: TortoiseVoice) -> VoiceLatents | None:
        """Latents from memory, cache or file; else encode one clip, None while others remain."""
        known = self._known.get(voice.digest) or self._kept.get(voice.digest)
        if known is None and voice.holds_latents:
            name, content = voice.content(0)
            known = voice_latents.load_latents(content, name, module.width)
        elif known is None:
            known = self._heard(module, voice)
        if known is not None:
            self._known[voice.digest] = known
        return known

    def _heard(self, module: TortoiseModels, voice: TortoiseVoice) -> VoiceLatents | None:
        hearing = self._hearings.get(voice.digest)
        if hearing is None:
            hearing = self._hearings[voice.digest] = _ClipsInProgress(voice)
        name, content = hearing.voice.content(len(hearing.heard))
        one = clip_latents(module, voice_clips.open_clip(content, name), self._norms)
        if not (one.autoregressive.isfinite().all() and one.diffusion.isfinite().all()):
            raise EngineError(NOT_A_NUMBER.format("conditioning"))  # and is never cached
        hearing.heard.append(one)
        if len(hearing.heard) < len(hearing.voice.files):
            return None
        del self._hearings[voice.digest]
        whole = VoiceLatents(
            torch.cat([each.autoregressive for each in hearing.heard]).mean(0, keepdim=True),
            torch.cat([each.diffusion for each in hearing.heard]).mean(0, keepdim=True),
        )
        self._kept.put(voice.digest, whole)
        return whole


def clip_latents(module: TortoiseModels, clip: VoiceClip, norms: torch.Tensor) -> VoiceLatents:
    """Both latents of one clip (api.py, get_conditioning_latents), on the host."""
    low = VoiceClip(
        clip.name, clip.at(VOICE_RATE), VOICE_RATE
    )  # upstream drops everything above 11 kHz
    voice = centre(torch.from_numpy(low.samples), VOICE_SAMPLES)
    sound = beginning(torch.from_numpy(low.at(UNIVNET_RATE)), UNIVNET_SAMPLES)
    autoregressive = module.ears.autoregressive(voice_mel(voice, norms)[None])
    diffusion = module.ears.diffusion(univnet_mel(sound)[None]).mean(-1)
    return VoiceLatents(autoregressive, diffusion)
