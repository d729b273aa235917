"""The effort of a text by its phonemes: the time that any voice needs for it, but for its pace."""

import re
from contextlib import suppress

from narrated.audio.text_pauses import pause_places
from narrated.engines.espeak_phonemes import EspeakPhonemes
from narrated.errors import NarratedError

# In sounds, as a least-squares fit to what Piper and espeak take for sentences of docs/. They, and
# Pico, differ from it by 5 to 7 %, as from the length of espeak's own speech; from the letters of a
# text by 9 %.
_STRESS = 1.2
_WORD = 0.9
_PAUSE = 1.5
"""Before one, a voice slows down."""
_AS_LETTERS = 0.9
"""So that it is about what `length_line.text_effort` gives."""
_NO_SOUND = re.compile(r"\([\w-]*\)|[\d',:_;%=|#\"*?!~^-]+")
"""Names of languages, stresses, lengths, and signs that tell one sound from another."""
_STRESSED = "'"
_UNREAD = ("ja",)
"""espeak names each of its Chinese letters: "Chinese letter"."""
_LONGEST = 5000
"""In characters, longer than a chunk: reading takes a microsecond for each."""


class EffortMeter:
    """Measures the effort of texts; it opens espeak with the first."""

    def __init__(self) -> None:
        self._phonemes: EspeakPhonemes | None = None
        self._is_missing = False

    def effort(self, text: str, language: str) -> float:
        """Return the effort of a text; 0 if its words cannot be read."""
        if self._is_missing or language[:2].lower() in _UNREAD or len(text) > _LONGEST:
            return 0.0
        try:
            self._phonemes = self._phonemes or EspeakPhonemes()
        except (NarratedError, OSError):
            self._is_missing = True
            return 0.0
        with suppress(NarratedError):
            effort = phoneme_effort(self._phonemes.of(text, language))
            return effort and round(effort + _PAUSE * len(pause_places(text, ())[0]), 2)
        return 0.0

    def close(self) -> None:
        """Close espeak."""
        if self._phonemes is not None:
            self._phonemes.close()
            self._phonemes = None


def phoneme_effort(phonemes: str) -> float:
    """Add up sounds, stresses and words, in letters of a text."""
    words = _NO_SOUND.sub("", phonemes).split()
    sounds, stresses = sum(map(len, words)), phonemes.count(_STRESSED)
    return round(_AS_LETTERS * (sounds + _STRESS * stresses + _WORD * len(words)), 2)
