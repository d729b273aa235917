"""kokoro-onnx around a warm session. Imports it, and with it onnxruntime, numpy and phonemizer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kokoro_onnx import Kokoro
from kokoro_onnx.chunker import pause_after, split_phonemes
from kokoro_onnx.config import MAX_PHONEME_LENGTH, SAMPLE_RATE

from narrated.engines.kokoro.voices import espeak_language
from narrated.engines.neural.damaged_files import guard_reading

_FULL_SCALE = 32767.0
_SENTENCE_PAUSE_S, _CLAUSE_PAUSE_S = 0.25, 0.1


class KokoroSpeaker:
    """Makes phonemes of a text, and speaks them batch by batch."""

    def __init__(self, session: Any, voices: Path, remedy: str) -> None:
        """Raises EngineUnavailable if the session is no Kokoro's."""
        with guard_reading(f"The Kokoro beside {voices}", remedy):
            self._kokoro = Kokoro.from_session(session, str(voices))
        self.session = session

    def batches(self, text: str, voice: str) -> list[str]:
        """The phonemes of a text, in batches that are each spoken at once."""
        phonemes = self._kokoro.tokenizer.phonemize(text, espeak_language(voice))
        cut = split_phonemes(" ".join(phonemes.split()), MAX_PHONEME_LENGTH)
        return [each for each in cut if any(map(str.isalpha, each))]

    def speak(self, batch: str, voice: str, options: Mapping[str, Any], *, is_last: bool) -> bytes:
        """Speak a batch, and be silent as long as its last sign asks for, unless it is the last."""
        pauses_s = {
            "sentence_pause": float(options.get("sentence_pause", _SENTENCE_PAUSE_S)),
            "clause_pause": float(options.get("clause_pause", _CLAUSE_PAUSE_S)),
        }
        trim = bool(options.get("trim", True))
        speed = float(options.get("speed", 1.0))
        wave, rate = self._kokoro.create(
            batch, voice, speed, is_phonemes=True, trim=trim, **pauses_s
        )
        pause_s = pause_after(batch, *pauses_s.values()) if trim and not is_last else 0.0
        sound = np.nan_to_num(np.clip(np.asarray(wave, np.float32), -1.0, 1.0))
        return bytes((sound * _FULL_SCALE).astype("<i2").tobytes()) + bytes(2 * int(pause_s * rate))


RATE = int(SAMPLE_RATE)
