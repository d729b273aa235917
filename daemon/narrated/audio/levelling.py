"""Brings a narration's takes to one loudness under a ceiling, and measures what it passes on."""

from collections.abc import Sequence

import numpy as np

from narrated.audio.limiter import Wave, limited
from narrated.audio.loudness import LoudnessMeter, SoundMeter, energies
from narrated.audio.silence import FULL_SCALE, samples, silence

HIGHEST_GAIN_DB = 30.0
"""More would make a voice of what is only noise."""
_ROUNDS = 4
_NEAR_LU = 0.05


class Leveller:
    """Passes the sound of one narration on, take by take, in constant memory.

    Each take has the gain of its speaker and is limited by itself, so the sound does not depend on
    how the takes come.
    """

    def __init__(self, sample_rate: int, ceiling_db: float) -> None:
        """`ceiling_db`: the highest true peak, in dBTP."""
        self._sample_rate = sample_rate
        self._ceiling_db = ceiling_db
        self._whole = SoundMeter(sample_rate)
        self._speakers: dict[str, LoudnessMeter] = {}

    def take(self, pcm: bytes, gain_db: float, speaker: str = "") -> bytes:
        """Return a take at its speaker's gain, under the ceiling."""
        sound = levelled(pcm, self._sample_rate, gain_db, self._ceiling_db)
        self._whole.add(samples(sound))
        meter = self._speakers.setdefault(speaker, LoudnessMeter())
        meter.add(energies(samples(sound), self._sample_rate))
        return sound

    def pause(self, pcm: bytes) -> bytes:
        """Return a pause as it is."""
        self._whole.add(samples(pcm))
        return pcm

    @property
    def integrated_lufs(self) -> float | None:
        """The loudness of all that was passed on; None if nothing was heard."""
        return self._whole.integrated_lufs

    def speaker_lufs(self, speaker: str) -> float | None:
        """The loudness of one speaker's takes; None if nothing was heard."""
        meter = self._speakers.get(speaker)
        return meter.integrated_lufs if meter else None


def levelled(pcm: bytes, sample_rate: int, gain_db: float, ceiling_db: float) -> bytes:
    """Return PCM at a gain, its true peaks under a ceiling in dBTP."""
    return _as_pcm(limited(_amplified(pcm, gain_db), sample_rate, _amplitude(ceiling_db)))


def gain_to(
    takes: Sequence[tuple[bytes, float]], sample_rate: int, target_lufs: float, ceiling_db: float
) -> float:
    """Find the gain in dB that brings takes, each with the pause after it, to a loudness.

    The limiter takes some loudness away, so the gain is found in a few rounds. Sound without a
    loudness has the gain 0.
    """
    before = _loudness(takes, sample_rate, 0.0, None)
    if before is None:
        return 0.0
    gain_db = min(target_lufs - before, HIGHEST_GAIN_DB)
    for _ in range(_ROUNDS):
        found = _loudness(takes, sample_rate, gain_db, ceiling_db)
        if found is None or abs(target_lufs - found) < _NEAR_LU:
            break
        gain_db = min(gain_db + target_lufs - found, HIGHEST_GAIN_DB)
    return gain_db


def _loudness(
    takes: Sequence[tuple[bytes, float]], sample_rate: int, gain_db: float, ceiling_db: float | None
) -> float | None:
    meter = SoundMeter(sample_rate)
    for pcm, pause_s in takes:
        sound = pcm if ceiling_db is None else levelled(pcm, sample_rate, gain_db, ceiling_db)
        meter.add(samples(sound + silence(pause_s, sample_rate)))
    return meter.integrated_lufs


def _amplified(pcm: bytes, gain_db: float) -> Wave:
    wave: Wave = samples(pcm) * np.float32(_amplitude(gain_db) / FULL_SCALE)
    return wave


def _as_pcm(wave: Wave) -> bytes:
    steps = np.clip(np.rint(wave * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return steps.astype("<i2").tobytes()


def _amplitude(level_db: float) -> float:
    return float(10 ** (level_db / 20))
