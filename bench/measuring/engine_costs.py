"""Measures one engine, or its upstream, in a process of its own; prints its costs as JSON.

    python engine_costs.py ENGINE FOLDER VOICE
    python engine_costs.py upstream-piper FOLDER VOICE

FOLDER holds the voices of the user. Neither imports more than a worker would.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TEXTS = (
    "The old mill stood at the edge of the river, and nobody had opened its door for years.",
    "Put the flour into a bowl, add two eggs and a little milk, and stir until it is smooth.",
    "We left the harbour before sunrise, because the wind was said to turn in the afternoon.",
    "A new version is out today, and it reads your posts aloud while you walk to the station.",
    "Nobody had told the gardener that the roses would be moved, so he watered them all week.",
    "The committee will meet again in spring, once the figures of the second survey are known.",
    "Hold the lamp a little higher, she said, and look for the name above the broken window.",
    "Every morning the baker counts his loaves, and every evening he counts what has come back.",
)
RATE_BYTES = 2


@dataclass(frozen=True, slots=True)
class EngineCosts:
    """Costs of an engine on this machine."""

    start_s: float
    """Processor seconds until the first sentence is spoken, imports and weights included."""
    solo: float
    """Processor seconds a second of speech, one sentence at a time."""
    batch: float
    """The same with all sentences in flight."""
    memory_bytes: int
    """The most memory of the process."""


@dataclass
class _Context:
    """An engine's context without a worker."""

    voices: Path
    models: Path = Path("/nonexistent")
    cache: Path = Path("/nonexistent")
    device: str = "cpu"

    def hold(self, model: Any) -> Any:
        model.warm()
        return model


class _Ours:
    """An engine of narrated."""

    def __init__(self, name: str, folder: Path, voice: str) -> None:
        from narrated.engines.registry import BUILT_IN_ENGINES, load

        self._engine = load(BUILT_IN_ENGINES[name], _Context(folder))
        self._voice = voice

    def alone(self) -> Iterator[float]:
        for text in TEXTS:
            yield from self._heard([text])

    def together(self) -> Iterator[float]:
        yield from self._heard(TEXTS)

    def _heard(self, texts: Any) -> Iterator[float]:
        """Seconds of sound of each text; all are in flight as far as the engine has room."""
        from narrated.engines.interface import ProgressReport, SpeechRequest

        waiting = [
            SpeechRequest(id=str(number), text=text, voice=self._voice)
            for number, text in enumerate(texts)
        ]
        left = len(waiting)
        flying = 0
        while left:
            while waiting and flying < self._engine.rows:
                self._engine.admit(waiting.pop(0))
                flying += 1
            for outcome in self._engine.step():
                if isinstance(outcome, ProgressReport):
                    continue
                left, flying = left - 1, flying - 1
                yield len(outcome.pcm) / RATE_BYTES / outcome.sample_rate


class _UpstreamPiper:
    """piper-tts as its own documentation uses it, without noise as ours is."""

    def __init__(self, name: str, folder: Path, voice: str) -> None:
        from piper import PiperVoice, SynthesisConfig

        self._voice = PiperVoice.load(folder / f"{voice}.onnx")
        self._settings = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)

    def alone(self) -> Iterator[float]:
        for text in TEXTS:
            for chunk in self._voice.synthesize(text, self._settings):
                yield len(chunk.audio_int16_bytes) / RATE_BYTES / chunk.sample_rate

    together = alone


_MAKERS: Mapping[str, Callable[[str, Path, str], Any]] = {"upstream-piper": _UpstreamPiper}


def measured(name: str, folder: Path, voice: str) -> EngineCosts:
    """Load the engine, speak the texts one by one, then all together."""
    speaker = _MAKERS.get(name, _Ours)(name, folder, voice)
    first = speaker.alone()
    next(first)
    start_s = time.process_time()
    list(first)  # what is loaded at the first use is loaded
    return EngineCosts(
        start_s,
        _factor(speaker.alone),
        _factor(speaker.together),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _factor(speak: Callable[[], Iterator[float]]) -> float:
    begin_s = time.process_time()
    sound_s = sum(speak())
    return (time.process_time() - begin_s) / sound_s


if __name__ == "__main__":
    costs = measured(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    print(json.dumps(asdict(costs)), flush=True)
    os._exit(0)  # threads of a library may outlive it
