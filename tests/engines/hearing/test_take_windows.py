"""What a hearing engine makes of PCM before a model hears it."""

import numpy as np
import pytest

from engines.hearing.takes import take
from narrated.engines.hearing.languages import joined, whispers, with_ours
from narrated.engines.hearing.pending_takes import HeardText, PendingTakes
from narrated.engines.hearing.resampling import RATE, waveform
from narrated.engines.hearing.token_limits import is_loop, most_tokens
from narrated.engines.hearing.windows import windows
from narrated.engines.interface import HearingRequest
from narrated.errors import EngineError


def tone(hertz: float, rate: int, seconds: float = 1.0) -> bytes:
    at = np.arange(int(rate * seconds)) / rate
    return np.round(16_384 * np.sin(2 * np.pi * hertz * at)).astype("<i2").tobytes()


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 44_101])
def test_rates_become_16_khz(rate):
    """A tone of any rate is the same tone at 16 kHz, within a thousandth."""
    wave = waveform(tone(440, rate), rate)
    assert abs(len(wave) - RATE) <= 1
    ideal = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(wave)) / RATE)
    assert np.abs(wave - ideal)[RATE // 10 : -RATE // 10].max() < 1e-3


def test_too_high_tones_are_removed():
    """What 16 kHz cannot hold is gone, and does not come back as another tone."""
    wave = waveform(tone(11_000, 48_000), 48_000)
    assert np.abs(wave[RATE // 10 : -RATE // 10]).max() < 0.001


@pytest.mark.parametrize("rate", [0, -1, 999, 10**6, 16_000.0, True, "16000", None])
def test_impossible_rate_is_refused(rate):
    with pytest.raises(EngineError, match="samples a second") as caught:
        waveform(b"\0\0", rate)
    assert caught.value.remedy


def test_half_sample_is_refused():
    with pytest.raises(EngineError, match="half a sample"):
        waveform(b"\0\0\0", RATE)


def test_long_take_is_cut_in_a_pause():
    """A take longer than half a minute is cut in its quietest place, and none of it is lost."""
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, 70 * RATE).astype(np.float32)
    loud[25 * RATE : 26 * RATE] *= 1e-3
    found = list(windows(loud))
    assert np.array_equal(np.concatenate(found), loud)
    assert 25 <= len(found[0]) / RATE <= 26
    assert all(len(each) <= 30 * RATE for each in found)


def test_silence_is_no_window():
    """Windows without any sound are left out: a model invents words for them."""
    assert list(windows(np.zeros(5 * RATE, np.float32))) == []
    assert list(windows(np.zeros(0, np.float32))) == []
    takes = PendingTakes()
    takes.add(HearingRequest("1", bytes(2 * RATE), RATE), "en")
    (result,) = takes.take_finished()
    assert (result.text, result.score) == ("", 0.0)


def test_score_is_mean_of_tokens():
    """The texts of windows are joined, and each token counts once for the score."""
    takes = PendingTakes()
    takes.add(HearingRequest("1", take(0, 40.0), RATE), "en")
    first, second = takes.unheard(8)
    takes.keep(second, HeardText(" the end.", -6.0, 3))
    assert not takes.take_finished()
    takes.keep(first, HeardText("To", -1.0, 1))
    (result,) = takes.take_finished()
    assert (result.text, result.score) == ("To the end.", -1.75)


def test_languages_by_our_names():
    """Languages have our names outside and Whisper's inside; another is refused."""
    known = ("en", "no", "zh")
    assert with_ours(known) == ("cmn", "en", "nb", "no", "zh")
    assert [whispers(each, known, "m") for each in ("en-GB", "nb", "no", "zh-Hant")] == [
        *("en", "no", "no", "zh")
    ]
    with pytest.raises(EngineError, match="does not hear the language 'de'"):
        whispers("de", known, "m")
    assert joined(["こんにちは", "", " 世界 "], "ja") == "こんにちは世界"


def test_loops_are_known():
    """One phrase again and again is a loop; what people say three times is none."""
    assert is_loop([5] * 24) and is_loop([*range(90), *[1, 2, 3] * 8])
    assert not is_loop([5] * 23) and not is_loop([1, 2, 3] * 7) and not is_loop(range(200))
    assert most_tokens(2.0) < most_tokens(4.0) < 150
