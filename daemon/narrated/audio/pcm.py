"""PCM of a voice (s16le, mono): trimming, loudness, and lossless files."""

import math
import warnings
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from narrated.errors import StorageError
from narrated.storage_errors import storage_error

with warnings.catch_warnings():
    # pydub warns about a missing ffmpeg and about the deprecated audioop. narrated runs no ffmpeg,
    # and the user can change neither.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

Samples = npt.NDArray[np.int16]

SAMPLE_BYTES = 2
FULL_SCALE = 32768
SILENCE_DB = -120.0  # stands for digital silence, so that no figure is infinite

_WINDOW_S = 0.010
_KEPT_S = 0.030
_FADE_MS = 5
_STREAMINFO = slice(18, 26)  # 20 bits of rate, 8 of channels and depth, 36 of samples
_DEAD_BELOW_PEAK_DB = -50.0
_NOTHING_HEARD_DBFS = -50.0


@dataclass(frozen=True, slots=True)
class LoudnessLevel:
    """The loudness of a take."""

    rms_db: float
    """Root mean square in dBFS; SILENCE_DB for silence."""
    peak_db: float
    """Highest sample in dBFS; SILENCE_DB for silence."""


def samples(pcm: bytes) -> Samples:
    """View PCM as an array, without a copy."""
    return np.frombuffer(pcm, dtype="<i2")


def silence(seconds: float, sample_rate: int) -> bytes:
    """Return silence, to the nearest sample."""
    wanted = round(max(seconds, 0.0) * sample_rate)
    # pydub rounds down to whole samples; half a sample more makes that the nearest.
    milliseconds = (wanted + 0.5) * 1000 / sample_rate
    return bytes(AudioSegment.silent(milliseconds, frame_rate=sample_rate).raw_data)


def trim(pcm: bytes, sample_rate: int) -> bytes:
    """Cut silence at both ends, but for 30 ms, and fade at the cuts.

    Silence is 50 dB below the take's own peak. A take that is silent throughout is cut to its
    first 30 ms.
    """
    total = len(pcm) // SAMPLE_BYTES
    start, end = _heard(samples(pcm), sample_rate)
    if (start, end) == (0, total):
        return pcm
    cut = _segment(pcm, sample_rate).get_sample_slice(start, end)
    if start > 0:
        cut = cut.fade_in(_FADE_MS)
    if end < total:
        cut = cut.fade_out(_FADE_MS)
    return bytes(cut.raw_data)


def measure(pcm: bytes) -> LoudnessLevel:
    """Measure the loudness of PCM in dBFS."""
    if not pcm:
        return LoudnessLevel(SILENCE_DB, SILENCE_DB)
    wave = samples(pcm)
    scaled = wave.astype(np.float32)
    power = float(np.dot(scaled, scaled)) / len(wave)
    peak = max(int(wave.max()), -int(wave.min()))
    return LoudnessLevel(_decibels(math.sqrt(power)), _decibels(peak))


def to_flac(path: Path, pcm: bytes, sample_rate: int) -> None:
    """Write PCM as FLAC, whatever the path's suffix. Errors: StorageError."""
    try:
        with path.open("wb") as file:
            # libsndfile writes no file without samples, so that empty PCM gets one silent sample.
            wave, place = samples(pcm or bytes(SAMPLE_BYTES)), file.fileno()
            soundfile.write(place, wave, sample_rate, "PCM_16", format="FLAC", closefd=False)
    except OSError as error:
        raise storage_error(error, str(path)) from error
    except (soundfile.LibsndfileError, AssertionError) as error:
        # soundfile asserts that everything was written: a full disk fails the assertion.
        raise StorageError(f"{path} could not be written.", "Is the disk full?") from error


def from_flac(path: Path) -> tuple[bytes, int]:
    """Read PCM and its sample rate, and check FLAC's own digest.

    Errors: FileNotFoundError, or StorageError if the file is damaged.
    """
    with path.open("rb") as file:
        head = file.read(42)
        file.seek(0)
        try:
            wave, sample_rate = soundfile.read(file, dtype="int16")
        except soundfile.LibsndfileError as error:
            raise _damaged(path) from error
    pcm = wave.astype("<i2", copy=False).tobytes()
    # STREAMINFO ends with the MD5 of the samples; libsndfile does not check it.
    if head[26:42] != md5(pcm, usedforsecurity=False).digest():
        raise _damaged(path)
    return pcm, int(sample_rate)


def length(path: Path) -> tuple[int, float]:
    """Read sample rate and seconds from a FLAC header; StorageError if it is no FLAC file."""
    with path.open("rb") as file:
        head = file.read(_STREAMINFO.stop)
    packed = int.from_bytes(head[_STREAMINFO])
    sample_rate = packed >> 44
    if head[:4] != b"fLaC" or len(head) < _STREAMINFO.stop or not sample_rate:
        raise _damaged(path)
    return sample_rate, (packed & (1 << 36) - 1) / sample_rate


def _damaged(path: Path) -> StorageError:
    return StorageError(f"{path} is damaged.", "Delete it: the daemon speaks it again.")


def _segment(pcm: bytes, sample_rate: int) -> AudioSegment:
    return AudioSegment(data=pcm, sample_width=SAMPLE_BYTES, frame_rate=sample_rate, channels=1)


def _decibels(amplitude: float) -> float:
    return max(SILENCE_DB, 20 * math.log10(amplitude / FULL_SCALE)) if amplitude else SILENCE_DB


def _heard(wave: Samples, sample_rate: int) -> tuple[int, int]:
    """First and last sample to keep: the audible part, and 30 ms around it."""
    kept = round(_KEPT_S * sample_rate)
    window = max(1, round(_WINDOW_S * sample_rate))
    peaks = _window_peaks(wave, window)
    loudest = int(peaks.max(initial=0))
    if loudest < FULL_SCALE * 10 ** (_NOTHING_HEARD_DBFS / 20):
        return 0, min(kept, len(wave))
    heard = np.flatnonzero(peaks >= loudest * 10 ** (_DEAD_BELOW_PEAK_DB / 20))
    start = int(heard[0]) * window - kept
    end = (int(heard[-1]) + 1) * window + kept
    return max(0, start), min(len(wave), end)


def _window_peaks(wave: Samples, window: int) -> npt.NDArray[np.int32]:
    """The highest magnitude in each window; the last window may be short."""
    starts = np.arange(0, len(wave), window)
    if not len(starts):
        return np.zeros(0, dtype=np.int32)
    highest = np.maximum.reduceat(wave, starts).astype(np.int32)
    lowest = np.minimum.reduceat(wave, starts).astype(np.int32)
    return np.maximum(highest, -lowest)
