"""One gain for each speaker of a narration, so that all speak at the loudness that it should have.

A gain is settled before the speaker's first take is encoded, and stays: a level that moved inside a
narration would be heard. What is not spoken yet is as loud as the voice was in earlier narrations.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from narrated.audio.encoder_requests import LevelEstimate
from narrated.audio.loudness import Energies, LoudnessMeter

TOLERANCE_LU = 0.4
"""A narration that ends further off is encoded again. The promise is 0.5 LU: the rest is for what
meters differ, and for what codecs put before the sound and after it."""
HIGHEST_GAIN_DB = 30.0
"""A voice at -46 LUFS: more would make the noise of its 16 bits heard, at -98 dBFS."""

_PAUSE = np.zeros(3, np.float32)
"""Around a take: with it, the shortest one fills blocks of 400 ms, as in the narration."""


@dataclass(slots=True)
class _Measured:
    """The known takes of a speaker."""

    meter: LoudnessMeter = field(default_factory=LoudnessMeter)
    characters: int = 0


class SpeakerGains:
    """Gains in dB by speaker, for a loudness in LUFS of the sound that is written."""

    def __init__(self, target_lufs: float, estimate: LevelEstimate) -> None:
        self._target_lufs = target_lufs
        self._estimate = estimate
        self._measured: dict[str, _Measured] = {}
        self.by_speaker = dict(estimate.correction.gains)
        """Those that are settled."""

    def learn(self, speaker: str, characters: int, measured: Energies) -> None:
        """Note how loud a take of a speaker was spoken, before the gain is settled."""
        speaker = self.alike(speaker)
        if speaker not in self.by_speaker:
            known = self._measured.setdefault(speaker, _Measured())
            known.meter.add(np.concatenate([_PAUSE, measured, _PAUSE]))
            known.characters += characters

    def settle(self, speaker: str) -> float:
        """Return the gain of a speaker; from the first call on it stays."""
        speaker = self.alike(speaker)
        if speaker not in self.by_speaker:
            lufs = self._predicted_lufs(speaker)
            self.by_speaker[speaker] = 0.0 if lufs is None else self._bounded(-lufs)
        return self.by_speaker[speaker]

    def corrected(self, reached_lufs: Mapping[str, float]) -> dict[str, float]:
        """Return the gains that would have hit the target, by the loudness that each reached."""
        return {
            speaker: self._bounded(gain_db - reached_lufs[speaker])
            if speaker in reached_lufs
            else gain_db
            for speaker, gain_db in self.by_speaker.items()
        }

    def alike(self, speaker: str) -> str:
        """Name the speaker whose gain this one has."""
        return self._estimate.alike.get(speaker, speaker)

    def _bounded(self, gain_to_0_db: float) -> float:
        return min(HIGHEST_GAIN_DB, self._target_lufs + gain_to_0_db)

    def _predicted_lufs(self, speaker: str) -> float | None:
        """The mean of what is measured, and of the voice's earlier takes for all the rest."""
        known = self._measured.get(speaker, _Measured())
        measured_lufs = known.meter.integrated_lufs
        expected = self._estimate.speakers.get(speaker)
        if expected is None or expected.lufs is None:
            return measured_lufs
        if measured_lufs is None:
            return expected.lufs
        share = min(1.0, known.characters / max(1, expected.characters))
        energy = share * 10 ** (measured_lufs / 10) + (1 - share) * 10 ** (expected.lufs / 10)
        return 10 * math.log10(energy)
