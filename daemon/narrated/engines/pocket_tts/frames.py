"""The second stage: a frame of latents after the other, each drawn by the flow from noise.

As `generate` of transformers' Pocket TTS, but in slices, and with noise of the request's seed. Each
request is computed alone, so the others are not heard in it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from narrated.engines.neural.stage_pipeline import Stage
from narrated.engines.pocket_tts.checkpoint import PocketCheckpoint, PocketModels
from narrated.engines.pocket_tts.request import NOT_FINITE, FrameState, PocketRequest, latents_of

_SLICE = 25
"""Frames of a step: two seconds of speech."""


class FrameStage(Stage[PocketModels, PocketRequest]):
    """Generates the frames of the first request, a slice in each step."""

    share = 0.8
    keeps_memory = True
    has_slots = True

    def __init__(self, checkpoint: PocketCheckpoint) -> None:
        super().__init__()
        self._checkpoint = checkpoint

    def work(self, module: PocketModels, width: int) -> Sequence[PocketRequest]:
        """Go on with the first request; returns it once its speech is whole."""
        request = self._waiting[0]
        if request.state is None:
            request.state = self._begun(module, request)
        for _ in range(_SLICE):
            self._add_frame(module, request, request.state)
            if self._is_whole(request, request.state):
                self._finish(module, request, request.state)
                self._waiting.popleft()
                return [request]
        return []

    def progress(self, request: PocketRequest) -> float:
        """About the share of the frames; most texts take less than half of the longest speech."""
        done = len(request.state.frames) if request.state else 0
        return min(0.95, 2 * done / request.most_frames)

    def restart(self) -> None:
        """Drop all keys and values: the requests begin again, with the same noise."""
        for request in self._waiting:
            request.state = None

    def _begun(self, module: PocketModels, request: PocketRequest) -> FrameState:
        """Read the voice and the text."""
        voice = [] if request.prompt is None else [{"type": "audio"}]
        content = [*voice, {"type": "text", "text": request.text}]
        processor = self._checkpoint.processor
        written = processor.apply_chat_template([{"role": "user", "content": content}])
        own = {} if request.prompt is None else {"audio_prompt_latents": [request.prompt]}
        inputs = processor(text=[written], return_tensors="pt", **own)
        tail = int(inputs.pop("frames_after_eos")[0])
        output = module.speech(**inputs.to(module.speech.device), use_cache=True)
        return FrameState(output.cache, output, tail)

    def _add_frame(self, module: PocketModels, request: PocketRequest, state: FrameState) -> None:
        speech, sampling, number = module.speech, request.sampling, len(state.frames)
        if number:
            frame = torch.full((1, 1), speech.config.audio_latent_token_id, device=speech.device)
            state.output = speech(
                input_ids=frame,
                audio_latents=state.frames[-1][:, None],
                cache=state.cache,
                use_cache=True,
            )
        condition = state.output.last_hidden_state[:, -1]
        noise = self._noise(request, number).to(condition.device, condition.dtype)
        state.frames.append(speech.sample_latent(condition, noise, sampling.num_flow_steps))
        if state.has_ended:
            state.left -= 1
        elif number >= sampling.min_frames_before_eos:
            logit = float(state.output.logits[0, -1, 0])
            state.left = state.tail if logit > sampling.eos_threshold else -1

    def _noise(self, request: PocketRequest, number: int) -> Tensor:
        shape = 1, self._checkpoint.config.latent_dim
        deviation: float = request.sampling.temperature**0.5
        return request.noise(shape, "frame", number) * deviation

    def _is_whole(self, request: PocketRequest, state: FrameState) -> bool:
        return state.left == 0 or len(state.frames) >= request.most_frames

    def _finish(self, module: PocketModels, request: PocketRequest, state: FrameState) -> None:
        latents = module.speech.denormalize_latents(latents_of(state.frames)).float()
        if not latents.isfinite().all():
            request.problem = NOT_FINITE.format("model")
        request.latents, request.state = latents, None
        request.ended = state.has_ended
        request.tokens = len(latents), request.most_frames
