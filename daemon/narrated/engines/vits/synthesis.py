"""The one stage: from tokens to samples.

As the `forward` of transformers' VitsModel, but with noise of the request's seed. Each request is
computed alone: in a batch, what pads a short one would sound in the last samples of its vocoder.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import VitsModel

from narrated.engines.neural.stage_pipeline import Stage, pcm
from narrated.engines.vits.request import NOT_FINITE, VitsRequest

_SILENCE_S = 0.1
_SEEDS = 1 << 53
_MOST_S = 120.0
"""A longer speech of one chunk is none, and would fill the memory."""


class SynthesisStage(Stage[VitsModel, VitsRequest]):
    """Speaks one request in a step; one without letters becomes silence."""

    share = 1.0

    def work(self, module: VitsModel, width: int) -> Sequence[VitsRequest]:
        """Speak the first request."""
        request = self._waiting[0]
        if request.is_silent:
            request.pcm = bytes(2 * int(_SILENCE_S * module.config.sampling_rate))
        else:
            self._speak(module, request)
        self._waiting.popleft()
        return [request]

    def _speak(self, module: VitsModel, request: VitsRequest) -> None:
        means, deviations = _prior(module, request)
        if not (means.isfinite().all() and deviations.isfinite().all()):
            request.problem = NOT_FINITE
            return
        hop = _samples_per_frame(module)
        if means.shape[2] * hop > _MOST_S * module.config.sampling_rate:
            request.problem = f"VITS would speak for more than {_MOST_S:g} s."
            request.remedy = "Cut the text into shorter chunks, or raise its speaking_rate."
            return
        noise = request.noise(means.shape, "prior").to(means.device)
        latents = means + noise * deviations * request.sampling.noise_scale
        speaker, mask = _speaker(module, request), torch.ones_like(means[:, :1])
        spoken = module.decoder(module.flow(latents, mask, speaker, reverse=True), speaker)[0, 0]
        if spoken.isfinite().all():
            request.pcm = pcm(spoken)
        else:
            request.problem = NOT_FINITE


def _samples_per_frame(module: VitsModel) -> int:
    hop = 1
    for rate in module.config.upsample_rates:
        hop *= rate
    return hop


def _prior(module: VitsModel, request: VitsRequest) -> tuple[Tensor, Tensor]:
    """Means and deviations (1, width, frames) of the latents, each token as long as it lasts."""
    ids = torch.tensor([request.words], device=module.device)
    mask = torch.ones_like(ids)[..., None].to(torch.float32)
    read = module.text_encoder(input_ids=ids, padding_mask=mask, return_dict=True)
    hidden, speaker = read.last_hidden_state.transpose(1, 2), _speaker(module, request)
    log_lasting = _log_lasting(module, request, hidden, mask.transpose(1, 2), speaker)
    lasting = torch.ceil(torch.exp(log_lasting) / request.sampling.speaking_rate)[0, 0]
    most = _MOST_S * module.config.sampling_rate / _samples_per_frame(module) + 1
    frames = lasting.nan_to_num(0).clamp(0, most).long()
    if not frames.sum():
        frames[:1] = 1
    means = read.prior_means[0].repeat_interleave(frames, 0).T[None]
    logs = read.prior_log_variances[0].repeat_interleave(frames, 0).T[None]
    return means, torch.exp(logs)


def _log_lasting(
    module: VitsModel, request: VitsRequest, hidden: Tensor, mask: Tensor, speaker: Tensor | None
) -> Tensor:
    """Logarithm of the frames of each token, (1, 1, tokens)."""
    predict = module.duration_predictor
    told: Tensor
    if not module.config.use_stochastic_duration_prediction:
        told = predict(hidden, mask, speaker)
        return told
    with torch.random.fork_rng(devices=[]):  # it draws on the host, by torch's own generator
        torch.default_generator.manual_seed(int(request.uniform(1, "lasting") * _SEEDS))
        told = predict(
            hidden,
            mask,
            speaker,
            reverse=True,
            noise_scale=request.sampling.noise_scale_duration,
        )
    return told


def _speaker(module: VitsModel, request: VitsRequest) -> Tensor | None:
    """(1, width, 1): a speaker's own numbers; None for a model of one voice."""
    if request.speaker is None:
        return None
    number = torch.tensor([request.speaker], device=module.device)
    embedded: Tensor = module.embed_speaker(number)[..., None]
    return embedded
