"""Piper: small VITS voices that onnxruntime computes on a CPU (package piper-tts).

A step speaks one sentence, on all cores. Without noise, which is the default here, the same request
gives the same sound. With noise each request has a session of its own, since onnxruntime reads its
seed as it makes one: its takes vary by the request's seed, and cost the loading of the voice each.

Imports piper and onnxruntime only after it found a voice.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from narrated.engines import espeak_front
from narrated.engines.interface import (
    EngineContext,
    Options,
    Outcome,
    ProgressReport,
    Request,
    SpeechRequest,
    SpeechResult,
)
from narrated.engines.neural.onnx_engine import OnnxSpeechEngine
from narrated.engines.neural.onnx_model import OnnxModel
from narrated.engines.neural.staged_engine import identity
from narrated.engines.piper.options import ROWS, engine_options, noise_of, request_options
from narrated.engines.piper.phrases import Phrase, phrases, written_for_piper
from narrated.engines.piper.voice_names import USUAL
from narrated.engines.piper.voices import ChosenVoice, PiperVoices
from narrated.engines.respelling import Respelling, unchanged
from narrated.engines.speech_times import TimedPlace, in_order
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.piper.loaded_voice import LoadedVoice

REVISION = 1
"""Raise it whenever the same request would sound different."""

_PACKAGE = "piper-tts"
_USUAL_RATE = 22_050
_LOWEST_S = 0.05


@dataclass(slots=True, eq=False)
class _PendingSpeech:
    """A request in flight, and what of it is spoken."""

    request: SpeechRequest
    voice: "LoadedVoice"
    speaker: int | None
    options: Mapping[str, Any]
    written: Respelling
    phrases: list[Phrase] | None = None
    sounds: list[bytes] = field(default_factory=list)
    times: list[TimedPlace] = field(default_factory=list)
    session: Any = None
    """The session that its noise comes from."""

    @property
    def model(self) -> OnnxModel:
        """The model of its voice."""
        return self.voice.model

    @property
    def spoken_s(self) -> float:
        return sum(map(len, self.sounds)) / 2 / self.voice.sample_rate

    def begin(self) -> None:
        """Cut its text into phrases, and forget what is spoken."""
        text = written_for_piper(self.written.text)
        self.phrases = phrases(text, self.voice.phonemize)
        self.sounds, self.times = [], []


class PiperEngine(OnnxSpeechEngine[_PendingSpeech]):
    """Speaks requests one after the other; a step speaks a sentence."""

    front = espeak_front.VERSION
    sample_rate = _USUAL_RATE

    def __init__(self, voices: PiperVoices, options: Options, context: EngineContext) -> None:
        super().__init__()
        self._voices = voices
        self._options = options
        self._context = context
        self._noise = noise_of(options)
        self._loaded: dict[str, LoadedVoice] = {}
        self.rows = int(options.get("rows", ROWS))
        self.varies = self._noise.is_any
        self.voices, self.voice_digest = voices.listed, voices.digest
        heard = {name: value for name, value in options.items() if name != "rows"}
        told = version(_PACKAGE), json.dumps(heard, sort_keys=True)
        self.identity = identity(f"piper-{REVISION}", *told)

    def admit(self, request: Request) -> None:
        """Queue a request. Raises EngineError or EngineUnavailable to refuse it."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("Piper speaks; it cannot describe a picture.")
        options = {**self._options, **request_options(request.options)}
        chosen = self._voices.find(request.voice, request.language)
        voice = self._load(chosen)
        written = espeak_front.espeak_text(request) if voice.is_english else unchanged(request.text)
        self._pending.append(_PendingSpeech(request, voice, chosen.speaker, options, written))

    def _load(self, chosen: ChosenVoice) -> "LoadedVoice":
        from narrated.engines.piper.loaded_voice import LoadedVoice

        voice = self._loaded.get(chosen.digest)
        if voice is None:
            voice = self._loaded[chosen.digest] = LoadedVoice(chosen, self._context)
        voice.model = self._context.hold(voice.model)  # the budget may have let it go meanwhile
        return voice

    def _advance(self, pending: _PendingSpeech) -> Outcome:
        is_lost = self._noise.is_any and self._lost_noise(pending)
        if pending.phrases is None or is_lost:
            pending.begin()
        phrase = pending.phrases and pending.phrases[len(pending.sounds) :][:1]
        if phrase:
            self._speak(pending, phrase[0])
        return _outcome(pending)

    def _speak(self, pending: _PendingSpeech, phrase: Phrase) -> None:
        spoken = pending.voice.speak(phrase.phonemes, pending.options, self._noise, pending.speaker)
        silence_s = pending.options.get("sentence_silence", 0.0)
        is_between = phrase.begins and pending.sounds
        silence = bytes(2 * int(silence_s * pending.voice.sample_rate)) if is_between else b""
        if phrase.start is not None:
            begin_s = pending.spoken_s + len(silence) / 2 / pending.voice.sample_rate
            pending.times.append((pending.written.source(phrase.start), round(begin_s, 3)))
        pending.sounds.append(silence + spoken)


def _outcome(pending: _PendingSpeech) -> Outcome:
    count, rate = len(pending.phrases or ()), pending.voice.sample_rate
    if len(pending.sounds) < count:
        return ProgressReport(pending.request.id, len(pending.sounds) / count)
    pcm = b"".join(pending.sounds) or bytes(2 * int(_LOWEST_S * rate))
    return SpeechResult(pending.request.id, pcm, rate, in_order(pending.times))


def load(options: Options, context: EngineContext) -> PiperEngine:
    """Load Piper. A voice's weights stay on the disk until it speaks; nothing is fetched.

    Raises EngineError for unknown or wrong options, and EngineUnavailable if the package or every
    voice is missing.
    """
    told = engine_options(options)
    if find_spec("piper") is None:
        raise EngineUnavailable(
            "This voice needs the package piper-tts.", "narrated engines install piper"
        )
    voices = PiperVoices(context.models, context.voices)
    if not voices.listed():
        raise EngineUnavailable(
            f"There is no voice of Piper in {context.models} or {context.voices}.",
            f"Pull the one that you want, such as: narrated models pull {USUAL}",
        )
    return PiperEngine(voices, told, context)
