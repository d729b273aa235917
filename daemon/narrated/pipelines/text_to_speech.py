"""Speak texts as arrays of samples; inputs and outputs are those of transformers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self, TypedDict, cast, overload

import msgspec
import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import FULL_SCALE, samples, silence, trim
from narrated.config.values import Config
from narrated.engines.engine_spec import EngineSpec
from narrated.engines.interface import Options, SpeechEngine, SpeechRequest, SpeechResult
from narrated.errors import ConfigurationError, NarratedError
from narrated.pipelines.runtime import EnginePipeline, EngineRuntime
from narrated.reading import plain_text
from narrated.reading.document import Document
from narrated.script.builder import build_script
from narrated.script.chunks import chunk_script
from narrated.script.language_codes import base_language
from narrated.script.lexicon import Lexicon
from narrated.script.script import ReadingSettings

_NARRATOR = "narrator"


class SpeechOutput(TypedDict):
    """The sound of a text."""

    audio: npt.NDArray[np.float32]
    """Samples from -1 to 1 of one channel, of shape (samples,)."""
    sampling_rate: int
    """Samples a second."""


@dataclass(frozen=True, slots=True)
class _TextChunk:
    """A text that the engine speaks as one request."""

    text: str
    pause_s: float = 0.0
    """Silence after it."""


@dataclass(frozen=True, slots=True)
class SpeechDefaults:
    """Defaults of each call: settings, voice, options, lexicon."""

    reading: ReadingSettings
    voice: str
    options: Options
    lexicon: Lexicon
    limit_characters: int

    @classmethod
    def of(cls, config: Config, spec: EngineSpec, voice: str, language: str) -> Self:
        """Read the defaults; the configured voice and options are for the configured engine."""
        narrator = config.settings.speakers[_NARRATOR]
        is_configured = spec.name == narrator.engine
        settings = msgspec.structs.replace(
            config.settings, language=language or config.reading.language
        )
        speaks_it = base_language(settings.language) == base_language(config.reading.language)
        return cls(
            reading=settings,
            voice=voice or (narrator.voice if is_configured and speaks_it else ""),
            options=narrator.options if is_configured else {},
            lexicon=_lexicon(config.reading.lexicon),
            limit_characters=spec.limit_characters,
        )

    def chunks(self, text: str, language: str) -> list[_TextChunk]:
        """Normalise a text, and cut it into chunks; raise NarratedError if it has no words."""
        settings = msgspec.structs.replace(self.reading, language=language)
        document = Document("text", "", "heading", plain_text.blocks(text))
        script = build_script(document, {}, self.lexicon, settings)
        chunks = chunk_script(script, {_NARRATOR: self.limit_characters})
        if not chunks:
            raise NarratedError(
                f"There are no words to be said in {text[:40]!r}.", "Give a text with words."
            )
        pauses = [*(chunk.pause_s for chunk in chunks[:-1]), 0.0]
        return [_TextChunk(chunk.text, pause) for chunk, pause in zip(chunks, pauses, strict=True)]


class TextToSpeech(EnginePipeline):
    """A speech engine as a callable; `narrated.pipeline` makes it."""

    def __init__(self, runtime: EngineRuntime, spec: EngineSpec, defaults: SpeechDefaults) -> None:
        super().__init__(runtime, spec)
        self._defaults = defaults

    @property
    def sampling_rate(self) -> int:
        """Samples a second of its sound."""
        return self._speech_engine.sample_rate

    @property
    def voices(self) -> tuple[str, ...]:
        """Its voices by name, with the user's own; read from the disk each time."""
        return tuple(self._speech_engine.voices())

    @property
    def _speech_engine(self) -> SpeechEngine:
        return cast("SpeechEngine", self.engine)  # the factory checks that it speaks

    @overload
    def __call__(
        self,
        text_inputs: str,
        *,
        voice: str = "",
        language: str = "",
        seed: int = 0,
        raw: bool = False,
        **options: Any,
    ) -> SpeechOutput: ...

    @overload
    def __call__(
        self,
        text_inputs: list[str],
        *,
        voice: str = "",
        language: str = "",
        seed: int = 0,
        raw: bool = False,
        **options: Any,
    ) -> list[SpeechOutput]: ...

    def __call__(
        self,
        text_inputs: str | list[str],
        *,
        voice: str = "",
        language: str = "",
        seed: int = 0,
        raw: bool = False,
        **options: Any,
    ) -> SpeechOutput | list[SpeechOutput]:
        """Speak a text, or a list of texts as one batch: each sounds as it does alone.

        As in the daemon, numbers and signs become words, a long text is cut at sentences, and
        the takes are trimmed and joined with pauses. `raw` sends the text unchanged as one
        request, and returns the engine's sound unchanged. The same text with the same `seed`
        sounds the same. For a `language` other than the pipeline's, the engine uses its own
        voice unless you name one. `options` go to the engine.

        Raises EngineError or EngineUnavailable if the engine fails, NarratedError for a text
        without words, OutOfMemory or DeviceLost if the device fails.
        """
        texts = _texts(text_inputs)
        defaults = self._defaults
        language = language or defaults.reading.language
        if not voice and base_language(language) == base_language(defaults.reading.language):
            voice = defaults.voice
        texts_in_chunks = [
            [_TextChunk(text)] if raw else defaults.chunks(text, language) for text in texts
        ]
        all_options = {**defaults.options, **options}
        takes = self._run(
            [
                SpeechRequest(str(number), chunk.text, voice, all_options, language, seed)
                for number, chunk in enumerate(chain.from_iterable(texts_in_chunks))
            ]
        )
        sounds = (take for take in takes if isinstance(take, SpeechResult))
        made = [
            _joined(chunks, list(islice(sounds, len(chunks))), raw) for chunks in texts_in_chunks
        ]
        return made[0] if isinstance(text_inputs, str) else made


def _texts(given: str | list[str]) -> list[str]:
    texts: list[str] = given if isinstance(given, list) else [given]
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"A text or a list of texts can be spoken, not {type(text).__name__}.")
    return texts


def _joined(chunks: Sequence[_TextChunk], takes: Sequence[SpeechResult], raw: bool) -> SpeechOutput:
    rate = takes[0].sample_rate
    sound = b"".join(
        take.pcm if raw else trim(take.pcm, rate) + silence(chunk.pause_s, rate)
        for chunk, take in zip(chunks, takes, strict=True)
    )
    audio = np.divide(samples(sound), FULL_SCALE, dtype=np.float32)
    return SpeechOutput(audio=audio, sampling_rate=rate)


def _lexicon(file: Path | None) -> Lexicon:
    if file is None:
        return Lexicon.parse([])
    try:
        return Lexicon.parse([file.read_text(encoding="utf-8")])
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The lexicon {file} cannot be read: {error}.", "Mend or remove that file."
        ) from error
