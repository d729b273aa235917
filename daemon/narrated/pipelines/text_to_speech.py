"""Speak texts as arrays of samples; inputs and outputs are those of transformers."""

from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypedDict, cast, overload

import msgspec
import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import FULL_SCALE, samples
from narrated.audio.take_sound import joined
from narrated.config.values import Config
from narrated.config.worker_specs import configured_speakers
from narrated.engines.interface import Mark, SpeechEngine, SpeechRequest, SpeechResult
from narrated.engines.registry import EngineSpec
from narrated.errors import ConfigurationError, NarratedError
from narrated.pipelines.runtime import EnginePipeline, EngineRuntime
from narrated.reading.document import Document
from narrated.reading.source_reader import plain_blocks
from narrated.script.builder import build_script
from narrated.script.chunks import chunk_script
from narrated.script.language_codes import base_language
from narrated.script.lexicon import Lexicon

_NARRATOR = "narrator"


class SpeechOutput(TypedDict):
    """The sound of a text."""

    audio: npt.NDArray[np.float32]
    """Samples from -1 to 1 of one channel, of shape (samples,)."""
    sampling_rate: int
    """Samples a second."""


Part = tuple[str, float, tuple[Mark, ...]]
"""A text that the engine speaks as one request, the seconds of silence after it, and its marks."""


class TextToSpeech(EnginePipeline):
    """A speech engine as a callable; `narrated.pipeline` makes it."""

    def __init__(
        self, runtime: EngineRuntime, spec: EngineSpec, config: Config, voice: str, language: str
    ) -> None:
        """The configured voice and options are for the configured engine."""
        reading = config.reading
        language = language or reading.language
        narrator = configured_speakers(config, language)[_NARRATOR]
        is_configured = spec.name == narrator.engine
        speaks_it = base_language(language) == base_language(reading.language)
        self._settings = msgspec.structs.replace(config.settings, language=language)
        self._voice = voice or (narrator.voice if is_configured and speaks_it else "")
        self._options = narrator.options if is_configured else {}
        self._speed = narrator.speed or 1.0
        self._lexicon = _lexicon(reading.lexicon)
        self._limits = {_NARRATOR: spec.limit_characters}
        super().__init__(runtime, spec)  # last, since it loads the engine

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
        own_language = self._settings.language
        language = language or own_language
        if not voice and base_language(language) == base_language(own_language):
            voice = self._voice
        texts_in_parts = [
            [(text, 0.0, ())] if raw else self._parts(text, language) for text in texts
        ]
        # Not all engines are narrated's own.
        steady = getattr(self.engine, "steady_options", {})
        paced = getattr(self.engine, "narrator_options", {})
        all_options = {**steady, **paced, **self._options, **options}
        takes = self._run(
            [
                SpeechRequest(str(number), text, voice, all_options, language, seed, None, marks)
                for number, (text, _, marks) in enumerate(chain.from_iterable(texts_in_parts))
            ]
        )
        sounds = (take for take in takes if isinstance(take, SpeechResult))
        speed = None if raw else self._speed
        made = [_joined(parts, list(islice(sounds, len(parts))), speed) for parts in texts_in_parts]
        return made[0] if isinstance(text_inputs, str) else made

    def _parts(self, text: str, language: str) -> list[Part]:
        """Normalise a text, and cut it into chunks."""
        settings = msgspec.structs.replace(self._settings, language=language)
        document = Document("text", "", "heading", plain_blocks(text))
        script = build_script(document, {}, self._lexicon, settings)
        chunks = chunk_script(script, self._limits)
        if not chunks:
            raise NarratedError(
                f"There are no words to be said in {text[:40]!r}.", "Give a text with words."
            )
        *parts, _ = [(chunk.text, chunk.pause_s, chunk.marks) for chunk in chunks]
        return [*parts, (chunks[-1].text, 0.0, chunks[-1].marks)]


def _texts(given: str | list[str]) -> list[str]:
    texts: list[str] = given if isinstance(given, list) else [given]
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"A text or a list of texts can be spoken, not {type(text).__name__}.")
    return texts


def _joined(
    parts: Sequence[Part], takes: Sequence[SpeechResult], speed: float | None
) -> SpeechOutput:
    """Join takes at this speed; None: as they are, without the pauses."""
    rate = takes[0].sample_rate
    if speed is None:
        sound = b"".join(take.pcm for take in takes)
    else:
        pairs = zip(parts, takes, strict=True)
        sound = joined(((take.pcm, pause_s, speed) for (_, pause_s, _), take in pairs), rate)
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
