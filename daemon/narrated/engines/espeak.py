"""The embedded voice: espeak-ng from its wheel, through ctypes, without a system package.

espeak keeps state between two texts, such as the phase of the flutter in its pitch, and its
interface has no reset: the same words came out some samples longer after other words. So the
library is loaded again for each text. That costs 0.4 ms, and the sound depends on the request
alone. It is loaded from a copy in memory: other packages (kokoro-onnx) keep the file open, and
it would not be loaded again. The library does not free all of its memory then (180 kB for a Latin
word in a Russian text), so the engine wears out.
"""

import _ctypes
import ctypes
import difflib
import hashlib
import itertools
import json
import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import espeakng_loader

from narrated.engines import espeak_front
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
from narrated.engines.respelling import Respelling, unchanged
from narrated.engines.speech_times import TimedPlace, in_order
from narrated.errors import EngineError, EngineUnavailable

_REINSTALL = "Reinstall the package espeakng-loader."
_DEFAULT_VOICE = "en-us"
_SILENCE_S = 0.05
_WEAR_BYTES = 192 << 20

# Of speak_lib.h.
_SYNCHRONOUS_RETRIEVAL = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1  # without the flags for SSML and phonemes: a text is never markup
_RATE = 1
_FASTEST_RATE = 450
_PRELUDES = 8
# The first fields of espeak_EVENT: type, identifier, place in the text in characters from 1,
# length, milliseconds, samples. The whole has 40 bytes, with two pointers.
_EVENT = struct.Struct("@iIiiii16x")
_NO_MORE_EVENTS, _WORD, _SENTENCE = 0, 1, 2


_NARRATORS_RATE = 148
"""Words a minute of the texts of bench/voice.py: about 155 as published, with the pauses."""

_PARAMETERS: Mapping[str, VoiceParameter] = {
    # Words a minute of espeak itself, and of requests from before there was a narrator's rate.
    "rate": VoiceParameter(175, 80, _FASTEST_RATE),
    "pitch": VoiceParameter(50, 0, 99),
    "range": VoiceParameter(50, 0, 99),
    "volume": VoiceParameter(100, 0, 200),
    "gap": VoiceParameter(0, 0, 500),  # between words, in units of 10 ms
}
_NUMBERS: Mapping[str, int] = {"rate": _RATE, "pitch": 3, "range": 4, "volume": 2, "gap": 7}
"""The parameters in espeak_PARAMETER of speak_lib.h."""


class EspeakEngine(EmbeddedVoice):
    """The engine: requests wait in a queue, and a step speaks the first."""

    front = espeak_front.VERSION
    varies = False  # a seed moves the flutter of the pitch a little, which nobody hears

    def __init__(self, library: Path, data: Path, options: Options) -> None:
        self._library = library
        self._data = data
        self._options = options
        self.narrator_options = {} if "rate" in options else {"rate": _NARRATORS_RATE}
        self._variants = {file.name for file in (data / "voices" / "!v").iterdir()}
        self._variant(options)
        _settings(options)
        with _open_library(library, data) as espeak:
            self.sample_rate = espeak.sample_rate
            self.identity = _identity(espeak.version(), data, options)
            self._identifiers = voice_identifiers(espeak.listed())
        super().__init__(
            {
                code: _digest(data / "lang" / identifier, self.identity)
                for code, identifier in self._identifiers.items()
            }
        )
        self._fresh_bytes = _memory_bytes()

    @property
    def worn(self) -> bool:
        """True if the library has leaked much memory."""
        return _memory_bytes() - self._fresh_bytes > _WEAR_BYTES

    def titles(self) -> dict[str, str]:
        """The English name of each voice, such as "English (Great Britain)", by its code."""
        return {
            code: _title(self._data / "lang" / file) for code, file in self._identifiers.items()
        }

    def admit(self, request: Request) -> None:
        """Queue a request. Raises an error for an unknown voice or option."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("espeak speaks; it cannot describe a picture.")
        self._identifier(request)
        self._variant(request.options)
        _settings(request.options)
        self._waiting.append(request)

    def step(self) -> Sequence[Outcome]:
        """Speak the first request of the queue; takes some tenths of a second at most."""
        request = self._waiting.popleft()
        try:
            return [self._speak(request)]
        except EngineError as error:
            return [RequestFailure(request.id, error.problem, error.remedy)]

    def _speak(self, request: SpeechRequest) -> SpeechResult:
        written = self._written(request)
        options = {**self._options, **request.options}
        voice = self._identifier(request) + self._variant(options)
        with _open_library(self._library, self._data) as espeak:
            espeak.prelude(voice, request.seed)
            espeak.prepare(voice, _settings(options))
            speech = espeak.speak(written.text)
        pcm = speech.pcm or bytes(2 * int(self.sample_rate * _SILENCE_S))
        sentences, words = (
            speech.starts(kind, written, self.sample_rate) for kind in (_SENTENCE, _WORD)
        )
        return SpeechResult(request.id, pcm, self.sample_rate, sentences, words)

    def _written(self, request: SpeechRequest) -> Respelling:
        """The request's text as its voice needs it written."""
        is_english = self._identifier(request).rpartition("/")[2].startswith("en")
        return espeak_front.espeak_text(request) if is_english else unchanged(request.text)

    def _identifier(self, request: SpeechRequest) -> str:
        """The requested voice; if none is named, that of the text's language."""
        name, known, language = request.voice, self._identifiers, request.language.lower()
        if not name:
            return known.get(language) or known.get(
                language.partition("-")[0], known[_DEFAULT_VOICE]
            )
        if name not in known:
            similar = _similar(name, known)
            raise EngineUnavailable(
                f"espeak has no voice '{name}'.",
                (f"Similar ones: {', '.join(similar)}." if similar else "Use en-us, en-gb or de.")
                + " `narrated voices list` shows all.",
            )
        return known[name]

    def _variant(self, options: Options) -> str:
        """The suffix of a voice's name for its variant; espeak itself ignores an unknown one."""
        variant = options.get("variant", "")
        if variant and variant not in self._variants:
            known = _similar(str(variant), self._variants) or sorted(self._variants)[:10]
            raise EngineError(
                f"espeak has no variant '{variant}'.", f"It has, among others: {', '.join(known)}."
            )
        return f"+{variant}" if variant else ""


def load(options: Options, context: EngineContext) -> EspeakEngine:
    """Load the embedded voice. Raises EngineUnavailable if its library or data is missing."""
    return opened(options)


def opened(options: Options) -> EspeakEngine:
    """The same outside of a worker."""
    library = Path(espeakng_loader.get_library_path())
    data = Path(espeakng_loader.get_data_path())
    if not library.exists() or not (data / "phontab").exists():
        raise EngineUnavailable(
            f"espeak-ng's library or data is missing beside {library}.", _REINSTALL
        )
    return EspeakEngine(library, data, options)


def _memory_bytes() -> int:
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    return resident_pages * os.sysconf("SC_PAGESIZE")


def _similar(name: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(name, list(known), n=5, cutoff=0.4)


def _settings(options: Options) -> dict[int, int]:
    values = parameter_values("espeak", options, _PARAMETERS, ("variant",))
    return {_NUMBERS[name]: int(value) for name, value in values.items()}


def _identity(version: str, data: Path, options: Options) -> str:
    """The version, and a digest of the data's file names and sizes, which need no reading."""
    index = sorted(
        (str(file.relative_to(data)), file.stat().st_size)
        for file in data.rglob("*")
        if file.is_file()
    )
    text = json.dumps([index, dict(options)], sort_keys=True)
    return f"espeak-ng-{version}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def voice_identifiers(listed: Iterator[tuple[str, list[tuple[int, str]]]]) -> dict[str, str]:
    """Voices by language code: each code goes to the voice with the best priority for it."""
    claims: dict[str, tuple[int, str]] = {}
    for identifier, languages in listed:
        for priority, code in languages:
            claims[code] = min(claims.get(code, (256, "")), (priority, identifier))
    return {code: identifier for code, (_, identifier) in sorted(claims.items())}


def _digest(definition: Path, identity: str) -> str:
    content = definition.read_bytes() if definition.is_file() else bytes(definition)
    return hashlib.sha256(identity.encode() + content).hexdigest()[:32]


def _title(definition: Path) -> str:
    """The name in a voice's definition; empty if it has none."""
    lines = definition.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line[5:].strip() for line in lines if line.startswith("name ")), "")


class _ListedVoice(ctypes.Structure):
    """The first fields of espeak_VOICE of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


@dataclass(slots=True)
class _Speech:
    """The sound of a text, and what espeak tells of it: kind, character and sample."""

    blocks: list[bytes] = field(default_factory=list)
    events: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def pcm(self) -> bytes:
        return b"".join(self.blocks)

    def starts(self, kind: int, written: Respelling, sample_rate: int) -> list[TimedPlace]:
        """The starts of one kind, in the text before it was written for espeak."""
        times = ((at, sample / sample_rate) for each, at, sample in self.events if each == kind)
        return in_order((written.source(at), round(at_s, 3)) for at, at_s in times)


class EspeakLibrary:
    """The library in this process: its voices, their sound, and the phonemes of texts."""

    def __init__(self, library: ctypes.CDLL, data: Path) -> None:
        self._library = library
        self.sample_rate: int = library.espeak_Initialize(
            _SYNCHRONOUS_RETRIEVAL, 0, bytes(data), _DO_NOT_EXIT
        )
        if self.sample_rate <= 0:
            raise EngineUnavailable(f"espeak-ng cannot use its data in {data}.", _REINSTALL)
        self._speech = _Speech()
        self._callback = _Callback(self._collect)
        library.espeak_SetSynthCallback(self._callback)

    def version(self) -> str:
        self._library.espeak_Info.restype = ctypes.c_char_p
        version: bytes = self._library.espeak_Info(None)
        return version.decode()

    def listed(self) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """Yield each voice's identifier and its languages, each with a priority (low is better)."""
        listing = self._library.espeak_ListVoices
        listing.restype = ctypes.POINTER(ctypes.POINTER(_ListedVoice))
        for pointer in itertools.takewhile(bool, listing(None)):  # a null pointer ends them
            voice = pointer.contents
            yield voice.identifier.decode(), _languages(voice.languages)

    def prelude(self, voice: str, seed: int) -> None:
        """Advance the flutter of the pitch unheard, so that another seed gives another take."""
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed & 0x7FFFFFFF))
        if syllables := seed % _PRELUDES:
            self.prepare(voice, {_RATE: _FASTEST_RATE})
            self.speak(" ".join("a" * syllables))

    def prepare(self, voice: str, settings: Mapping[int, int]) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EngineError(f"espeak cannot speak as '{voice}'.", "Choose another variant.")
        for parameter, value in settings.items():
            self._library.espeak_SetParameter(parameter, value, 0)

    def speak(self, text: str) -> _Speech:
        """Speak a text: 16-bit samples of one channel."""
        self._speech = _Speech()
        said = text.replace("\0", " ").encode("utf-8", "ignore") + b"\0"
        size = ctypes.c_size_t(len(said))
        if self._library.espeak_Synth(said, size, 0, 1, 0, _UTF8, None, None) != 0:
            raise EngineError("espeak could not speak this text.", "Choose another engine for it.")
        return self._speech

    def phonemes(self, text: str) -> str:
        """Return the phonemes of a text without NUL, in espeak's letters, its words apart."""
        translate = self._library.espeak_TextToPhonemes
        translate.restype = ctypes.c_char_p
        said = text.encode("utf-8", "ignore")
        rest = ctypes.c_char_p(said)
        clauses: list[bytes] = []
        while rest.value is not None and len(clauses) <= len(said):  # each call reads a clause
            clauses.append(translate(ctypes.byref(rest), _UTF8, 0) or b"")
        return b" ".join(clauses).decode("utf-8", "replace")

    def _collect(self, samples: int | None, count: int, events: int | None) -> int:
        if samples and count > 0:
            self._speech.blocks.append(ctypes.string_at(samples, 2 * count))
        if events:
            self._speech.events += _events(events)
        return 0


@cache
def _copy_in_memory(path: Path) -> str:
    """Path of a copy that no other package of this process opens; it goes with the process."""
    copy = os.memfd_create(path.name)
    with open(copy, "wb", closefd=False) as file:
        file.write(path.read_bytes())
    return f"/proc/self/fd/{copy}"


@contextmanager
def _open_library(path: Path, data: Path) -> Iterator[EspeakLibrary]:
    library = ctypes.CDLL(_copy_in_memory(path))
    try:
        yield EspeakLibrary(library, data)
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)


def _events(address: int) -> Iterator[tuple[int, int, int]]:
    """Yield kind, character and sample of the events in a list, which a zero ends."""
    while True:
        kind, _, at, _, _, sample = _EVENT.unpack(ctypes.string_at(address, _EVENT.size))
        if kind == _NO_MORE_EVENTS:
            return
        yield kind, at - 1, sample
        address += _EVENT.size


def _languages(address: int) -> list[tuple[int, str]]:
    """Parse the list of speak_lib.h: a priority byte and a zero-ended code each; a zero ends it."""
    languages = []
    while priority := ctypes.string_at(address, 1)[0]:
        code = ctypes.string_at(address + 1)
        languages.append((priority, code.decode()))
        address += len(code) + 2
    return languages
