"""Takes as they are joined: trimmed, faded, without dead air, with the room of the script."""

from types import ModuleType

import numpy as np
import pytest

from narrated.audio.pcm import Samples, samples, silence
from narrated.audio.steady_noise import steady_noise
from narrated.audio.take_sound import LONGEST_SILENCE_S, PreparedTake, TakeJoiner, joined
from narrated.audio.window_peaks import WINDOW_S
from narrated.engines import espeak, pico
from narrated.engines.interface import SpeechRequest, SpeechResult
from support.engine_context import PlainContext

RATE = 22050
ABOUT_S = 0.02
"""The bound on a pause that is heard."""
SPEEDS = [0.5, 0.8, 1.0, 1.25, 2.0]


def tone(seconds: float, amplitude: float = 0.9, pitch_hz: float = 400) -> bytes:
    """Sound that begins and ends at its full level."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * 32767 * np.cos(2 * np.pi * pitch_hz * time)).astype("<i2").tobytes()


def seconds(pcm: bytes) -> float:
    return len(pcm) / 2 / RATE


def alone(pcm: bytes, pause_s: float = 0.5, speed: float = 1.0) -> PreparedTake:
    return TakeJoiner().prepared(pcm, RATE, pause_s, speed)


def loud_samples(sound: bytes) -> Samples:
    """The places of samples that are heard: 50 dB below the peak or louder."""
    wave = np.abs(samples(sound).astype(int))
    return np.flatnonzero(wave > 0.003 * wave.max())


def loud_span(sound: bytes) -> tuple[int, int]:
    loud = loud_samples(sound)
    return int(loud[0]), int(loud[-1]) + 1


def static(seconds: float, level_db: float) -> bytes:
    """White noise of a level in dBFS."""
    drawn = np.random.default_rng(3).normal(0, 32768 * 10 ** (level_db / 20), round(seconds * RATE))
    return drawn.astype("<i2").tobytes()


def loud_windows_of(pcm: bytes) -> Samples:
    """The numbers of the windows of 160 samples that are heard."""
    return np.unique(loud_samples(pcm) // 160)


def silences_s(sound: bytes) -> list[float]:
    """The silences of more than 8 ms inside a sound."""
    gaps = np.diff(loud_samples(sound)) / RATE
    return [float(gap) for gap in gaps if gap > 0.008]


def largest_step(wave: Samples) -> int:
    return int(np.abs(np.diff(wave.astype(int))).max())


def spoken(text: str, by: ModuleType = espeak, voice: str = "en-us") -> bytes:
    engine = by.load({}, PlainContext())
    engine.admit(SpeechRequest("a", text, voice))
    (said,) = engine.step()
    assert isinstance(said, SpeechResult)
    return said.pcm


def test_join_of_full_level_is_no_click() -> None:
    """Takes that begin and end at full level are faded in and out, though nothing is trimmed."""
    take = tone(0.3, pitch_hz=100)
    both = samples(joined([(take, 0.0, 1.0), (take, 0.5, 1.0)], RATE))
    inside = largest_step(samples(take))
    # A fade of 5 ms steps by a 110th of the level at most, beside the steps of the sound itself.
    assert largest_step(np.pad(both, 1)) <= inside + 32767 // 110 + 1
    assert np.abs(both[:3]).max() <= 3 * 300


def test_shortened_silence_is_no_click() -> None:
    """Where dead air was cut, no sample steps more than the noise around does."""
    noise = np.random.default_rng(1).normal(0, 20, 3 * RATE).astype("<i2")
    wave = tone(0.3) + noise.tobytes() + tone(0.3)
    sound = samples(alone(wave).sound)
    cut = sound[round(0.35 * RATE) : -round(0.35 * RATE)]
    assert len(cut) < 1.3 * RATE
    middle = cut[len(cut) // 2 - 200 : len(cut) // 2 + 200]
    assert np.abs(middle).min() == 0
    assert largest_step(middle) <= largest_step(noise)


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("pause_s", [0.0, 0.1, 0.5, 1.0, 2.5])
def test_room_is_the_pause(pause_s: float, speed: float, speech: bytes) -> None:
    """Between two takes is the script's pause, at their speed, whatever silence they bring."""
    for pcm in (tone(0.4), silence(0.02, RATE) + tone(0.4) + silence(0.4, RATE), speech):
        joiner = TakeJoiner()
        first, second = (joiner.prepared(pcm, RATE, pause_s, speed) for _ in range(2))
        sound = first.sound + first.pause + second.sound
        _, end = loud_span(first.sound)
        start, _ = loud_span(second.sound)
        room = len(sound) // 2 - len(second.sound) // 2 + start - end
        assert room / RATE == pytest.approx(pause_s / speed, abs=ABOUT_S)


def test_dead_air_is_capped() -> None:
    """A silence over the longest one is shortened to it; a shorter one stays."""
    long = alone(tone(0.3) + silence(4, RATE) + tone(0.3))
    assert silences_s(long.sound) == [pytest.approx(LONGEST_SILENCE_S, abs=ABOUT_S)]
    short = alone(tone(0.3) + silence(LONGEST_SILENCE_S - 0.1, RATE) + tone(0.3))
    assert silences_s(short.sound) == [pytest.approx(LONGEST_SILENCE_S - 0.1, abs=0.01)]


@pytest.mark.parametrize("level_db", [-40, -60])
@pytest.mark.parametrize("speed", [1.0, 1.25])
def test_static_is_cut(level_db: float, speed: float, speech: bytes) -> None:
    """Seconds of steady noise after or before the words go; the words stay as they are."""
    noise = static(5, level_db)
    clean = seconds(alone(speech, speed=speed).sound)
    for take in (speech + noise, noise + speech, noise + speech + noise):
        assert seconds(alone(take, speed=speed).sound) == pytest.approx(clean, abs=0.1)
    assert samples(speech)[RATE : 2 * RATE].tobytes() in alone(speech + noise).sound


@pytest.mark.parametrize("level_db", [-40, -60, -120])
def test_noisy_silence_is_capped(level_db: float, speech: bytes) -> None:
    """Seconds of silence or noise inside a take are shortened as dead air is."""
    noise, words = static(6, level_db), alone(speech).sound
    sound = alone(words + noise + words).sound
    assert seconds(sound) == pytest.approx(2 * seconds(words) + LONGEST_SILENCE_S, abs=0.1)


def test_noise_of_words_is_kept() -> None:
    """The s and f of words are no steady noise, at their beginning and at their end."""
    for by, voice in ((espeak, "en-us"), (pico, "")):
        for text in ("Fish, fresh.", "She is his.", "Six.", "Half of us hiss.", "Who? Us."):
            take = spoken(text, by, voice)
            assert not steady_noise(samples(take), 160, WINDOW_S)[loud_windows_of(take)].any()


def test_voices_pauses_are_kept() -> None:
    """No pause of the embedded voice is cut between sentences, clauses and quoted words."""
    take = spoken(
        'Mr. Smith went home; he was tired! Was he? Yes… He was: very. "Quoted," he said.'
    )
    assert seconds(take) - seconds(alone(take).sound) < 0.5  # the silence at its end
    assert silences_s(take)[:-1] == silences_s(alone(take).sound)[: len(silences_s(take)) - 1]


@pytest.mark.parametrize("speed", SPEEDS)
def test_times_follow_the_sound(speed: float) -> None:
    """A second in the take is mapped to where it is heard, after trims, cuts and the speed."""
    parts = silence(0.7, RATE) + tone(0.5) + silence(3, RATE) + tone(0.5) + silence(0.3, RATE)
    take = TakeJoiner().prepared(parts + silence(3, RATE) + tone(0.4), RATE, 0.5, speed)
    loud = np.flatnonzero(np.abs(samples(take.sound).astype(int)) > 2000) / RATE
    starts_s = [loud[0], *loud[1:][np.diff(loud) > 0.05]]
    for take_s, heard_s in zip((0.7, 4.2, 8.0), starts_s, strict=True):
        # atempo's windows of 42 ms overlap, and smear a beginning over two of them.
        assert take.second_of(take_s) == pytest.approx(heard_s, abs=0.002 if speed == 1 else 0.08)
    assert take.second_of(0.0) < 0.03
    assert take.second_of(99.0) == pytest.approx(seconds(take.sound), abs=0.031)
    assert take.second_of(2.5) <= take.second_of(3.5)  # both in dead air


def test_times_of_padded_take() -> None:
    """Room that is added before a take moves its times."""
    take = alone(tone(0.5))
    assert take.second_of(0.0) == pytest.approx(0.03, abs=0.001)
    assert take.second_of(0.2) == pytest.approx(0.23, abs=0.001)


def test_trim_keeps_the_words(speech: bytes) -> None:
    """Silence at the ends is cut, and the words stay."""
    words = alone(speech).sound
    padded = alone(silence(0.7, RATE) + words + silence(1.3, RATE)).sound
    assert seconds(padded) == pytest.approx(seconds(words), abs=0.001)
    assert words[4000:-4000] in padded


def test_blip_after_words_is_cut() -> None:
    """A faint blip half a second after the last word is cut with the silence; a word is not."""
    words, blip = tone(0.4), tone(0.06, 0.9 * 10 ** (-40 / 20))
    assert seconds(alone(words + silence(0.5, RATE) + blip).sound) == pytest.approx(0.46, abs=0.01)
    assert seconds(alone(blip + silence(0.3, RATE) + words).sound) == pytest.approx(0.46, abs=0.01)
    word = tone(0.06, 0.9 * 10 ** (-24 / 20))
    assert seconds(alone(words + silence(0.5, RATE) + word).sound) > 1.0
    near = words + silence(0.1, RATE) + blip
    assert seconds(alone(near).sound) > 0.6


def test_picos_last_word_ends_its_take() -> None:
    """After the last word of a take of Pico's comes the script's pause, without its blip."""
    take = spoken("The end.", pico, "en-US")
    rate = 16_000  # Pico's
    assert len(take) / 2 / rate > 1.0
    assert len(joined([(take, 0.0, 1.0)], rate)) / 2 / rate < 0.7


def test_quiet_voice_is_kept() -> None:
    """A quiet voice does not count as silence."""
    quiet = alone(silence(1, RATE) + tone(0.5, 0.01) + silence(1, RATE)).sound
    assert 0.5 <= seconds(quiet) < 0.58


def test_cut_is_faded() -> None:
    """A cut through faint noise is faded, and the noise further in stays as it is."""
    noise = np.random.default_rng(1).normal(0, 20, RATE).astype("<i2").tobytes()
    cut = samples(alone(noise + tone(0.5) + noise).sound)
    assert len(cut) < RATE
    assert np.abs(cut[:5]).max() <= 4
    assert np.abs(cut[-5:]).max() <= 4
    assert np.abs(cut[200:400]).max() > 30
    assert np.abs(cut[-400:-200]).max() > 30


def test_silent_take_stays_short() -> None:
    """Of a silent take only its room is kept; an empty one makes no error."""
    assert seconds(alone(silence(5, RATE)).sound) < 0.07
    assert seconds(alone(b"").sound) < 0.07
