"""What a checkpoint's generation configuration says of its stages: ids, lengths, rates."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from transformers.models.bark.generation_configuration_bark import (
    BarkCoarseGenerationConfig,
    BarkFineGenerationConfig,
    BarkSemanticGenerationConfig,
)

from narrated.engines.bark.options import StageSampling
from narrated.engines.neural.sampling import SamplingParameters
from narrated.errors import EngineUnavailable

FILE_NAME = "generation_config.json"

_TOP_K = 50  # GenerationConfig's own, where a checkpoint says nothing
_SAMPLE_RATE = 24_000
_CODEBOOK_SIZE = 1024


StageT = TypeVar("StageT")


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """The stages' configurations, under the names that transformers gives them."""

    semantic: BarkSemanticGenerationConfig
    coarse: BarkCoarseGenerationConfig
    fine: BarkFineGenerationConfig
    codebook_size: int
    sample_rate: int

    @classmethod
    def of(cls, folder: Path) -> "GenerationConfig":
        """As a checkpoint's folder says; EngineUnavailable where it does not, or cannot be read."""
        file = folder / FILE_NAME
        try:
            written = json.loads(file.read_text(encoding="utf-8"))
            return cls(
                semantic=_stage(BarkSemanticGenerationConfig, written["semantic_config"]),
                coarse=_stage(BarkCoarseGenerationConfig, written["coarse_acoustics_config"]),
                fine=_stage(BarkFineGenerationConfig, written["fine_acoustics_config"]),
                codebook_size=int(written.get("codebook_size", _CODEBOOK_SIZE)),
                sample_rate=int(written.get("sample_rate", _SAMPLE_RATE)),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineUnavailable(
                f"{file} does not tell how Bark is to be run: {type(error).__name__}: {error}.",
                "Pull the model again, or name a folder that has this file whole.",
            ) from error

    @property
    def coarse_per_semantic(self) -> float:
        """How many coarse tokens, of both codebooks, stand for one semantic token."""
        seconds = self.coarse.coarse_rate_hz / self.semantic.semantic_rate_hz
        return float(seconds * self.coarse.n_coarse_codebooks)

    @property
    def sampling(self) -> StageSampling:
        """How the checkpoint itself would have its stages choose."""
        return StageSampling(
            semantic=_choice(self.semantic, self.semantic.min_eos_p or 0.0),
            coarse=_choice(self.coarse),
            fine_temperature=1.0 if self.fine.temperature is None else self.fine.temperature,
        )

    def frames(self, semantic_tokens: int) -> int:
        """How many frames of the codec so many semantic tokens become."""
        coarse = semantic_tokens * self.coarse_per_semantic
        return int(coarse // self.coarse.n_coarse_codebooks)


def _stage(kind: Callable[..., StageT], written: dict[str, Any]) -> StageT:
    return kind(**written)


def _choice(stage: Any, min_eos_p: float = 0.0) -> SamplingParameters:
    temperature = 1.0 if stage.temperature is None else float(stage.temperature)
    return SamplingParameters(
        temperature=temperature if stage.do_sample else 0.0,
        top_k=_TOP_K if stage.top_k is None else int(stage.top_k),
        min_eos_p=float(min_eos_p),
    )
