"""libespeak-ng through ctypes: loaded for one text, and unloaded again."""

import _ctypes
import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from narrated.errors import EngineError, EngineUnavailable

RATE, VOLUME, PITCH, RANGE, GAP = 1, 2, 3, 4, 7
"""espeak_PARAMETER of speak_lib.h."""

FASTEST_RATE = 450

_SYNCHRONOUS_RETRIEVAL = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1  # without the flags for SSML and phonemes: a text is never markup
_PRELUDES = 8


class _ListedVoice(ctypes.Structure):
    """espeak_VOICE of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class EspeakLibrary:
    """The initialised library, for one text."""

    def __init__(self, library: ctypes.CDLL, data: Path) -> None:
        self._library = library
        self.sample_rate: int = library.espeak_Initialize(
            _SYNCHRONOUS_RETRIEVAL, 0, bytes(data), _DO_NOT_EXIT
        )
        if self.sample_rate <= 0:
            raise EngineUnavailable(
                f"espeak-ng cannot use its data in {data}.",
                "Reinstall the package espeakng-loader.",
            )
        self._blocks: list[bytes] = []
        self._callback = _Callback(self._collect)
        library.espeak_SetSynthCallback(self._callback)

    def version(self) -> str:
        """Version of espeak-ng."""
        self._library.espeak_Info.restype = ctypes.c_char_p
        version: bytes = self._library.espeak_Info(None)
        return version.decode()

    def listed(self) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """Yield each voice's identifier and its languages, each with a priority (low is better)."""
        listing = self._library.espeak_ListVoices
        listing.restype = ctypes.POINTER(ctypes.POINTER(_ListedVoice))
        voices = listing(None)
        index = 0
        while voices[index]:
            voice = voices[index].contents
            yield voice.identifier.decode(), _languages(voice.languages)
            index += 1

    def prelude(self, voice: str, seed: int) -> None:
        """Advance the flutter of the pitch unheard, so that another seed gives another take."""
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed & 0x7FFFFFFF))
        if syllables := seed % _PRELUDES:
            self.prepare(voice, {RATE: FASTEST_RATE})
            self.speak(" ".join("a" * syllables))

    def prepare(self, voice: str, settings: Mapping[int, int]) -> None:
        """Set the voice and the parameters of the next text."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EngineError(f"espeak cannot speak as '{voice}'.", "Choose another variant.")
        for parameter, value in settings.items():
            self._library.espeak_SetParameter(parameter, value, 0)

    def speak(self, text: str) -> bytes:
        """Speak a text: 16-bit samples of one channel."""
        self._blocks.clear()
        said = text.replace("\0", " ").encode("utf-8", "ignore") + b"\0"
        size = ctypes.c_size_t(len(said))
        if self._library.espeak_Synth(said, size, 0, 1, 0, _UTF8, None, None) != 0:
            raise EngineError("espeak could not speak this text.")
        return b"".join(self._blocks)

    def _collect(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._blocks.append(ctypes.string_at(samples, 2 * count))
        return 0


@contextmanager
def open_library(path: Path, data: Path) -> Iterator[EspeakLibrary]:
    """Load and initialise the library; unload it at the end."""
    library = ctypes.CDLL(str(path))
    try:
        yield EspeakLibrary(library, data)
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)


def _languages(address: int) -> list[tuple[int, str]]:
    """Parse the list of speak_lib.h: a priority byte and a zero-ended code each; a zero ends it."""
    languages = []
    while priority := ctypes.string_at(address, 1)[0]:
        code = ctypes.string_at(address + 1)
        languages.append((priority, code.decode()))
        address += len(code) + 2
    return languages
