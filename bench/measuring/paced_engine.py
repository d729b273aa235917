"""A stand-in for a model on a GPU: its steps take time, and no core.

Options: `rows` (requests in flight), `slots` (worked at once), `step_s`, and `steps` (of each
request). All requests take as long, so that those of a batch end together: then a daemon that hands
out the next ones too late leaves the device idle.
"""

import time
from array import array
from typing import Any

import measuring  # noqa: F401 # puts the tests on the path
from narrated.engines.interface import (
    ModelFreeEngine,
    Outcome,
    ProgressReport,
    SpeechRequest,
    SpeechResult,
)

RATE = 24_000
_SECONDS_A_CHARACTER = 0.07


class PacedEngine(ModelFreeEngine):
    """Brings all requests one step further at once."""

    kind = "speech"
    sample_rate = RATE
    identity = "paced-1"
    worn = False

    def __init__(self, options: dict[str, Any]) -> None:
        self.rows = int(options["rows"])
        self._slots = int(options["slots"])
        self._step_s = float(options["step_s"])
        self._steps = int(options["steps"])
        self._requests: dict[str, SpeechRequest] = {}
        self._made: dict[str, int] = {}

    @property
    def has_room(self) -> bool:
        return len(self._requests) < self._slots

    def voices(self) -> dict[str, str]:
        return {"paced": "paced"}

    def voice_digest(self, name: str) -> str:
        return self.voices().get(name, "")

    def admit(self, request: Any) -> None:
        self._requests[request.id], self._made[request.id] = request, 0

    def cancel(self, id: str) -> None:
        self._requests.pop(id, None)
        self._made.pop(id, None)

    def step(self) -> list[Outcome]:
        time.sleep(self._step_s)
        return [self._advanced(id) for id in [*self._made]]

    def _advanced(self, id: str) -> Outcome:
        self._made[id] += 1
        if self._made[id] < self._steps:
            return ProgressReport(id, self._made[id] / self._steps)
        seconds = _SECONDS_A_CHARACTER * len(self._requests[id].text)
        self.cancel(id)
        return SpeechResult(id, _tone(seconds), RATE)


def _tone(seconds: float) -> bytes:
    cycle = array("h", [6000] * 50 + [-6000] * 50)
    return (cycle * int(seconds * RATE / len(cycle))).tobytes()


def load(options: dict[str, Any], context: Any) -> PacedEngine:
    """Load it; it needs nothing."""
    return PacedEngine(options)
