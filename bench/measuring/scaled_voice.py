"""An engine for `bench/sound.py`: espeak far too soft, far too loud, or silent, by `gain_db`."""

from typing import Any

import numpy as np

from narrated.engines import espeak
from narrated.engines.interface import EngineContext, Options, SpeechResult

_FULL_SCALE = 32768


class ScaledVoice:
    """espeak, at a gain that may clip."""

    def __init__(self, options: Options, context: EngineContext) -> None:
        self._voice = espeak.load({}, context)
        self._gain = 10 ** (float(options["gain_db"]) / 20)
        self.identity = f"scaled-{self._gain:.6f}-{self._voice.identity}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._voice, name)

    def step(self) -> list[Any]:
        """Speak as espeak does, and scale the sound."""
        return [self._scaled(each) for each in self._voice.step()]

    def _scaled(self, outcome: Any) -> Any:
        if not isinstance(outcome, SpeechResult):
            return outcome
        wave = np.frombuffer(outcome.pcm, "<i2") * self._gain
        clipped = np.clip(wave, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
        return SpeechResult(outcome.id, clipped.tobytes(), outcome.sample_rate)


def load(options: Options, context: EngineContext) -> ScaledVoice:
    """Load the engine."""
    return ScaledVoice(options, context)
