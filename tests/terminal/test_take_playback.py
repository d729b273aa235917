"""Parts of a published sound, cut out by their times."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from narrated.errors import NarratedError
from narrated.terminal.take_playback import cut

RATE = 24_000
CODECS = {"mp3": "libmp3lame", "opus": "libopus", "ogg": "libopus", "m4a": "aac", "flac": "flac"}
SECONDS = 8


def _tone(second: int) -> float:
    return 300.0 * (second + 1)


def _sound(file: Path, codec: str) -> None:
    """Write a sound whose pitch tells the second."""
    at_s = np.arange(SECONDS * RATE) / RATE
    hertz = np.array([_tone(int(second)) for second in at_s])
    pcm = (np.sin(2 * np.pi * hertz * at_s) * 12_000).astype(np.int16)
    with av.open(str(file), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        for first in range(0, len(pcm), 960):
            frame = av.AudioFrame.from_ndarray(pcm[None, first : first + 960], "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("format", [*CODECS, "wav"])
def test_part_is_cut_by_its_times(tmp_path: Path, format: str) -> None:
    """A part is as long as its times say, and is the one that is heard then."""
    file, piece = tmp_path / f"post.{format}", tmp_path / "piece.wav"
    _sound(file, CODECS.get(format, "pcm_s16le"))
    cut(file, 5.0, 6.0, piece)
    with wave.open(str(piece)) as sound:
        heard = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
        rate = sound.getframerate()
    assert len(heard) / rate == pytest.approx(1.0, abs=0.01)
    spectrum = np.abs(np.fft.rfft(heard[rate // 8 : -rate // 8]))
    hertz = np.argmax(spectrum) * rate / (len(heard) - rate // 8 - -(-rate // 8))
    assert hertz == pytest.approx(_tone(5), abs=20)


def test_times_past_the_end_are_cut(tmp_path: Path) -> None:
    """A part that begins before the sound or ends after it is what there is of it."""
    file, piece = tmp_path / "post.wav", tmp_path / "piece.wav"
    _sound(file, "pcm_s16le")
    cut(file, -1.0, 1e9, piece)
    with wave.open(str(piece)) as sound:
        assert sound.getnframes() == SECONDS * RATE


@pytest.mark.parametrize("content", [b"", b"ID3 nothing", b"RIFF" + bytes(5000)])
def test_file_without_sound_is_told(tmp_path: Path, content: bytes) -> None:
    """A file that holds no sound is named."""
    file = tmp_path / "post.mp3"
    file.write_bytes(content)
    with pytest.raises(NarratedError, match=r"post\.mp3 does not hold the sound"):
        cut(file, 0.0, 1.0, tmp_path / "piece.wav")
