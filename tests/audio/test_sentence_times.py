"""When sentences begin: by what espeak tells, and by the pauses of a take alone."""

import time
from pathlib import Path

import numpy as np
import pytest

from narrated.audio.encoder_requests import HeardTake, TakeSentence, TakeToAdd
from narrated.audio.flac_takes import to_flac
from narrated.audio.narration_file import LEAD_S, NarrationFile
from narrated.audio.sentence_times import sentence_starts
from narrated.audio.take_notes import NO_NOTES, TakeNotes
from narrated.audio.take_pauses import find_pauses
from narrated.engines import espeak
from narrated.engines.interface import SpeechRequest, SpeechResult

SENTENCES = (
    "Dr. Smith came to St. Mary's at nine. ",
    "He paid 3.50 dollars for two things: a cup of tea, and a seat by the window. ",
    "It was warm; the radio said 21.5 degrees, e.g. too much for a coat. ",
    "Nobody knew why! ",
    "Mr. Jones, who owned the place, said: “Version 2.0 is out.”",
)
TEXT = "".join(SENTENCES)
STARTS = [sum(map(len, SENTENCES[:number])) for number in range(len(SENTENCES))]
NEAR_S = 0.25
"""A listener takes words and sound for one at this distance."""


@pytest.fixture(scope="module")
def take() -> SpeechResult:
    engine = espeak.opened({})
    engine.admit(SpeechRequest("1", TEXT, "en-us", {"rate": 148}))
    (outcome,) = engine.step()
    assert isinstance(outcome, SpeechResult)
    return outcome


def _told(take: SpeechResult) -> list[float]:
    """The starts of the sentences by espeak's words."""
    return [dict(take.words)[start] for start in STARTS]


def test_told_words_are_exact(take: SpeechResult) -> None:
    """Sentences begin where the engine told their first words; its false ones count for nothing."""
    notes = TakeNotes(b"", tuple(take.sentences), tuple(take.words))
    assert len(take.sentences) > len(STARTS)  # "Dr." is followed by one
    assert sentence_starts(TEXT, STARTS, (take.pcm, take.sample_rate), notes) == _told(take)


def test_pauses_tell_sentences(take: SpeechResult) -> None:
    """Without events the pauses tell the same, also amid abbreviations, colons and decimals."""
    found = sentence_starts(TEXT, STARTS, (take.pcm, take.sample_rate), NO_NOTES)
    assert found == pytest.approx(_told(take), abs=NEAR_S)


def test_noise_is_no_speech(take: SpeechResult) -> None:
    """Pauses are found as well in a take with noise, 45 dB below its peak."""
    wave = np.frombuffer(take.pcm, "<i2")
    noise = np.random.default_rng(1).normal(0, np.abs(wave).max() * 10 ** (-45 / 20), len(wave))
    noisy = np.clip(wave + noise, -32768, 32767).astype("<i2").tobytes()
    found = sentence_starts(TEXT, STARTS, (noisy, take.sample_rate), NO_NOTES)
    assert found == pytest.approx(_told(take), abs=NEAR_S)


@pytest.mark.parametrize("sound", [bytes(44100), b"\x00\x40" * 44100, b""])
def test_take_without_pauses_is_whole(sound: bytes) -> None:
    """A take in which there are too few pauses is kept whole."""
    assert sentence_starts(TEXT, STARTS, (sound, 22050), NO_NOTES)[1:] == [None] * 4


def test_lies_do_not_move_sentences(take: SpeechResult) -> None:
    """Times in a take's notes that cannot be are passed over; the pauses tell."""
    lies = TakeNotes(b"", ((0, 1e9),), ((5, 3.0), (9, 1.0)))
    sound = take.pcm, take.sample_rate
    assert sentence_starts(TEXT, STARTS, sound, lies) == sentence_starts(
        TEXT, STARTS, sound, NO_NOTES
    )


def _cost_s(count: int) -> float:
    """The CPU time for a text of so many one-letter sentences, and a take of as many pauses."""
    beep = np.zeros(22050 // 5, "<i2")
    beep[::2][: len(beep) // 4] = 9000
    sound = np.tile(beep, count).tobytes()
    assert len(find_pauses(np.frombuffer(sound, "<i2"), 22050).starts_s) == count - 1
    begin = time.process_time()
    sentence_starts("A. " * count, range(0, 3 * count, 3), (sound, 22050), NO_NOTES)
    return time.process_time() - begin


def test_hostile_text_costs_little() -> None:
    """A chunk of 5,000 one-letter sentences costs no more than a few times one of 450."""
    assert _cost_s(5000) < 5 * _cost_s(450)


@pytest.mark.parametrize("text", ["  " * 20_000, "." * 40_000, "a—" * 20_000, "A. " * 13_000])
def test_no_text_is_too_much(text: str) -> None:
    """Any text has its sentences, told or not, in time that grows with its length."""
    sound, starts = bytes(22050), range(0, len(text), 3)
    notes = TakeNotes(b"", (), ((0, 0.1), (len(text) - 1, 0.4)))
    assert len(sentence_starts(text, starts, (sound, 22050), notes)) == len(starts)


def _heard(folder: Path, take: SpeechResult, notes: TakeNotes, speed: float) -> HeardTake:
    to_flac(folder / "take.flac", take.pcm, take.sample_rate, notes)
    sentences = [TakeSentence(start) for start in STARTS]
    added = TakeToAdd(str(folder / "take.flac"), TEXT, 0.5, speed, sentences=sentences)
    narration = NarrationFile(folder / "work", "wav", None)
    (heard,) = narration.add([added])
    narration.discard()
    return heard


@pytest.mark.parametrize("speed", [1.0, 1.5])
def test_times_follow_the_speed(tmp_path: Path, take: SpeechResult, speed: float) -> None:
    """Sentences and words are timed in the narration: after its lead, trimmed, and at its speed."""
    heard = _heard(tmp_path, take, TakeNotes(b"", (), tuple(take.words)), speed)
    told = _told(take)
    assert heard.sentences_s[0] == heard.start_s == pytest.approx(LEAD_S, abs=0.001)
    after_first = [at_s - LEAD_S for at_s in heard.sentences_s[1:] if at_s is not None]
    assert after_first == pytest.approx([at_s / speed for at_s in told[1:]], abs=0.1)
    assert [place for place, _ in heard.words] == [place for place, _ in take.words]
    assert dict(heard.words)[STARTS[3]] == pytest.approx(heard.sentences_s[3], abs=0.002)
