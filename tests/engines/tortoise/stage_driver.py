"""Tortoise without the engine around it: rows through one stage, or through the whole line."""

from pathlib import Path

import numpy as np
import torch

from engines.stage_driver import StageDriver
from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from narrated.engines.tortoise.candidate_draws import CandidateDraws
from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint
from narrated.engines.tortoise.engine import stages
from narrated.engines.tortoise.latents_files import LatentsCache, VoiceLatents
from narrated.engines.tortoise.options import TortoiseSettings
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.required_files import FILES
from narrated.engines.tortoise.voices import TortoiseVoice
from support.engine_context import PlainContext

QUICK = {
    "preset": "ultra_fast",
    "num_autoregressive_samples": 3,
    "diffusion_iterations": 3,
    "max_mel_tokens": 40,
}
NOBODY = TortoiseVoice("nobody", "none", (Path("nowhere.pth"),), ("none",))


class TortoiseDriver(StageDriver):
    """A checkpoint that is warm, and rows for it."""

    width = 16

    def __init__(self, folder: Path, device: str = "cpu", dtype: str = "float32") -> None:
        context = PlainContext(device=device)
        super().__init__(
            folder,
            TortoiseCheckpoint.opened(find_checkpoint(context, str(folder), FILES), dtype, context),
        )

    def row(self, id, text="", voice=1, seed=0, **wishes) -> TortoiseRequest:
        """A row in a voice of latents drawn by chance."""
        words = self.checkpoint.words(text)
        settings = TortoiseSettings.of({**QUICK, **wishes})
        row = TortoiseRequest(id, words, NOBODY, settings, seed=seed)
        row.latents = latents(voice, self.module.width)
        return row

    def stages(self):
        """All but the first: rows bring their latents."""
        return stages(LatentsCache(Path("/dev/null/nowhere"), ""), CandidateDraws())[1:]


def samples(pcm: bytes) -> np.ndarray:
    """From -1 to 1, (n,)."""
    return np.frombuffer(pcm, dtype="<i2") / 32_767


def close(one: bytes, other: bytes) -> bool:
    """True if two sounds are one but for rounding, which hangs on how many are worked at once."""
    return len(one) == len(other) and np.abs(samples(one) - samples(other)).max() < 2e-3


def latents(seed: int, width: int) -> VoiceLatents:
    drawn = torch.Generator().manual_seed(seed)
    return VoiceLatents(
        torch.randn(1, width, generator=drawn) * 0.5,
        torch.randn(1, 2 * width, generator=drawn) * 0.5,
    )
