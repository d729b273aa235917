"""A user's own engine, as the states name it in their configurations: tones instead of speech.

It imports nothing of narrated and never changes its identity, so the takes in a state stay valid
whatever voices a machine has. Change neither the identity nor the tone: make a new state instead.

Options: log (a file that gets a line for each text spoken), slow_while (a file whose presence
makes each text take a while), unless (a file whose absence makes the engine unavailable).
"""

import math
import struct
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SLOW_S = 0.2
SECONDS_A_CHARACTER = 0.02
SAMPLE_RATE = 16_000
PERIOD = 80


class Voice:
    """Speaks its oldest request at each step."""

    kind = "speech"
    identity = "states-voice-1"
    rows = 2
    sample_rate = SAMPLE_RATE
    worn = False
    models = ()

    def __init__(self, options: dict[str, Any]) -> None:
        self._log = Path(options["log"])
        self._slow_while = Path(options["slow_while"])
        self._requests: dict[str, Any] = {}

    def voices(self) -> dict[str, str]:
        return {"plain": "plain-1", "other": "other-1"}

    def voice_digest(self, name: str) -> str:
        return self.voices().get(name, "")

    def admit(self, request: Any) -> None:
        self._requests[request.id] = request

    def step(self) -> list[Any]:
        if self._slow_while.exists():
            time.sleep(SLOW_S)
        request = self._requests.pop(next(iter(self._requests)))
        with self._log.open("a", encoding="utf-8") as log:
            log.write(request.text.replace("\n", " ") + "\n")
        pcm = _tone(len(request.text), request.seed)
        return [SimpleNamespace(id=request.id, pcm=pcm, sample_rate=SAMPLE_RATE)]

    def cancel(self, id: str) -> None:
        del self._requests[id]

    def shrink(self) -> bool:
        return False

    def release(self) -> None:
        pass


def load(options: dict[str, Any], context: Any) -> Voice:
    """The engine; RuntimeError until the file of the option `unless` is there."""
    if "unless" in options and not Path(options["unless"]).exists():
        raise RuntimeError("its voice is not here yet")
    return Voice(options)


def _tone(characters: int, seed: int) -> bytes:
    """A tone as long as the text; the seed, which tells two takes apart, decides how loud."""
    loudness = 6000 + seed % 8 * 1000
    cycle = [round(loudness * math.sin(math.tau * n / PERIOD)) for n in range(PERIOD)]
    cycles = int(characters * SECONDS_A_CHARACTER * SAMPLE_RATE / PERIOD) + 1
    return struct.pack(f"<{PERIOD}h", *cycle) * cycles
