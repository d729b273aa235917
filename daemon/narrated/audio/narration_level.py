"""The level of a narration while it is encoded: its speakers' gains, the limiter, the meter."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from narrated.audio.codec_levels import codec_levels
from narrated.audio.decoded_level import DecodedMeter
from narrated.audio.encoder_requests import EncodingSettings, LevelCorrection, LevelEstimate
from narrated.audio.flac_takes import notes_of
from narrated.audio.levelling import Leveller, made_up
from narrated.audio.loudness import Energies, SoundMeter, unpack
from narrated.audio.pcm import samples
from narrated.audio.speaker_gains import TOLERANCE_LU, SpeakerGains

MOST_CORRECTIONS = 2
"""A narration is encoded again so often at most, and once more if its peaks are still too high."""
_MORE_ROOM, _SPARE_DB = 1.5, 0.4
"""The lower the ceiling, the more its codec overshoots it."""


class LevelMissed(Exception):
    """A narration came out too loud, too soft or with too high peaks."""

    def __init__(self, lufs: float, peak_dbtp: float, correction: LevelCorrection) -> None:
        super().__init__(f"it came out at {lufs:.1f} LUFS and {peak_dbtp:.1f} dBTP")
        self.lufs, self.peak_dbtp = lufs, peak_dbtp
        self.correction = correction
        """The correction that would have hit the level."""


class SpokenTake(NamedTuple):
    """A take as its speaker spoke it, and its loudness."""

    speaker: str
    characters: int
    energies: Energies
    pcm: bytes
    sample_rate: int


class NarrationLevel:
    """Brings the sound of one narration to its loudness; PCM has the sample rate of its file."""

    def __init__(
        self,
        settings: EncodingSettings,
        estimate: LevelEstimate,
        format: str,
        bitrate: int | None,
        sample_rate: int,
    ) -> None:
        assert settings.lufs is not None, "this narration keeps the level of its takes"
        codec = codec_levels(format, bitrate)
        self._wanted_lufs, self._peak_dbtp = settings.lufs, settings.peak_dbtp
        self._offset_lu = codec.offset_lu
        self._gains = SpeakerGains(settings.lufs - codec.offset_lu, estimate)
        self._correction = estimate.correction
        self._ceiling_db = settings.peak_dbtp - codec.headroom_db - estimate.correction.room_db
        self._leveller = Leveller(sample_rate, self._ceiling_db)
        self.decoded = DecodedMeter()
        """Hears what a lossy codec gives back."""
        self._written = None if codec.is_lossy else SoundMeter(sample_rate)
        self.sample_rate = sample_rate
        for known in estimate.known:
            if packed := notes_of(Path(known.path)).energies:
                self._gains.learn(known.speaker, known.characters, unpack(packed))

    def expect(self, takes: Sequence[SpokenTake]) -> None:
        """Settle the gains of these takes' speakers, before any of the takes is brought to it."""
        by_speaker: dict[str, list[SpokenTake]] = {}
        for take in takes:
            self._gains.learn(take.speaker, take.characters, take.energies)
            by_speaker.setdefault(self._gains.alike(take.speaker), []).append(take)
        for speaker, spoken in by_speaker.items():
            if speaker not in self._gains.by_speaker:
                self._settle(speaker, spoken)

    def _settle(self, speaker: str, takes: Sequence[SpokenTake]) -> None:
        """Settle a gain; what the limiter will take away is as much as it takes from these."""
        gain_db = self._gains.settle(speaker)
        rate = takes[0].sample_rate
        alike = [take.pcm for take in takes if take.sample_rate == rate]
        self._gains.by_speaker[speaker] = made_up(alike, rate, gain_db, self._ceiling_db)

    def take(self, pcm: bytes, speaker: str) -> bytes:
        """Return the sound of a take at its speaker's level, with its peaks limited."""
        gain_db, alike = self._gains.settle(speaker), self._gains.alike(speaker)
        return self._heard(self._leveller.take(pcm, gain_db, alike))

    def pause(self, pcm: bytes) -> bytes:
        """Return sound between takes as it is; it counts for the loudness of the whole."""
        return self._heard(pcm)

    def _heard(self, pcm: bytes) -> bytes:
        if self._written is not None:
            self._written.add(samples(pcm))
        return pcm

    def check(self) -> None:
        """Compare the closed file with its level. Errors: LevelMissed, if it can be bettered."""
        lufs, peak_db = self._level()
        count = self._correction.count
        if lufs is None or count > MOST_CORRECTIONS:
            return
        off_lu, above_db = lufs - self._wanted_lufs, peak_db - self._peak_dbtp
        keeps_gains = abs(off_lu) <= TOLERANCE_LU or count == MOST_CORRECTIONS
        if keeps_gains and above_db <= 0:
            return
        gains = self._gains.by_speaker
        if count < MOST_CORRECTIONS:
            gains = self._corrected(lufs)
        room_db = self._correction.room_db
        if above_db > 0:
            room_db += _MORE_ROOM * above_db + _SPARE_DB
        correction = LevelCorrection(gains, room_db, count + 1)
        if (gains, room_db) != (self._gains.by_speaker, self._correction.room_db):
            raise LevelMissed(lufs, peak_db, correction)

    def _level(self) -> tuple[float | None, float]:
        """Return the loudness and the true peak (dBTP) of the file; no loudness if it is silent."""
        if self._written is not None:
            return self._written.integrated_lufs, self._ceiling_db
        heard = self.decoded.level()
        return heard.lufs, 20 * math.log10(heard.peak) if heard.peak else self._ceiling_db

    def _corrected(self, lufs: float) -> dict[str, float]:
        """Correct each speaker's gain, where the whole has come to this loudness.

        Besides its codec's mean, the whole differs from its takes by this codec's work on this
        sound, and by its pauses, which make it softer.
        """
        takes_lufs = self._leveller.takes_lufs
        beside_lu = lufs - self._offset_lu - takes_lufs if takes_lufs is not None else 0.0
        speakers = {each: self._leveller.speaker_lufs(each) for each in self._gains.by_speaker}
        return self._gains.corrected(
            {each: lufs + beside_lu for each, lufs in speakers.items() if lufs is not None}
        )
