"""Real takes of Pico, good and spoiled, by their sound alone: no limit was made by them."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from narrated.audio.pcm import samples
from narrated.audio.take_measures import TakeMeasures
from narrated.audio.take_measuring import measured
from narrated.engines import pico
from narrated.engines.interface import SpeechRequest, SpeechResult
from narrated.take_checks.length_line import VoiceLine, text_effort
from narrated.take_checks.signal_rules import signal_faults
from narrated.take_checks.verdict import FaultKind
from support.engine_context import PlainContext

RATE = 16_000
KNOWN = (
    "The lamp on the stairs goes out after a minute, so we counted the steps.",
    "Nobody had asked the carpenter how long the table would be.",
    "Rain came in through the roof.",
    "She kept a list of every bird that she heard from the kitchen.",
    "A ferry leaves in the morning, and another one comes back at night.",
    "My uncle repaired radios, watches, and once a church organ.",
    "There was no wind.",
    "We walked along the canal until the houses ended and the fields began.",
    "The teacher wrote the answer on the board and wiped it off again.",
    "If the bread is still warm, wait a little before you cut it.",
)
SENTENCES = (
    "The postman had a key to the garden, and he used it twice a week.",
    "It takes an hour to walk from the station to the lighthouse on the hill.",
    "They sold apples, pears and honey. The honey was the best of all.",
)
Wave = npt.NDArray[np.float64]


def spoken(texts: Sequence[str]) -> list[Wave]:
    engine = pico.load({}, PlainContext())
    waves = []
    for text in texts:
        engine.admit(SpeechRequest("a", text, ""))
        (said,) = engine.step()
        assert isinstance(said, SpeechResult)
        waves.append(samples(said.pcm).astype(float))
    return waves


def measures(wave: Wave) -> TakeMeasures:
    return measured(np.clip(wave, -32768, 32767).astype("<i2").tobytes(), RATE)


@pytest.fixture(scope="module")
def line() -> VoiceLine:
    """Pico's line after ten takes."""
    line = VoiceLine()
    for text, wave in zip(KNOWN, spoken(KNOWN), strict=True):
        line = line.learned(text_effort(text), measures(wave))
    return line


@pytest.fixture(scope="module")
def takes() -> list[tuple[str, Wave]]:
    return list(zip(SENTENCES, spoken(SENTENCES), strict=True))


def kinds(line: VoiceLine, text: str, wave: Wave) -> set[FaultKind]:
    expected = line.expected(text, text_effort(text))
    return {fault.kind for fault in signal_faults(measures(wave), expected)}


def loud_place(wave: Wave, share: float) -> int:
    """A loud place near this share of a take."""
    near = round(share * len(wave))
    around = np.abs(wave[near - RATE // 4 : near + RATE // 4])
    level = np.convolve(around, np.ones(400), "same")
    return near - RATE // 4 + int(np.argmax(level))


def static(wave: Wave, seconds: float, level: float) -> Wave:
    """White noise, of a level against that of the speech."""
    rms = np.sqrt(np.mean(wave**2))
    return np.random.default_rng(1).normal(0, level * rms, round(seconds * RATE))


def cut(wave: Wave) -> Wave:
    return wave[: loud_place(wave, 0.6)]


def looped(wave: Wave) -> Wave:
    return np.concatenate([wave[: loud_place(wave, 0.7)], wave[loud_place(wave, 0.3) :]])


def silenced(wave: Wave) -> Wave:
    half = loud_place(wave, 0.5)
    return np.concatenate([wave[:half], np.zeros(2 * RATE), wave[half:]])


def under_static(wave: Wave) -> Wave:
    spoiled = wave.copy()
    spoiled[RATE : RATE * 3 // 2] += static(wave, 0.5, 1.0)
    return spoiled


def with_hum(wave: Wave) -> Wave:
    hum = 3000 * np.sin(2 * np.pi * 100 * np.arange(3 * RATE) / RATE)
    return np.concatenate([wave, hum])


SPOILED: dict[str, tuple[Callable[[Wave], Wave], set[FaultKind]]] = {
    "cut": (cut, {FaultKind.CUT_OFF, FaultKind.TOO_SHORT}),
    "looped": (looped, {FaultKind.TOO_LONG}),
    "silent": (np.zeros_like, {FaultKind.NOTHING_HEARD}),
    "silenced": (silenced, {FaultKind.INNER_SILENCE}),
    "static": (under_static, {FaultKind.NOISE}),
    "static after": (
        lambda wave: np.concatenate([wave, static(wave, 5, 0.01)]),
        {FaultKind.TRAILING_SILENCE},
    ),
    "hum after": (with_hum, {FaultKind.TOO_LONG, FaultKind.CUT_OFF}),
    "overdriven": (lambda wave: wave * 10, {FaultKind.CLIPPED}),
    "faded": (lambda wave: wave * np.linspace(1, 0, len(wave)) ** 4, {FaultKind.TOO_SHORT}),
}
KEPT: dict[str, Callable[[Wave], Wave]] = {
    "good": lambda wave: wave,
    "quiet": lambda wave: wave * 0.05,
    "offset": lambda wave: wave * 0.6 + 3000,
    "some noise": lambda wave: wave + static(wave, len(wave) / RATE, 0.01),
    "no silence after": lambda wave: wave[: int(np.flatnonzero(np.abs(wave) > 60)[-1])],
}


@pytest.mark.parametrize("spoil", SPOILED)
def test_spoiled_takes_are_found(
    spoil: str, line: VoiceLine, takes: list[tuple[str, Wave]]
) -> None:
    """A take that was spoiled has the fault that it was given."""
    spoiled, expected = SPOILED[spoil]
    for text, wave in takes:
        assert kinds(line, text, spoiled(wave)) & expected, text


@pytest.mark.parametrize("kind", KEPT)
def test_good_takes_have_no_fault(
    kind: str, line: VoiceLine, takes: list[tuple[str, Wave]]
) -> None:
    """A good take has no fault, be it quiet, a little noisy, or without silence at its end."""
    for text, wave in takes:
        assert kinds(line, text, KEPT[kind](wave)) == set(), text
