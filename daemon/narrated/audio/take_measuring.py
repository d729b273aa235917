"""Measures a take for its faults: its voiced time, silences, noise, clipping and end.

The level of each 10 ms comes first, and that of its highest tones. Spectra are computed only where
those are loud for longer than a consonant: of an hour of speech, that is a minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import FULL_SCALE, SAMPLE_BYTES, Samples, samples
from narrated.audio.take_measures import TakeMeasures

HOP_S = 0.010

_VOICED_BELOW_SPEECH_DB = -38.0
_NOTHING_HEARD_DBFS = -55.0
_APART, _LEAST_SOUND = 15, 3
"""Hops: a sound that stands so far apart has at least so many."""
_SPEECH_PERCENTILE = 98
"""Of the levels: a click is no speech."""
_PART_OF_A_SOUND_S = 0.1
_LEAST_SILENCE_S = 0.4
_MOST_SILENCES = 32
_END_S = 0.030

_HISS_BELOW_SPEECH_DB = -18.0
_LEAST_RUN_S = 0.12
"""Of noise; a shorter one is a consonant."""
_FLAT = 0.33
"""Static reaches 0.5, an s 0.2."""
_BAND_HZ = (2000, 7000)
"""Above most of a vowel, so that noise is found under one as well."""

_ROUGH_BELOW_SPEECH_DB = -15.0
_ROUGH_DB = -9.0
"""Loud sound with high tones that are no softer is noise of any colour, if longer than an s."""
_LEAST_ROUGH_S = 0.33

_CLIPS_FROM = 0.5
_TOP = 0.998
_LOWEST_DB = -120.0
_HOPS_AT_ONCE = 6000

Levels = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Hops:
    """Figures of each 10 ms of a take."""

    level_db: Levels
    """In dBFS."""
    hiss_db: Levels
    """That of the second difference, which a vowel has little of and noise much."""


def measured(pcm: bytes, sample_rate: int) -> TakeMeasures:
    """Measure PCM of 16 bits and one channel."""
    wave = samples(pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES])
    if not len(wave):
        return TakeMeasures()
    hop = max(1, round(HOP_S * sample_rate))
    offset = round(float(wave.mean(dtype=np.float64)))
    hops = _hops(wave, hop, offset)
    speech_db = float(np.percentile(hops.level_db, _SPEECH_PERCENTILE))
    loud = _voiced(hops.level_db, speech_db)
    hiss = hops.hiss_db > speech_db + _HISS_BELOW_SPEECH_DB
    peak = max(int(wave.max()) - offset, offset - int(wave.min()))
    first, last = (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (len(hops.level_db), 0)
    static_s = _static_s(wave, sample_rate, hop, hiss)
    hop_s = hop / sample_rate
    ends = round(_END_S / HOP_S)
    return TakeMeasures(
        duration_s=len(wave) / sample_rate,
        voiced_s=_voiced_hops(loud) * hop_s,
        silences_s=_silences(loud, hop_s),
        leading_silence_s=first * hop_s,
        trailing_silence_s=max(0.0, len(wave) / sample_rate - last * hop_s),
        noise_s=max(static_s, _rough_s(hops, speech_db, hop_s)) if len(loud) else 0.0,
        clipped=_clipped(wave, offset, peak),
        end_db=_mean_db(hops.level_db[-ends:]) - speech_db,
        peak_db=float(_decibels(np.float64(peak / FULL_SCALE) ** 2)),
    )


def _voiced(level_db: Levels, speech_db: float) -> Places:
    """The hops in which a voice is heard, without clicks that stand alone."""
    if speech_db < _NOTHING_HEARD_DBFS:
        return np.zeros(0, np.intp)
    loud = np.flatnonzero(level_db > speech_db + _VOICED_BELOW_SPEECH_DB)
    starts = np.flatnonzero(np.diff(loud, prepend=-_APART) >= _APART)
    counts = np.diff(np.append(starts, len(loud)))
    return loud[np.repeat(counts >= _LEAST_SOUND, counts)]


def _hops(wave: Samples, hop: int, offset: int) -> _Hops:
    levels, hisses = zip(*(_figures(part, offset) for part in _parts(wave, hop)), strict=True)
    return _Hops(np.concatenate(levels), np.concatenate(hisses))


def _parts(wave: Samples, hop: int) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the hops as rows, a minute at a time; the last one is filled with its last sample."""
    step = hop * _HOPS_AT_ONCE
    for start in range(0, len(wave), step):
        part = wave[start : start + step]
        rest = -len(part) % hop
        yield np.pad(part, (0, rest), "edge").astype(np.float32).reshape(-1, hop)


def _figures(rows: npt.NDArray[np.float32], offset: int) -> tuple[Levels, Levels]:
    """The level of each row, and of its second difference, by its energies at lags of 0 to 2."""
    rows -= offset
    energy, once, twice = (
        np.einsum("ij,ij->i", rows[:, : max(rows.shape[1] - lag, 0)], rows[:, lag:])
        for lag in range(3)
    )
    difference = np.maximum(6 * energy - 8 * once + 2 * twice, 0)
    full = rows.shape[1] * FULL_SCALE**2
    return _decibels(energy / full), _decibels(difference / full)


def _voiced_hops(loud: Places) -> int:
    """The hops of the voice: short silences are parts of a sound, such as a t, and count."""
    silent = np.diff(loud) - 1
    return len(loud) + int(silent[silent <= _PART_OF_A_SOUND_S / HOP_S].sum())


def _silences(loud: Places, hop_s: float) -> tuple[float, ...]:
    gaps_s = (np.diff(loud) - 1) * hop_s
    long_s = np.sort(gaps_s[gaps_s > _LEAST_SILENCE_S])[::-1][:_MOST_SILENCES]
    return tuple(round(float(each), 3) for each in long_s)


def _rough_s(hops: _Hops, speech_db: float, hop_s: float) -> float:
    """The longest run that is loud and rough; 0 if a consonant may be so long."""
    is_loud = hops.level_db > speech_db + _ROUGH_BELOW_SPEECH_DB
    is_rough = is_loud & (hops.hiss_db - hops.level_db > _ROUGH_DB)
    longest_s = hop_s * max((end - start for start, end in _runs(is_rough)), default=0)
    return longest_s if longest_s >= _LEAST_ROUGH_S else 0.0


def _static_s(wave: Samples, sample_rate: int, hop: int, hiss: Flags) -> float:
    """The longest run with a flat spectrum, of those with loud high tones."""
    longest = 0
    for start, end in _runs(hiss):
        if (end - start) * HOP_S >= _LEAST_RUN_S and end - start > longest:
            flat = _flatness(wave[start * hop : (end + 1) * hop], hop, sample_rate) > _FLAT
            longest = max([longest, *(stop - begin for begin, stop in _runs(flat))])
    return longest * hop / sample_rate


def _runs(flags: Flags) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.pad(flags.astype(np.int8), 1)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _flatness(part: Samples, hop: int, sample_rate: int) -> Levels:
    """The geometric by the arithmetic mean of the spectrum of each two hops: 1 if it is flat."""
    if len(part) < 2 * hop:
        return np.zeros(0, np.float32)
    rows = np.lib.stride_tricks.sliding_window_view(part, 2 * hop)[::hop]
    spectrum = np.fft.rfft(rows * np.hanning(2 * hop).astype(np.float32))
    step_hz = sample_rate / (2 * hop)
    low, high = (round(each / step_hz) for each in _BAND_HZ)
    power = np.square(np.abs(spectrum[:, low:high])) + 1e-3
    flatness: Levels = np.exp(np.log(power).mean(1)) / power.mean(1)
    return flatness


def _clipped(wave: Samples, offset: int, peak: int) -> float:
    """The share of samples at the top of a take; 0 if that is quiet."""
    if peak < _CLIPS_FROM * FULL_SCALE:
        return 0.0
    top = _TOP * peak
    at_top = np.count_nonzero(wave >= offset + top) + np.count_nonzero(wave <= offset - top)
    return float(at_top) / len(wave)


def _mean_db(levels_db: Levels) -> float:
    return float(_decibels(np.float64(np.power(10, levels_db.astype(np.float64) / 10).mean())))


def _decibels(mean_square: npt.ArrayLike) -> Levels:
    level: Levels = np.maximum(10 * np.log10(np.maximum(mean_square, 1e-20)), _LOWEST_DB)
    return level
