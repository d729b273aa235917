"""A hearing engine that reads the tones of `mumbling.py`: it hears what was really said.

Options: rows, languages, mishears (a map of a word to the words that it always hears instead),
delay_s (each step), log (a file that gets a line for each text that it heard), dies (a file: while
it is there, hearing ends the worker), die_on (a word that it never survives), hang_on (a word at
which it hangs for ever), starve_on (a word for which memory never suffices), held (a file: while it
is there, no request ends), unless (a file whose absence makes the engine unavailable), name (part
of its identity).
"""

import math
import os
import time
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from mumbling import LETTER_S, LETTERS, LOWEST_HZ, STEP_HZ, Wave, read
from numpy.typing import NDArray

from narrated.engines.interface import HearingResult, ModelFreeEngine, ProgressReport
from narrated.errors import EngineUnavailable, OutOfMemory

_WINDOW_S = 0.005
_LOOK_S = 0.05
_FOR_EVER_S = 3600.0
_QUIET = 0.02
"""Below this share of full scale nobody speaks: noise of a codec, at most."""


class Ear(ModelFreeEngine):
    """Requests wait in a queue, and a step hears the first."""

    kind = "hearing"
    sample_rate = 0
    worn = False

    def __init__(self, options: dict[str, Any]) -> None:
        self.rows = int(options.get("rows", 8))
        self.identity = "ear-" + str(options.get("name", "1"))
        self.languages = tuple(options.get("languages", ()))
        self._options = options
        self._waiting: deque[Any] = deque()

    def admit(self, request: Any) -> None:
        """Queue a request."""
        self._waiting.append(request)

    def cancel(self, id: str) -> None:
        """Forget a request."""
        self._waiting = deque(each for each in self._waiting if each.id != id)

    def step(self) -> list[Any]:
        """Hear the first."""
        time.sleep(float(self._options.get("delay_s", 0.0)))
        if _is_there(self._options.get("held")):
            time.sleep(_LOOK_S)
            return [ProgressReport(each.id, 0.0) for each in self._waiting]
        request = self._waiting.popleft()
        words, score = heard(request.pcm, request.sample_rate)
        self._suffer(words)
        mishears = self._options.get("mishears", {})
        text = " ".join(mishears.get(word, word) for word in words)
        if log := self._options.get("log"):
            with Path(log).open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        return [HearingResult(request.id, text, score)]

    def _suffer(self, words: list[str]) -> None:
        """Die, hang or run out of memory, where the options say so."""
        if _is_there(self._options.get("dies")) or self._options.get("die_on") in words:
            os._exit(7)
        if self._options.get("hang_on") in words:
            time.sleep(_FOR_EVER_S)
        if self._options.get("starve_on") in words:
            raise OutOfMemory("The ear has no memory left.", "Give it some.")


def load(options: dict[str, Any], context: Any) -> Ear:
    """The engine, once the file is there that the options ask for."""
    if "unless" in options and not Path(options["unless"]).exists():
        raise EngineUnavailable(f"{options['unless']} is missing.", "Make that file.")
    return Ear({name: read(each) for name, each in options.items()})


def heard(pcm: bytes, rate: int) -> tuple[list[str], float]:
    """The words in the samples, and the mean log of the share of each letter in its sound."""
    wave = np.frombuffer(pcm, "<i2") / 32768
    words, shares = [], []
    for sound in _words(wave, rate):
        letters = [_letter(each, rate) for each in _letters(sound, rate)]
        words.append("".join(letter for letter, _ in letters))
        shares += [math.log(max(share, 1e-6)) for _, share in letters]
    return [word for word in words if word], float(np.mean(shares)) if shares else -10.0


def _words(wave: Wave, rate: int) -> Iterator[Wave]:
    """Runs of sound between silences."""
    size = int(_WINDOW_S * rate)
    levels = np.sqrt(np.mean(wave[: len(wave) // size * size].reshape(-1, size) ** 2, axis=1))
    loud = np.concatenate([[False], levels > _QUIET, [False]])
    starts, ends = np.flatnonzero(~loud[:-1] & loud[1:]), np.flatnonzero(loud[:-1] & ~loud[1:])
    yield from (wave[a * size : b * size] for a, b in zip(starts, ends, strict=True))


def _letters(sound: Wave, rate: int) -> Iterator[Wave]:
    """The parts of a word, each with one tone in its middle."""
    count = round(len(sound) / rate / LETTER_S)
    for number in range(count):
        begin = int(number * LETTER_S * rate)
        edge = int(0.25 * LETTER_S * rate)
        yield sound[begin + edge : begin + int(LETTER_S * rate) - edge]


def _letter(sound: Wave, rate: int) -> tuple[str, float]:
    """The letter whose tone is strongest, and its share of the sound's energy."""
    energy = np.abs(_tones(len(sound), rate) @ sound) ** 2
    return LETTERS[int(energy.argmax())], float(energy.max() / max(energy.sum(), 1e-12))


@cache
def _tones(samples: int, rate: int) -> NDArray[np.complex128]:
    """The tone of each letter, for a sound of so many samples."""
    pitches_hz = LOWEST_HZ + STEP_HZ * np.arange(len(LETTERS))
    tones = np.exp(-2j * np.pi * pitches_hz[:, None] * np.arange(samples) / rate)
    return np.asarray(tones * np.hanning(samples))


def _is_there(file: str | None) -> bool:
    return file is not None and Path(file).exists()
