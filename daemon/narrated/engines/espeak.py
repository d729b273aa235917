"""The embedded voice: espeak-ng from its wheel, without a system package.

espeak keeps state between two texts, such as the phase of the flutter in its pitch, and its
interface has no reset: the same words came out some samples longer after other words. So the
library is loaded again for each text. That costs 0.4 ms, and the sound depends on the request
alone. The library does not free all of its memory then (180 kB for a Latin word in a Russian
text), so the engine wears out.
"""

import difflib
import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader

from narrated.engines.espeak_library import (
    FASTEST_RATE,
    GAP,
    PITCH,
    RANGE,
    RATE,
    VOLUME,
    open_library,
)
from narrated.engines.interface import (
    Kind,
    ModelFreeEngine,
    Options,
    Outcome,
    Request,
    RequestFailure,
    SpeechRequest,
    SpeechResult,
)
from narrated.engines.model_interface import EngineContext
from narrated.errors import EngineError, EngineUnavailable

ROWS = 8  # a queue, deep enough to cover the latency of the worker's channel

_DEFAULT_VOICE = "en-us"
_SILENCE_S = 0.05
_WEAR_BYTES = 192 << 20


@dataclass(frozen=True, slots=True)
class _VoiceParameter:
    parameter: int
    default: int
    lowest: int
    highest: int


_SETTINGS: Mapping[str, _VoiceParameter] = {
    "rate": _VoiceParameter(RATE, 175, 80, FASTEST_RATE),  # words a minute
    "pitch": _VoiceParameter(PITCH, 50, 0, 99),
    "range": _VoiceParameter(RANGE, 50, 0, 99),
    "volume": _VoiceParameter(VOLUME, 100, 0, 200),
    "gap": _VoiceParameter(GAP, 0, 0, 500),  # between words, in units of 10 ms
}


@dataclass(frozen=True, slots=True)
class _EspeakVoice:
    identifier: str
    digest: str


class EspeakEngine(ModelFreeEngine):
    """The engine: requests wait in a queue, and a step speaks the first."""

    kind: Kind = "speech"
    rows = ROWS

    def __init__(self, library: Path, data: Path, options: Options) -> None:
        self._library = library
        self._data = data
        self._options = options
        self._waiting: deque[SpeechRequest] = deque()
        self._variants = {file.name for file in (data / "voices" / "!v").iterdir()}
        self._variant(options)
        _settings(options)
        with open_library(library, data) as espeak:
            self.sample_rate = espeak.sample_rate
            self.identity = _identity(espeak.version(), data, options)
            self._voices = _voices(espeak.listed(), data, self.identity)
        self._fresh_bytes = _memory_bytes()

    @property
    def worn(self) -> bool:
        """True if the library has leaked much memory."""
        return _memory_bytes() - self._fresh_bytes > _WEAR_BYTES

    def voices(self) -> dict[str, str]:
        """Digest of each voice, by its language code, such as en-us."""
        return {name: voice.digest for name, voice in self._voices.items()}

    def voice_digest(self, name: str) -> str:
        """Digest of one voice; empty if there is none of this name."""
        return self.voices().get(name, "")

    def admit(self, request: Request) -> None:
        """Queue a request. Raises an error for an unknown voice or option."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("espeak speaks; it cannot describe a picture.")
        self._voice(request)
        self._variant(request.options)
        _settings(request.options)
        self._waiting.append(request)

    def step(self) -> Sequence[Outcome]:
        """Speak the first request of the queue; takes some tenths of a second at most."""
        request = self._waiting.popleft()
        try:
            return [SpeechResult(request.id, self._speak(request), self.sample_rate)]
        except EngineError as error:
            return [RequestFailure(request.id, error.problem, error.remedy)]

    def cancel(self, id: str) -> None:
        """Remove a request from the queue."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting.id != id)

    def _speak(self, request: SpeechRequest) -> bytes:
        options = {**self._options, **request.options}
        voice = self._voice(request).identifier + self._variant(options)
        with open_library(self._library, self._data) as espeak:
            espeak.prelude(voice, request.seed)
            espeak.prepare(voice, _settings(options))
            pcm = espeak.speak(request.text)
        return pcm or bytes(2 * int(self.sample_rate * _SILENCE_S))

    def _voice(self, request: SpeechRequest) -> _EspeakVoice:
        """The requested voice; if none is named, that of the text's language."""
        name = request.voice
        language = request.language.lower()
        voice = self._voices.get(name or language)
        if voice is None and not name:
            base = language.partition("-")[0]
            voice = self._voices.get(base) or self._voices[_DEFAULT_VOICE]
        if voice is None:
            similar = difflib.get_close_matches(name, self._voices, n=5, cutoff=0.4)
            raise EngineUnavailable(
                f"espeak has no voice '{name}'.",
                f"Similar ones: {', '.join(similar)}." if similar else "Use en-us, en-gb or de.",
            )
        return voice

    def _variant(self, options: Options) -> str:
        """The suffix of a voice's name for its variant; espeak itself ignores an unknown one."""
        variant = options.get("variant", "")
        if variant and variant not in self._variants:
            similar = difflib.get_close_matches(str(variant), self._variants, n=5, cutoff=0.4)
            known = similar or sorted(self._variants)[:10]
            raise EngineError(
                f"espeak has no variant '{variant}'.", f"It has, among others: {', '.join(known)}."
            )
        return f"+{variant}" if variant else ""


def load(options: Options, context: EngineContext) -> EspeakEngine:
    """Load the embedded voice. Raises EngineUnavailable if its library or data is missing."""
    library = Path(espeakng_loader.get_library_path())
    data = Path(espeakng_loader.get_data_path())
    if not library.exists() or not (data / "phontab").exists():
        raise EngineUnavailable(
            f"espeak-ng's library or data is missing beside {library}.",
            "Reinstall the package espeakng-loader.",
        )
    return EspeakEngine(library, data, options)


def _memory_bytes() -> int:
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    return resident_pages * os.sysconf("SC_PAGESIZE")


def _settings(options: Options) -> dict[int, int]:
    """Parameters of espeak from the options. Raises EngineError for an unknown option."""
    for name in options:
        if name not in _SETTINGS and name != "variant":
            known = ", ".join([*_SETTINGS, "variant"])
            raise EngineError(f"espeak has no option '{name}'.", f"It has: {known}.")
    return {
        setting.parameter: _within(name, options.get(name, setting.default), setting)
        for name, setting in _SETTINGS.items()
    }


def _within(name: str, value: object, setting: _VoiceParameter) -> int:
    if isinstance(value, int | float) and setting.lowest <= value <= setting.highest:
        return int(value)
    raise EngineError(
        f"espeak's option '{name}' is {value!r}.",
        f"Set a number from {setting.lowest} to {setting.highest}.",
    )


def _identity(version: str, data: Path, options: Options) -> str:
    """The version, and a digest of the data's file names and sizes, which need no reading."""
    index = sorted(
        (str(file.relative_to(data)), file.stat().st_size)
        for file in data.rglob("*")
        if file.is_file()
    )
    text = json.dumps([index, dict(options)], sort_keys=True)
    return f"espeak-ng-{version}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _voices(
    listed: Iterator[tuple[str, list[tuple[int, str]]]], data: Path, identity: str
) -> dict[str, _EspeakVoice]:
    """Voices by language code: each code goes to the voice with the best priority for it."""
    claims: dict[str, tuple[int, str]] = {}
    for identifier, languages in listed:
        for priority, code in languages:
            claims[code] = min(claims.get(code, (256, "")), (priority, identifier))
    return {
        code: _EspeakVoice(identifier, _digest(data / "lang" / identifier, identity))
        for code, (_, identifier) in sorted(claims.items())
    }


def _digest(definition: Path, identity: str) -> str:
    content = definition.read_bytes() if definition.is_file() else bytes(definition)
    return hashlib.sha256(identity.encode() + content).hexdigest()[:32]
