"""Measures of a take's sound, by which its faults are found; no sound is touched here."""

import msgspec


class TakeMeasures(msgspec.Struct, frozen=True, omit_defaults=True):
    """The sound of one take, as it was spoken, in figures."""

    duration_s: float = 0.0
    voiced_s: float = 0.0
    """The time in which a voice, or anything else, is heard: without silences of over 0.1 s."""
    silences_s: tuple[float, ...] = ()
    """The longest silences between two sounds, the longest first; those of a word are not here."""
    leading_silence_s: float = 0.0
    trailing_silence_s: float = 0.0
    noise_s: float = 0.0
    """The longest run of loud static."""
    clipped: float = 0.0
    """The share of samples at the top of a loud take."""
    end_db: float = -120.0
    """The level of the last 30 ms below that of the loudest speech."""
    peak_db: float = -120.0
    """The highest sample in dBFS."""
    effort: float = 0.0
    """The time that its text takes, by the embedded voice's phonemes; 0 if that is not known."""

    @property
    def longest_silence_s(self) -> float:
        """The longest silence between two sounds; 0 if there is none of note."""
        return self.silences_s[0] if self.silences_s else 0.0
