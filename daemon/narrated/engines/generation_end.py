"""The engine's own word on a take's end. An engine may be anybody's, so it is checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class GenerationEnd:
    """An engine's word on the end of a take."""

    ended: bool | None = None
    """True if the model chose the end itself, False if it was stopped; None if it cannot tell."""
    tokens: tuple[int, int] | None = None
    """Tokens that it generated, and the most that it might have."""

    @classmethod
    def checked(cls, told: Mapping[str, Any]) -> "GenerationEnd":
        """Take both out of a result's fields, which may be anything; drop what cannot be."""
        ended = told.get("ended")
        return cls(ended if isinstance(ended, bool) else None, _tokens(told.get("tokens")))

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a result that tell it; none for what is not known."""
        tokens = None if self.tokens is None else list(self.tokens)
        told = {"ended": self.ended, "tokens": tokens}
        return {name: value for name, value in told.items() if value is not None}


UNKNOWN_END = GenerationEnd()


def _tokens(told: Any) -> tuple[int, int] | None:
    if not isinstance(told, list | tuple) or [type(each) for each in told] != [int, int]:
        return None
    used, most = told
    return (used, most) if 0 <= used <= most <= _MOST_TOKENS else None
