"""The results of upstream's own modules for one row, stage by stage."""

import warnings
from pathlib import Path

import torch
from torch.nn.functional import pad
from transformers import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from narrated.engines.tortoise.checkpoint import MODELS
from narrated.engines.tortoise.upstream_modules import upstream


class Upstream:
    """Its four models, loaded as api.py loads them but for the sizes."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.autoregressive = _loaded(folder / "autoregressive.pth")
            self.clvp = _loaded(folder / "clvp2.pth")
            self.diffusion = _loaded(folder / "diffusion_decoder.pth")
            self.vocoder = _loaded(folder / "vocoder.pth")
            self.vocoder.eval(inference=True)

    @torch.no_grad()
    def candidate(self, row) -> list[int]:
        """The likeliest codes, as `inference_speech` and `generate` go without a cache."""
        model, settings = self.autoregressive, row.settings
        text = pad(pad(torch.tensor([[*row.words, 0]]), (0, 1), value=0), (1, 0), value=255)
        said = model.text_embedding(text) + model.text_pos_embedding(text)
        before = torch.cat([row.latents.autoregressive[:, None], said], 1)
        ids = torch.full((1, before.shape[1] + 1), 1)
        ids[:, -1] = model.start_mel_token
        first = ids.shape[1]
        processors = [
            RepetitionPenaltyLogitsProcessor(settings.repetition_penalty),
            TemperatureLogitsWarper(settings.temperature),
            TopKLogitsWarper(settings.top_k),
            TopPLogitsWarper(settings.top_p),
        ]
        for _ in range(settings.max_mel_tokens):
            codes = ids[:, before.shape[1] :]
            heard = model.mel_embedding(codes)
            heard = heard + model.mel_pos_embedding(heard)
            hidden = model.gpt(
                inputs_embeds=torch.cat([before, heard], 1), return_dict=True
            ).last_hidden_state[:, -1]
            scores = model.mel_head(model.final_norm(hidden))
            scores[:, model.start_mel_token] = -float("inf")
            for processor in processors:
                scores = processor(ids, scores)
            ids = torch.cat([ids, scores.argmax(-1, keepdim=True)], 1)
            if ids[0, -1] == model.stop_mel_token:
                break
        return [code for code in ids[0, first:].tolist() if code != model.stop_mel_token]

    @torch.no_grad()
    def scores(self, row, codes) -> torch.Tensor:
        """The scores of the codes (candidates, length) against the text."""
        text = torch.tensor([[*row.words, 0]]).repeat(len(codes), 1)
        return self.clvp(text, torch.tensor(codes), return_loss=False)

    @torch.no_grad()
    def aligned(self, row) -> torch.Tensor:
        """The latents of each code, (codes, width), all of them."""
        text = torch.tensor([[*row.words, 0]])
        codes = torch.tensor([row.codes])
        return self.autoregressive(
            row.latents.autoregressive,
            text,
            torch.tensor([text.shape[-1]]),
            codes,
            torch.tensor([codes.shape[-1] * 1024]),
            return_latent=True,
            clip_inputs=False,
        )[0]

    @torch.no_grad()
    def mel(self, row, noises) -> torch.Tensor:
        """The spectrogram, (bands, frames), from -1 to 1, by its own loop; noise as it is asked."""
        known, settings = upstream(), row.settings
        diffuser = known.SpacedDiffusion(
            use_timesteps=known.space_timesteps(4000, [settings.diffusion_iterations]),
            model_mean_type="epsilon",
            model_var_type="learned_range",
            loss_type="mse",
            betas=known.get_named_beta_schedule("linear", 4000),
            conditioning_free=settings.cond_free,
            conditioning_free_k=settings.cond_free_k,
        )
        frames = len(row.aligned) * 4 * 24_000 // 22_050
        heard = self.diffusion.timestep_independent(
            row.aligned[None], row.latents.diffusion, frames, False
        )
        shape = (1, 100, frames)
        now = noises(shape)
        for step in range(settings.diffusion_iterations)[::-1]:
            out = diffuser.p_mean_variance(
                self.diffusion,
                now,
                torch.tensor([step]),
                model_kwargs={"precomputed_aligned_embeddings": heard},
            )
            now = out["mean"] + (step > 0) * (0.5 * out["log_variance"]).exp() * noises(shape, step)
        return now[0]


def _loaded(file):
    kind, arguments = MODELS[file.name]
    state = torch.load(file, weights_only=True)
    state = state.get("model_g", state)
    model = getattr(upstream(), kind)(**arguments(state))
    model.load_state_dict(state)
    model.eval()
    return model
