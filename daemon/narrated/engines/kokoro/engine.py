"""Kokoro: one network for voices in six languages, computed on a CPU (package kokoro-onnx).

A step speaks a batch of phonemes, on all cores. Some exports draw noise for the breath in a voice:
each request then has a session of its own by its seed, so the same request gives the same sound.

Imports kokoro-onnx and onnxruntime only after it found the model's files.
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
from narrated.engines.kokoro.files import MODEL, KokoroFiles, find_files
from narrated.engines.kokoro.options import ROWS, engine_options, request_options
from narrated.engines.kokoro.voices import KokoroVoices, language_tag
from narrated.engines.neural.checkpoint_lookup import verify_remedy
from narrated.engines.neural.onnx_engine import OnnxSpeechEngine
from narrated.engines.neural.onnx_model import OnnxModel, draws_noise
from narrated.engines.neural.option_parsing import model_name
from narrated.engines.neural.staged_engine import identity
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.kokoro.speaker import KokoroSpeaker

REVISION = 1
"""Raise it whenever the same request would sound different."""

_PACKAGE = "kokoro-onnx"
_RATE = 24_000
_LOWEST_S = 0.05


@dataclass(slots=True, eq=False)
class _PendingSpeech:
    """A request in flight, and what of it is spoken."""

    request: SpeechRequest
    model: OnnxModel
    voice: str
    options: Mapping[str, Any]
    batches: list[str] | None = None
    sounds: list[bytes] = field(default_factory=list)
    session: Any = None
    """The session that its noise comes from."""

    @property
    def text(self) -> str:
        """Its text as espeak's phonemes of its language need it written."""
        is_english = language_tag(self.voice).startswith("en")
        text = espeak_front.espeak_text(self.request).text if is_english else self.request.text
        return text.replace("\0", " ").encode("utf-8", "ignore").decode()


class KokoroEngine(OnnxSpeechEngine[_PendingSpeech]):
    """Speaks requests one after the other; a step speaks some 500 phonemes at most."""

    front = espeak_front.VERSION
    varies = False
    sample_rate = _RATE

    def __init__(self, files: KokoroFiles, options: Options, context: EngineContext) -> None:
        super().__init__()
        remedy = verify_remedy(files.checkpoint.name)
        self._files, self._options, self._remedy = files, options, remedy
        self._voices = KokoroVoices(files.voices, files.checkpoint.digest, remedy)
        self._has_noise = draws_noise(files.weights)
        self._speaker: KokoroSpeaker | None = None
        key = f"kokoro {files.checkpoint.digest}"
        self._model = context.hold(OnnxModel(files.checkpoint.name, files.weights, key, remedy))
        self._latest = (self._model,)
        self.rows = int(options.get("rows", ROWS))
        self.voices, self.voice_digest = self._voices.listed, self._voices.digest
        heard = {name: value for name, value in options.items() if name not in ("rows", "model")}
        told = files.checkpoint.digest, version(_PACKAGE), json.dumps(heard, sort_keys=True)
        self.identity = identity(f"kokoro-{REVISION}", *told)

    def admit(self, request: Request) -> None:
        """Queue a request. Raises EngineError or EngineUnavailable to refuse it."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("Kokoro speaks; it cannot describe a picture.")
        options = {**self._options, **request_options(request.options)}
        voice = self._voices.find(request.voice, request.language)
        self._pending.append(_PendingSpeech(request, self._model, voice, options))

    def _advance(self, pending: _PendingSpeech) -> Outcome:
        is_lost = self._has_noise and self._lost_noise(pending)
        speaker = self._speaker_of(pending.model.session)
        if pending.batches is None or is_lost:
            pending.batches = speaker.batches(pending.text, pending.voice)
            pending.sounds = []
        at, count = len(pending.sounds), len(pending.batches)
        if at < count:
            batch, is_last = pending.batches[at], at == count - 1
            sound = speaker.speak(batch, pending.voice, pending.options, is_last=is_last)
            pending.sounds.append(sound)
        if len(pending.sounds) < count:
            return ProgressReport(pending.request.id, len(pending.sounds) / count)
        pcm = b"".join(pending.sounds) or bytes(2 * int(_LOWEST_S * _RATE))
        return SpeechResult(pending.request.id, pcm, _RATE)

    def _speaker_of(self, session: Any) -> "KokoroSpeaker":
        from narrated.engines.kokoro.speaker import KokoroSpeaker

        if self._speaker is None or self._speaker.session is not session:
            self._speaker = KokoroSpeaker(session, self._files.voices, self._remedy)
        return self._speaker

    def release(self) -> None:
        """Let go of sessions, which would keep weights in memory; noise begins again."""
        super().release()
        self._speaker = None


def load(options: Options, context: EngineContext) -> KokoroEngine:
    """Load Kokoro with its voices; the weights stay on the disk. Nothing is fetched.

    Raises EngineError for unknown or wrong options, and EngineUnavailable if the package or the
    model is missing.
    """
    told = engine_options(options)
    if find_spec("kokoro_onnx") is None:
        raise EngineUnavailable(
            "This voice needs the package kokoro-onnx.", "narrated engines install kokoro"
        )
    files = find_files(context, model_name(told, MODEL))
    return KokoroEngine(files, told, context)
