"""The base of the voices that come with narrated: a queue of requests, and options in ranges."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from narrated.engines.interface import Kind, ModelFreeEngine, Options, SpeechRequest
from narrated.errors import EngineError

ROWS = 8  # a queue, deep enough to cover the latency of the worker's channel


@dataclass(frozen=True, slots=True)
class VoiceParameter:
    """A number that a user may set, with its default and its range."""

    default: float
    lowest: float
    highest: float


class EmbeddedVoice(ModelFreeEngine):
    """Requests wait in a queue; its heir speaks the first in each step."""

    kind: Kind = "speech"
    rows = ROWS

    def __init__(self, digests: Mapping[str, str]) -> None:
        """`digests` has the digest of each voice's content, by name."""
        self._digests = digests
        self._waiting: deque[SpeechRequest] = deque()

    def voices(self) -> dict[str, str]:
        """Digest of each voice, by its language code, such as en-us."""
        return dict(self._digests)

    def voice_digest(self, name: str) -> str:
        """Digest of one voice; empty if there is none of this name."""
        return self._digests.get(name, "")

    def cancel(self, id: str) -> None:
        """Remove a request from the queue."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting.id != id)


def parameter_values(
    engine: str,
    options: Options,
    parameters: Mapping[str, VoiceParameter],
    others: Collection[str] = (),
) -> dict[str, float]:
    """Return the value of each parameter. `others` are options that are no numbers.

    Raises EngineError for an unknown option, and for a value out of its range.
    """
    for name in options:
        if name not in parameters and name not in others:
            known = ", ".join([*parameters, *others])
            raise EngineError(f"{engine} has no option '{name}'.", f"It has: {known}.")
    values: dict[str, float] = {}
    for name, known_as in parameters.items():
        value = options.get(name, known_as.default)
        is_number = isinstance(value, int | float)
        if not is_number or not known_as.lowest <= value <= known_as.highest:
            raise EngineError(
                f"{engine}'s option '{name}' is {value!r}.",
                f"Set a number from {known_as.lowest:g} to {known_as.highest:g}.",
            )
        values[name] = value
    return values
