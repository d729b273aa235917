"""Brings a narration's takes to one loudness under a ceiling, and measures them."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from narrated.audio.limiter import limited
from narrated.audio.loudness import LoudnessMeter, energies
from narrated.audio.pcm import FULL_SCALE, SAMPLE_BYTES, Wave, samples

_MOST_MADE_UP_DB = 6.0
_MADE_UP_BY_S = 10.0
_ROUNDS = 3
_NEAR_LU = 0.1


class Leveller:
    """Passes the sound of one narration on, take by take, in constant memory.

    Each take has the gain of its speaker and is limited by itself, so the sound does not depend on
    how the takes come.
    """

    def __init__(self, sample_rate: int, ceiling_db: float) -> None:
        """`ceiling_db`: the highest true peak, in dBTP."""
        self._sample_rate = sample_rate
        self._ceiling_db = ceiling_db
        self._takes = LoudnessMeter()
        self._speakers: dict[str, LoudnessMeter] = {}

    def take(self, pcm: bytes, gain_db: float, speaker: str = "") -> bytes:
        """Return a take at its speaker's gain, under the ceiling."""
        sound = levelled(pcm, self._sample_rate, gain_db, self._ceiling_db)
        meter = self._speakers.setdefault(speaker, LoudnessMeter())
        measured = energies(samples(sound), self._sample_rate)
        meter.add(measured)
        self._takes.add(measured)
        return sound

    @property
    def takes_lufs(self) -> float | None:
        """The loudness of all takes, without the pauses; None if nothing was heard."""
        return self._takes.integrated_lufs

    def speaker_lufs(self, speaker: str) -> float | None:
        """The loudness of one speaker's takes; None if nothing was heard."""
        meter = self._speakers.get(speaker)
        return meter.integrated_lufs if meter else None


def levelled(pcm: bytes, sample_rate: int, gain_db: float, ceiling_db: float) -> bytes:
    """Return PCM at a gain, its true peaks under a ceiling in dBTP."""
    return _as_pcm(limited(_amplified(pcm, gain_db), sample_rate, _amplitude(ceiling_db)))


def made_up(takes: Sequence[bytes], sample_rate: int, gain_db: float, ceiling_db: float) -> float:
    """Raise a gain by the loudness that the limiter takes away from these takes at it.

    The first of them stand for the others. The gain stays as it is, at next to no cost, if none of
    them reaches the ceiling.
    """
    heard = _first(takes, round(_MADE_UP_BY_S * sample_rate) * SAMPLE_BYTES)
    if not any(_highest(pcm) * _amplitude(gain_db) > _amplitude(ceiling_db) for pcm in heard):
        return gain_db
    spoken = _loudness(heard, sample_rate)
    if spoken is None:
        return gain_db
    raised_db = gain_db
    for _ in range(_ROUNDS):
        held = [levelled(pcm, sample_rate, raised_db, ceiling_db) for pcm in heard]
        missing = spoken + gain_db - (_loudness(held, sample_rate) or spoken)
        raised_db = min(raised_db + missing, gain_db + _MOST_MADE_UP_DB)
        if abs(missing) < _NEAR_LU:
            break
    return raised_db


def _first(takes: Sequence[bytes], most_bytes: int) -> list[bytes]:
    """The first takes up to a size, at least one."""
    sizes = accumulate(map(len, takes))
    return [pcm for pcm, size in zip(takes, sizes, strict=True) if size - len(pcm) < most_bytes]


def _loudness(takes: Sequence[bytes], sample_rate: int) -> float | None:
    meter = LoudnessMeter()
    for pcm in takes:
        meter.add(energies(samples(pcm), sample_rate))
    return meter.integrated_lufs


def _highest(pcm: bytes) -> float:
    wave = samples(pcm)
    return max(int(wave.max(initial=0)), -int(wave.min(initial=0))) / FULL_SCALE


def _amplified(pcm: bytes, gain_db: float) -> Wave:
    wave: Wave = samples(pcm) * np.float32(_amplitude(gain_db) / FULL_SCALE)
    return wave


def _as_pcm(wave: Wave) -> bytes:
    steps = np.clip(np.rint(wave * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return steps.astype("<i2").tobytes()


def _amplitude(level_db: float) -> float:
    return float(10 ** (level_db / 20))
