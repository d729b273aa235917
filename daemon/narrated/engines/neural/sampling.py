"""How a model chooses its next token; without torch, since options are read where there is none."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SamplingParameters:
    """How a causal model chooses, in the order that transformers' `generate` goes by."""

    temperature: float
    """0 takes the likeliest."""
    top_k: int
    """Only so many of the likeliest are drawn from; 0 for all."""
    min_eos_p: float = 0.0
    """The end is taken once it is likelier than this; 0 leaves it to the draw."""
    repetition_penalty: float = 1.0
    """By what a token that was said becomes less likely (Keskar et al., arXiv:1909.05858)."""
    top_p: float = 1.0
    """Only the likeliest that are this likely together (Holtzman et al., arXiv:1904.09751)."""

    @property
    def fingerprint(self) -> str:
        """Part of an engine's identity. Never change this text: cache keys contain its digest."""
        return (
            f"Choice(temperature={self.temperature!r}, top_k={self.top_k!r}, "
            f"min_eos_p={self.min_eos_p!r}, repetition_penalty={self.repetition_penalty!r}, "
            f"top_p={self.top_p!r})"
        )
