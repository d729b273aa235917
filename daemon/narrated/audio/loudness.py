"""Loudness as ITU-R BS.1770-4 and EBU R 128 define it, from K-weighted energies of 100 ms.

A mono file is heard from two speakers, so all figures are those of a meter's dual-mono mode: 3 LU
above those of a single channel.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import FULL_SCALE, Samples, Wave

Energies = npt.NDArray[np.float32]
"""K-weighted mean squares of 100 ms each; 1.0 is a full-scale square wave."""

FRAME_S = 0.1
SILENT_LUFS = -70.0
"""The absolute gate: softer sound has no loudness."""

_BLOCK_FRAMES = 4  # blocks of 400 ms overlap by three quarters
_RELATIVE_GATE_LU = -10.0
_OFFSET_LU = -0.691 + 10 * math.log10(2)  # the standard's own, and two speakers
_FRAMES_AT_ONCE = 128
_STEPS_PER_DB = 400
_LOWEST_DB = -150.0
_BINS_PER_LU = 20
_BINS = 90 * _BINS_PER_LU

# The standard's two filters for any sample rate, after B. De Man, "Evaluation of Implementations of
# the EBU R128 Loudness Measurement", AES 145 (2018): a shelf of +4 dB, and a high-pass.
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_SHELF_EXPONENT = 0.4996667741545416
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773


def energies(wave: Samples | Wave, sample_rate: int) -> Energies:
    """Measure each 100 ms of samples in steps of 16 bits; the last is filled up with silence.

    A frame's spectrum times the filters' response has its K-weighted energy (Parseval), at a
    fraction of a filter's cost: the integrated loudness of speech is the same to 0.1 LU.
    """
    size = frame_samples(sample_rate)
    count = -(-len(wave) // size)
    response = _response(size, sample_rate)
    found = np.empty(count, np.float32)
    for start in range(0, count, _FRAMES_AT_ONCE):
        part = wave[start * size : (start + _FRAMES_AT_ONCE) * size]
        frames = -(-len(part) // size)
        padded = np.zeros((frames, size), np.float32)
        padded.reshape(-1)[: len(part)] = part
        spectrum = np.fft.rfft(padded)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        found[start : start + frames] = power @ response
    return found


def frame_samples(sample_rate: int) -> int:
    """The samples of 100 ms."""
    return max(1, round(sample_rate * FRAME_S))


def pack(measured: Energies) -> bytes:
    """Pack energies into two bytes each, to 1/400 dB."""
    level_db = 10 * np.log10(np.maximum(measured, 10 ** (_LOWEST_DB / 10)))
    steps = np.rint((level_db - _LOWEST_DB) * _STEPS_PER_DB)
    return np.clip(steps, 0, 0xFFFF).astype("<u2").tobytes()


def unpack(packed: bytes) -> Energies:
    """Unpack energies; a damaged last one is left out."""
    steps = np.frombuffer(packed[: len(packed) // 2 * 2], "<u2").astype(np.float32)
    found = np.power(np.float32(10), (steps / _STEPS_PER_DB + _LOWEST_DB) / 10)
    return np.where(steps > 0, found, 0).astype(np.float32)


class LoudnessMeter:
    """Integrated loudness of sound that comes piece by piece, in constant memory."""

    def __init__(self) -> None:
        self._recent = np.zeros(0)
        self._counts = np.zeros(_BINS, np.int64)
        self._sums = np.zeros(_BINS)

    def add(self, measured: Energies) -> None:
        """Append the energies of a piece of sound."""
        row = np.concatenate([self._recent, measured])
        self._recent = row[max(0, len(row) - _BLOCK_FRAMES + 1) :]
        if len(row) < _BLOCK_FRAMES:
            return
        summed = np.convolve(row, np.ones(_BLOCK_FRAMES), "valid")
        blocks = np.maximum(summed / _BLOCK_FRAMES, 1e-20)
        level = _OFFSET_LU + 10 * np.log10(blocks)
        heard = level > SILENT_LUFS
        places = ((level[heard] - SILENT_LUFS) * _BINS_PER_LU).astype(np.intp)
        places = np.minimum(places, _BINS - 1)
        np.add.at(self._counts, places, 1)
        np.add.at(self._sums, places, blocks[heard])

    @property
    def integrated_lufs(self) -> float | None:
        """The gated loudness of the whole; None if nothing of 400 ms was heard."""
        gate = self._mean_lufs(0)
        if gate is None:
            return None
        lowest = max(0, math.ceil((gate + _RELATIVE_GATE_LU - SILENT_LUFS) * _BINS_PER_LU))
        return self._mean_lufs(lowest)

    def _mean_lufs(self, lowest: int) -> float | None:
        count = int(self._counts[lowest:].sum())
        if not count:
            return None
        return _OFFSET_LU + 10 * math.log10(float(self._sums[lowest:].sum()) / count)


class SoundMeter:
    """Integrated loudness of mono sound in pieces of any length, in constant memory."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._rest: Samples | Wave = np.zeros(0, np.int16)
        self._meter = LoudnessMeter()

    def add(self, wave: Samples | Wave) -> None:
        """Append samples in steps of 16 bits; the last ones wait until 100 ms are whole."""
        sound = np.concatenate([self._rest, wave])
        whole = len(sound) - len(sound) % frame_samples(self._sample_rate)
        self._rest = sound[whole:]
        self._meter.add(energies(sound[:whole], self._sample_rate))

    @property
    def integrated_lufs(self) -> float | None:
        """The gated loudness of the whole; None if nothing of 400 ms was heard."""
        return self._meter.integrated_lufs


def integrated_lufs(measured: Energies) -> float | None:
    """The gated loudness of sound by its energies; None if nothing of 400 ms was heard."""
    meter = LoudnessMeter()
    meter.add(measured)
    return meter.integrated_lufs


@lru_cache(maxsize=32)
def _response(size: int, sample_rate: int) -> Energies:
    """The share of each line of a frame's power spectrum in its energy."""
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.square(np.abs(_shelf(turn, sample_rate) * _high_pass(turn, sample_rate)))
    sides = np.full(len(turn), 2.0)
    sides[0] = 1
    if size % 2 == 0:
        sides[-1] = 1
    shares: npt.NDArray[np.float64] = response * sides / (size * FULL_SCALE) ** 2
    return shares.astype(np.float32)


def _shelf(turn: npt.NDArray[np.complex128], sample_rate: int) -> npt.NDArray[np.complex128]:
    k = math.tan(math.pi * _SHELF_HZ / sample_rate)
    high = 10 ** (_SHELF_DB / 20)
    band = high**_SHELF_EXPONENT
    above = (
        high + band * k / _SHELF_Q + k * k,
        2 * (k * k - high),
        high - band * k / _SHELF_Q + k * k,
    )
    return _biquad(above, k, _SHELF_Q, turn)


def _high_pass(turn: npt.NDArray[np.complex128], sample_rate: int) -> npt.NDArray[np.complex128]:
    k = math.tan(math.pi * _PASS_HZ / sample_rate)
    scale = 1 + k / _PASS_Q + k * k  # the standard's numerator is not divided by it
    return _biquad((scale, -2 * scale, scale), k, _PASS_Q, turn)


def _biquad(
    above: tuple[float, float, float], k: float, q: float, turn: npt.NDArray[np.complex128]
) -> npt.NDArray[np.complex128]:
    below = (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)
    square = turn * turn
    numerator = above[0] + above[1] * turn + above[2] * square
    return numerator / (below[0] + below[1] * turn + below[2] * square)
