"""Sampling parameters of a causal model.

Imports no torch, since options are read before torch is known to be installed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SamplingParameters:
    """Sampling of the next token, in the order of transformers' `generate`."""

    temperature: float
    """0 takes the likeliest token."""
    top_k: int
    """Draws from this many of the likeliest tokens; 0 for all."""
    min_eos_p: float = 0.0
    """Takes the end token once it is likelier than this; 0 leaves it to the draw."""
    repetition_penalty: float = 1.0
    """Divisor of the scores of tokens already said (Keskar et al., arXiv:1909.05858)."""
    top_p: float = 1.0
    """Draws from the likeliest tokens with this sum (Holtzman et al., arXiv:1904.09751)."""

    @property
    def fingerprint(self) -> str:
        """Part of an engine's identity. Never change this text: cache keys contain its digest."""
        return (
            f"Choice(temperature={self.temperature!r}, top_k={self.top_k!r}, "
            f"min_eos_p={self.min_eos_p!r}, repetition_penalty={self.repetition_penalty!r}, "
            f"top_p={self.top_p!r})"
        )
