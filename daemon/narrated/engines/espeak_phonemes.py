"""The phonemes of a text, as espeak reads it: they tell how long any voice needs for it.

espeak is opened once and stays so. Phonemes do not depend on what was read before, other than its
sound; and to load it for each text would lose the memory that it does not free.
"""

import _ctypes
import ctypes
import re
from pathlib import Path
from types import TracebackType

import espeakng_loader

from narrated.engines.espeak import EspeakLibrary, voice_identifiers
from narrated.errors import NarratedError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # \x01 begins a command
_USUAL_LANGUAGE = "en-us"


class EspeakPhonemes:
    """Reads texts until it is closed. No espeak engine may speak in this process meanwhile."""

    def __init__(self) -> None:
        """Open espeak. Errors: EngineUnavailable, OSError."""
        data = Path(espeakng_loader.get_data_path())
        self._handle = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        try:
            self._espeak = EspeakLibrary(self._handle, data)
        except NarratedError:
            _ctypes.dlclose(self._handle._handle)
            raise
        self._voices = voice_identifiers(self._espeak.listed())
        self._voice = ""

    def __enter__(self) -> "EspeakPhonemes":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close espeak."""
        self._handle.espeak_Terminate()
        _ctypes.dlclose(self._handle._handle)

    def of(self, text: str, language: str) -> str:
        """Return the phonemes of a text in espeak's letters, its words apart.

        They are empty if espeak does not speak the language. Errors: EngineError.
        """
        code = language.lower()
        voice = self._voices.get(code) or self._voices.get(code.partition("-")[0])
        if voice is None:
            return ""
        if voice != self._voice:
            self._espeak.prepare(voice, {})
            self._voice = voice
        return self._espeak.phonemes(_CONTROL.sub(" ", text))
