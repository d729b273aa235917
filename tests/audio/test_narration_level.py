"""The level of a whole narration: as a player decodes it, in every format."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from narrated.audio.audio_tags import AudioTags
from narrated.audio.encoder_requests import (
    EncodingSettings,
    LevelCorrection,
    LevelEstimate,
    SpeakerEstimate,
    TakeToAdd,
)
from narrated.audio.flac_takes import to_flac
from narrated.audio.formats import FORMATS
from narrated.audio.narration_file import NarrationFile
from narrated.audio.narration_level import MOST_CORRECTIONS, LevelMissed
from narrated.audio.pcm import FULL_SCALE, samples
from support.ebur128 import HeardLevel, heard_level

pytestmark = pytest.mark.usefixtures("ebur128")

Voiced = Callable[[float], TakeToAdd]


@pytest.fixture
def voiced(tmp_path: Path, speech: bytes, sample_rate: int) -> Voiced:
    """Makes a take of a speaker of its own, at a gain that may clip."""

    def take(gain_db: float) -> TakeToAdd:
        wave = samples(speech) * 10 ** (gain_db / 20)
        clipped = np.clip(wave, -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
        path = tmp_path / f"{gain_db}.flac"
        to_flac(path, clipped.tobytes(), sample_rate)
        return TakeToAdd(str(path), "It was a bright cold day.", 0.6, speaker=f"{gain_db}")

    return take


def encoded(
    folder: Path, settings: EncodingSettings, takes: list[TakeToAdd], **kind: object
) -> tuple[HeardLevel, int]:
    """Encode a narration as the daemon does; its level, and how often it was encoded."""
    estimate = kind.get("estimate", LevelEstimate())
    assert isinstance(estimate, LevelEstimate)
    format, bitrate = str(kind.get("format", "mp3")), kind.get("bitrate")
    for count in range(1, MOST_CORRECTIONS + 2):
        work = folder / f"work-{count}"
        narration = NarrationFile(work, format, bitrate, settings, estimate)  # type: ignore[arg-type]
        for take in takes:
            narration.add([take])
        try:
            narration.close(AudioTags("A post"))
        except LevelMissed as missed:
            narration.discard()
            estimate = LevelEstimate(correction=missed.correction)
        else:
            return heard_level(next(work.glob("audio.[mowf]*"))), count
    raise AssertionError("it was never complete")


@pytest.mark.parametrize(
    ("format", "channels"), [*((each, 1) for each in FORMATS), ("m4a", 2), ("opus", 2)]
)
def test_every_format_has_its_level(
    tmp_path: Path, voiced: Voiced, format: str, channels: int
) -> None:
    """A quiet, a plain and a clipped voice come out at the level, as a player decodes them."""
    takes = [voiced(-18), voiced(0), voiced(20)]
    settings = EncodingSettings(lufs=-16.0, peak_dbtp=-1.0, channels=channels)
    level, _ = encoded(tmp_path, settings, takes, format=format)
    assert level.integrated_lufs == pytest.approx(-16, abs=0.5)
    assert level.true_peak_db <= -1
    assert level.channels == channels


def test_wrong_prediction_is_corrected(tmp_path: Path, voiced: Voiced) -> None:
    """A narration whose voice was louder before is encoded again, and hits its level."""
    expected = SpeakerEstimate(lufs=-10.0, characters=100_000)
    estimate = LevelEstimate(speakers={"0": expected})
    settings = EncodingSettings(lufs=-16.0)
    level, count = encoded(tmp_path, settings, [voiced(0)] * 3, estimate=estimate)
    assert level.integrated_lufs == pytest.approx(-16, abs=0.5)
    assert count == 2


def test_high_peaks_are_corrected(tmp_path: Path, voiced: Voiced) -> None:
    """Where a codec overshoots by more than usual, the narration is encoded with more room."""
    # As if there were no room for what the codec usually adds, and less.
    estimate = LevelEstimate(correction=LevelCorrection(room_db=-3.0))
    settings = EncodingSettings(lufs=-16.0, peak_dbtp=-1.0)
    level, count = encoded(tmp_path, settings, [voiced(0)] * 2, estimate=estimate, format="m4a")
    assert count > 1
    assert level.true_peak_db <= -1
    assert level.integrated_lufs == pytest.approx(-16, abs=0.5)


def test_peaks_go_before_loudness(tmp_path: Path, voiced: Voiced) -> None:
    """Where the last correction for the loudness raised peaks too far, they are corrected alone."""
    correction = LevelCorrection(room_db=-3.0, count=MOST_CORRECTIONS)
    settings = EncodingSettings(lufs=-10.0, peak_dbtp=-1.0)
    estimate = LevelEstimate(correction=correction)
    level, count = encoded(tmp_path, settings, [voiced(0)] * 2, estimate=estimate)
    assert count == 2
    assert level.true_peak_db <= -1


def test_silence_is_encoded_once(tmp_path: Path, voiced: Voiced) -> None:
    """Silence has no level to miss."""
    level, count = encoded(tmp_path, EncodingSettings(lufs=-16.0), [voiced(-200)])
    assert level.integrated_lufs < -70
    assert count == 1


def test_another_peak_is_kept(tmp_path: Path, voiced: Voiced) -> None:
    """A lower peak is kept as well, at the cost of nothing but crests."""
    settings = EncodingSettings(lufs=-16.0, peak_dbtp=-4.0)
    level, _ = encoded(tmp_path, settings, [voiced(0)] * 3, format="flac")
    assert level.true_peak_db <= -4
    assert level.integrated_lufs == pytest.approx(-16, abs=0.5)
