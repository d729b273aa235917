"""A checkpoint's generation configuration: ids, lengths and rates of its stages."""

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
from narrated.engines.neural.sampling_parameters import SamplingParameters
from narrated.errors import EngineUnavailable

_TOP_K = 50  # default of transformers' GenerationConfig
_SAMPLE_RATE = 24_000
_CODEBOOK_SIZE = 1024

StageT = TypeVar("StageT")


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """The stages' configurations, by transformers' names."""

    semantic: BarkSemanticGenerationConfig
    coarse: BarkCoarseGenerationConfig
    fine: BarkFineGenerationConfig
    codebook_size: int
    sample_rate: int

    @classmethod
    def of(cls, folder: Path) -> "GenerationConfig":
        """Read a checkpoint's folder. Raises EngineUnavailable if its file is missing or broken."""
        file = folder / "generation_config.json"
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
                f"{file} is no generation configuration of Bark: {type(error).__name__}: {error}.",
                "Pull the model again, or name a folder with a complete file.",
            ) from error

    @property
    def coarse_per_semantic(self) -> float:
        """Coarse tokens of both codebooks for one semantic token."""
        seconds = self.coarse.coarse_rate_hz / self.semantic.semantic_rate_hz
        return float(seconds * self.coarse.n_coarse_codebooks)

    @property
    def sampling(self) -> StageSampling:
        """The checkpoint's own sampling parameters."""
        return StageSampling(
            semantic=_sampling(self.semantic, float(self.semantic.min_eos_p or 0.0)),
            coarse=_sampling(self.coarse),
            fine_temperature=1.0 if self.fine.temperature is None else self.fine.temperature,
        )

    def frames(self, semantic_tokens: int) -> int:
        """Frames of the codec for a number of semantic tokens."""
        coarse = semantic_tokens * self.coarse_per_semantic
        return int(coarse // self.coarse.n_coarse_codebooks)


def _stage(kind: Callable[..., StageT], written: dict[str, Any]) -> StageT:
    return kind(**written)


def _sampling(stage: Any, min_eos_p: float = 0.0) -> SamplingParameters:
    temperature = 1.0 if stage.temperature is None else float(stage.temperature)
    return SamplingParameters(
        temperature=temperature if stage.do_sample else 0.0,
        top_k=_TOP_K if stage.top_k is None else int(stage.top_k),
        min_eos_p=min_eos_p,
    )
