"""Gains of speakers: measured, predicted, and bounded."""

import numpy as np
import pytest

from narrated.audio.encoder_requests import LevelEstimate, SpeakerEstimate
from narrated.audio.loudness import Energies
from narrated.audio.speaker_gains import HIGHEST_GAIN_DB, SpeakerGains

_DUAL_MONO_DB = 2.32  # what a meter adds to an energy, for two speakers
_LONG = 600


def _spoken(lufs: float, frames: int = _LONG) -> Energies:
    """The energies of sound of this loudness."""
    return np.full(frames, 10 ** ((lufs - _DUAL_MONO_DB) / 10), np.float32)


def _gain(estimate: LevelEstimate, *spoken: tuple[int, float], target: float = -16.0) -> float:
    """The gain of a narrator of whom so many characters of these loudnesses are there."""
    gains = SpeakerGains(target, estimate)
    for characters, lufs in spoken:
        gains.learn("narrator", characters, _spoken(lufs))
    return gains.settle("narrator")


def _estimate(lufs: float | None, characters: int) -> LevelEstimate:
    return LevelEstimate(speakers={"narrator": SpeakerEstimate(lufs, characters)})


def test_takes_alone_make_the_gain() -> None:
    """If all takes are there, the gain is what brings them to the target."""
    assert _gain(LevelEstimate(), (100, -22.0), (100, -22.0)) == pytest.approx(6.0, abs=0.05)


def test_unspoken_rest_is_as_before() -> None:
    """What is not spoken yet counts with the voice's loudness in earlier narrations."""
    assert _gain(_estimate(-20.0, 10_000), (100, -26.0)) == pytest.approx(4.0, abs=0.1)
    assert _gain(_estimate(-20.0, 100), (100, -26.0)) == pytest.approx(10.0, abs=0.1)
    assert _gain(_estimate(None, 10_000), (100, -26.0)) == pytest.approx(10.0, abs=0.1)


def test_silence_is_not_raised() -> None:
    """A silent voice has no gain, and a very soft one at most 30 dB; a loud one is lowered."""
    assert _gain(LevelEstimate(), (100, -90.0)) == 0.0
    assert _gain(LevelEstimate(), (100, -60.0)) == HIGHEST_GAIN_DB
    assert _gain(LevelEstimate(), (100, -3.0), target=-40.0) == pytest.approx(-37.0, abs=0.05)


def test_gain_stays_once_settled() -> None:
    """Later takes change no gain: a level that moves inside a narration would be heard."""
    gains = SpeakerGains(-16.0, LevelEstimate())
    gains.learn("narrator", 10, _spoken(-20.0))
    settled = gains.settle("narrator")
    gains.learn("narrator", 10, _spoken(-40.0))
    assert gains.settle("narrator") == settled


def test_one_voice_has_one_gain() -> None:
    """Speakers with one voice have one gain; others have their own."""
    gains = SpeakerGains(-16.0, LevelEstimate(alike={"heading": "narrator"}))
    gains.learn("narrator", 10, _spoken(-20.0))
    gains.learn("heading", 1, _spoken(-20.0))
    gains.learn("quote", 10, _spoken(-30.0))
    assert gains.settle("heading") == gains.settle("narrator") == pytest.approx(4.0, abs=0.05)
    assert gains.settle("quote") == pytest.approx(14.0, abs=0.05)
