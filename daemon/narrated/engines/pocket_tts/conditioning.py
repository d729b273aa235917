"""The first stage: the latents of a request's voice, from a file or from clips."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from safetensors.torch import load
from torch import Tensor

from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.stage_pipeline import Stage
from narrated.engines.pocket_tts.checkpoint import PocketCheckpoint, PocketModels
from narrated.engines.pocket_tts.request import NOT_FINITE, PocketRequest
from narrated.engines.pocket_tts.voices import MOST_LATENTS_BYTES, PocketVoice
from narrated.engines.tortoise.clip_checks import open_clip
from narrated.errors import EngineError, EngineUnavailable

_MOST_CLIP_S = 30.0
"""Of a voice's clips together: more make no better voice, and each frame costs at every step."""
_MOST_FRAMES = 1000
_MOST_KNOWN = 64
_REMEDY = "Take a file of latents as Pocket TTS's own, or a clip."


class ConditioningStage(Stage[PocketModels, PocketRequest]):
    """Finds the latents of one request's voice in a step; the latest ones stay in memory."""

    share = 0.05

    def __init__(self, checkpoint: PocketCheckpoint) -> None:
        super().__init__()
        self._checkpoint = checkpoint
        self._known: OrderedDict[str, Tensor] = OrderedDict()

    def work(self, module: PocketModels, width: int) -> Sequence[PocketRequest]:
        """Find the voice of the first request."""
        request = self._waiting[0]
        if request.voice is not None:
            try:
                request.prompt = self._latents(module, request.voice)
            except (EngineError, EngineUnavailable) as error:
                request.problem = error.problem
                request.remedy = error.remedy or request.remedy
                request.is_unavailable = isinstance(error, EngineUnavailable)
        self._waiting.popleft()
        return [request]

    def _latents(self, module: PocketModels, voice: PocketVoice) -> Tensor:
        known = self._known.pop(voice.digest, None)
        if known is None:
            known = self._encoded(module, voice) if voice.clips else self._read(voice)
        self._known[voice.digest] = known
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return known

    def _read(self, voice: PocketVoice) -> Tensor:
        assert voice.latents is not None
        with guard_reading(f"The voice {voice.latents}", _REMEDY):
            with voice.latents.open("rb") as file:
                content = file.read(MOST_LATENTS_BYTES + 1)
            if len(content) > MOST_LATENTS_BYTES:
                raise ValueError("it is larger than any voice")
            return self._one_of(load(content))

    def _one_of(self, tensors: dict[str, Tensor]) -> Tensor:
        """The latents (frames, latent) among a file's tensors. Errors: ValueError."""
        width = self._checkpoint.config.latent_dim
        squeezed = (each.squeeze(0) if each.dim() == 3 else each for each in tensors.values())
        fitting = [each for each in squeezed if each.dim() == 2 and each.shape[1] == width]
        if len(fitting) != 1 or not 0 < len(fitting[0]) <= _MOST_FRAMES:
            raise ValueError(f"it holds no latents of {width} numbers a frame")
        latents = fitting[0].float()
        if not latents.isfinite().all():
            raise ValueError("its latents are not finite")
        return latents

    def _encoded(self, module: PocketModels, voice: PocketVoice) -> Tensor:
        """Encode a voice's clips, one after the other, as the processor does."""
        assert voice.clips is not None
        rate = self._checkpoint.codec_config.sampling_rate
        sounds, left = [], int(_MOST_CLIP_S * rate)
        for number in range(len(voice.clips.files)):
            name, content = voice.clips.content(number)
            sounds.append(torch.from_numpy(open_clip(content, name).at(rate)[:left].copy()))
            left -= len(sounds[-1])
            if left <= 0:
                break
        prepared = self._checkpoint.processor.feature_extractor(
            [torch.cat(sounds).numpy()], sampling_rate=rate
        )
        device = module.codec.device
        encoded = module.codec.encode(
            prepared["input_values"].to(device, torch.float32), prepared["padding_mask"].to(device)
        )
        latents: Tensor = encoded.latents[0][encoded.latents_mask[0].bool()].float().cpu()
        if not latents.isfinite().all():
            raise EngineError(NOT_FINITE.format("encoder"))
        return latents
