"""The level of a narration while it is encoded: its speakers' gains, the limiter, the meter."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from narrated.audio.codec_levels import codec_levels
from narrated.audio.encoder_requests import EncodingSettings, LevelEstimate
from narrated.audio.flac_takes import notes_of
from narrated.audio.levelling import Leveller
from narrated.audio.loudness import Energies, unpack
from narrated.audio.speaker_gains import TOLERANCE_LU, SpeakerGains


class LevelMissed(Exception):
    """A narration came out too loud or too soft; these gains, by speaker, would have hit it."""

    def __init__(self, lufs: float, gains: dict[str, float]) -> None:
        super().__init__(f"it came out at {lufs:.1f} LUFS")
        self.lufs, self.gains = lufs, gains


class SpokenTake(NamedTuple):
    """How loud a take was spoken, and by whom."""

    speaker: str
    characters: int
    energies: Energies


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
        self._offset_lu = codec.offset_lu
        self._target_lufs = settings.lufs - codec.offset_lu
        self._gains = SpeakerGains(self._target_lufs, estimate)
        self._leveller = Leveller(sample_rate, settings.peak_dbtp - codec.headroom_db)
        self.sample_rate = sample_rate
        for known in estimate.known:
            if packed := notes_of(Path(known.path)).energies:
                self._gains.learn(known.speaker, known.characters, unpack(packed))

    def expect(self, takes: Sequence[SpokenTake]) -> None:
        """Settle the gains of these takes' speakers, before any of the takes is brought to it."""
        for take in takes:
            self._gains.learn(*take)
        for take in takes:
            self._gains.settle(take.speaker)

    def take(self, pcm: bytes, speaker: str) -> bytes:
        """Return the sound of a take at its speaker's level, with its peaks limited."""
        return self._leveller.take(pcm, self._gains.settle(speaker), self._gains.alike(speaker))

    def pause(self, pcm: bytes) -> bytes:
        """Return sound between takes as it is; it counts for the loudness of the whole."""
        return self._leveller.pause(pcm)

    def check(self) -> None:
        """Compare the whole with its target. Errors: LevelMissed, if other gains come nearer."""
        reached_lufs = self._leveller.integrated_lufs
        if reached_lufs is None or self._gains.is_exact:  # silent, or the second time
            return
        if abs(reached_lufs - self._target_lufs) <= TOLERANCE_LU:
            return
        by_speaker = {each: self._leveller.speaker_lufs(each) for each in self._gains.by_speaker}
        corrected = self._gains.corrected(reached_lufs, by_speaker)
        if corrected != self._gains.by_speaker:
            raise LevelMissed(reached_lufs + self._offset_lu, corrected)
