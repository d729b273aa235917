"""SVOX Pico, a small voice in six languages, from the wheel of py-nanotts.

Pico reads memory that it never wrote. With freed memory in it, the same words differed from take
to take, and some were cut short. While it speaks, glibc fills all memory that it hands out with
zeros, so the sound depends on the request alone.
"""

import ctypes
import hashlib
import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from pathlib import Path

from narrated.engines import pico_front
from narrated.engines.embedded_voice import EmbeddedVoice, VoiceParameter, parameter_values
from narrated.engines.interface import (
    EngineContext,
    Options,
    Outcome,
    Request,
    RequestFailure,
    SpeechRequest,
    SpeechResult,
)
from narrated.engines.pico_phrases import whole_parts
from narrated.engines.pico_voices import PACKAGE, VOICES
from narrated.engines.respelling import Respelling, unchanged
from narrated.engines.speech_times import TimedPlace, in_order
from narrated.errors import EngineError, EngineUnavailable

SAMPLE_RATE = 16_000

_M_PERTURB = -6  # malloc.h; memory handed out is filled with the complement of its value
_ZEROS, _UNFILLED = 0xFF, 0
_LOWEST_BYTES = 2 * int(SAMPLE_RATE * 0.05)

_BY_LANGUAGE: Mapping[str, str] = {
    code.lower(): voice for voice, codes in VOICES.items() for code in (voice, *codes)
}

_PARAMETERS: Mapping[str, VoiceParameter] = {
    "speed": VoiceParameter(1.0, 0.2, 5.0),
    "pitch": VoiceParameter(1.0, 0.5, 2.0),
    "volume": VoiceParameter(0.6, 0.0, 1.0),  # louder than 0.6 it clips
}

# Pico takes angle brackets for markup, says other brackets by name, ends a sentence at each dot of
# an ellipsis, and passes over a dash without a pause.
_MARKUP = re.compile(r"[<>‹›\x00-\x1f\x7f-\x9f]+")
_BRACKETS = re.compile(r"\s*[\[\]{}]+\s*")
_BREAKS = re.compile(r"\s*(?:…|\.{2,}|[—–]+)\s*(?=[^\W_])")
_LAST_DOTS = re.compile(r"…|\.{2,}")
_QUOTES = re.compile(r"[\"“”„«»]+")
_WORD = re.compile(r"\S+")
_LATIN_1 = "\N{LATIN SMALL LETTER Y WITH DIAERESIS}"


class PicoEngine(EmbeddedVoice):
    """The engine: requests wait in a queue, and a step speaks the first."""

    front = pico_front.VERSION
    sample_rate = SAMPLE_RATE
    varies = False
    worn = False

    def __init__(self, options: Options) -> None:
        import py_nanotts  # only where there is a wheel of it

        self._library = py_nanotts.NanoTTS()
        self._options = options
        _parameters(options)
        lingware = Path(py_nanotts.__file__).parent / "lang"
        self.identity = _identity(lingware, options)
        super().__init__({each: _digest(each, lingware, self.identity) for each in VOICES})

    def admit(self, request: Request) -> None:
        """Queue a request. Raises an error for an unknown voice, language or option."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("pico speaks; it cannot describe a picture.")
        _voice(request)
        _parameters(request.options)
        self._waiting.append(request)

    def step(self) -> Sequence[Outcome]:
        """Speak the first request of the queue; takes some tenths of a second at most."""
        request = self._waiting.popleft()
        try:
            return [self._speak(request)]
        except RuntimeError as error:  # of the library; a later request finds it as it was
            return [RequestFailure(request.id, f"pico could not speak this text: {error}.")]

    def _speak(self, request: SpeechRequest) -> SpeechResult:
        is_english = _voice(request).startswith("en")
        text = pico_front.pico_text(request) if is_english else unchanged(request.text)
        parts = list(whole_parts(written_for_pico(text.text)))
        parameters = _parameters({**self._options, **request.options})
        with _zeroed_memory():
            sounds = [
                self._library.speak(part, voice=_voice(request), **parameters) for part in parts
            ]
        pcm = b"".join(sounds) or bytes(_LOWEST_BYTES)
        starts = [] if len(parts) < 2 else part_starts(text, parts, sounds)
        return SpeechResult(request.id, pcm, SAMPLE_RATE, starts)


def load(options: Options, context: EngineContext) -> PicoEngine:
    """Load the voice. Raises EngineUnavailable if there is no wheel of it for this machine."""
    return opened(options)


def opened(options: Options) -> PicoEngine:
    """The same outside of a worker."""
    try:
        return PicoEngine(options)
    except (ImportError, PackageNotFoundError) as error:
        problem = f"The voices of pico are missing ({error})."
        remedy = f"Run `pip install {PACKAGE}` (Linux, x86_64 or aarch64), or choose espeak."
        raise EngineUnavailable(problem, remedy) from error


def part_starts(
    text: Respelling, parts: Sequence[str], sounds: Sequence[bytes]
) -> list[TimedPlace]:
    """Give the starts of the parts, whose sounds are joined: all that Pico tells of its times."""
    words = list(_WORD.finditer(text.text))
    said = list(accumulate(_alphanumerics(written_for_pico(word[0])) for word in words))
    counts = [0, *accumulate(map(_alphanumerics, parts))]
    ends_s = [0.0, *accumulate(len(sound) / 2 / SAMPLE_RATE for sound in sounds)]
    begun = (words[min(bisect_right(said, count), len(words) - 1)].start() for count in counts[:-1])
    return in_order(zip(map(text.source, begun), ends_s, strict=False))


def _alphanumerics(text: str) -> int:
    return sum(map(str.isalnum, text))


@contextmanager
def _zeroed_memory() -> Iterator[None]:
    """Have the C library hand out memory that holds zeros."""
    mallopt = ctypes.CDLL(None).mallopt  # of glibc, without which there is no wheel
    mallopt(_M_PERTURB, _ZEROS)
    try:
        yield
    finally:
        mallopt(_M_PERTURB, _UNFILLED)


def written_for_pico(text: str) -> str:
    """Write a text with the signs that Pico reads as they are meant; empty if no word is in it.

    Letters that its voices do not know (Łódź, Привет) come in Latin ones: it would drop them.
    """
    text = _BREAKS.sub(", ", text.replace("’", "'").replace("\xad", ""))
    text = _QUOTES.sub(" ", _LAST_DOTS.sub(".", text))
    text = "".join(map(_in_latin_1, unicodedata.normalize("NFC", text)))
    # Last, since a wide bracket becomes a narrow one.
    text = _BRACKETS.sub(", ", _MARKUP.sub(" ", text))
    text = " ".join(text.split()).strip(" ,")
    return text if any(sign.isalnum() for sign in text) else ""


def _in_latin_1(sign: str) -> str:
    if sign <= _LATIN_1:
        return sign
    from anyascii import anyascii

    return str(anyascii(sign))


def _voice(request: SpeechRequest) -> str:
    """The requested voice; if none is named, that of the text's language."""
    name, language = request.voice.lower(), request.language.lower()
    if name:
        if voice := _BY_LANGUAGE.get(name):
            return voice
        raise EngineUnavailable(
            f"pico has no voice '{request.voice}'.", f"It has: {', '.join(VOICES)}."
        )
    voice = _BY_LANGUAGE.get(language) or _BY_LANGUAGE.get(language.partition("-")[0])
    if voice is None:
        raise EngineUnavailable(
            f"pico does not speak the language '{request.language}'.",
            f"It has the voices {', '.join(VOICES)}. espeak speaks most languages.",
        )
    return voice


def _parameters(options: Options) -> dict[str, float]:
    return parameter_values("pico", options, _PARAMETERS)


def _identity(lingware: Path, options: Options) -> str:
    """The package's version, and a digest of the voices' names and sizes, which need no reading."""
    index = sorted((file.name, file.stat().st_size) for file in lingware.iterdir())
    text = json.dumps([index, dict(options)], sort_keys=True)
    return f"{PACKAGE}-{version(PACKAGE)}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _digest(voice: str, lingware: Path, identity: str) -> str:
    sizes = [file.stat().st_size for file in sorted(lingware.glob(f"{voice}_*"))]
    return hashlib.sha256(f"{identity} {voice} {sizes}".encode()).hexdigest()[:32]
