"""Looks for a voice where its engine would, without loading the engine's model."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from narrated.config.values import Config
from narrated.engines.registry import KOKORO, PIPER, EngineSpec
from narrated.errors import EngineError, EngineUnavailable, NarratedError
from narrated.printable import printable
from narrated.script.default_voice import SpeechEngines, speaker_in
from narrated.script.script import Speaker
from narrated.voices.descriptions import usual_voice as voice_of_language

# The engines' modules are imported when they are needed: they import numpy, and none of them torch.


def voice_problem(config: Config, engine: EngineSpec, voice: str) -> NarratedError | None:
    """Say why an engine cannot speak with a voice; None if it can, or if only the engine knows."""
    look = _LOOKS.get(engine.module)
    try:
        if look is not None:
            look(config, engine, voice)
    except (EngineError, EngineUnavailable) as error:
        return error
    except OSError as error:
        return EngineUnavailable(
            f"The voice '{printable(voice)}' cannot be looked for: {error}.",
            "Ask as the account of the daemon: sudo -u narrated narrated config check.",
        )
    return None


def usual_voice(config: Config, engine: EngineSpec, names: Iterable[str]) -> str:
    """Name the voice that really speaks where none is named; empty if only the engine knows."""
    language = config.reading.language
    alone = SpeechEngines({})
    if voice := speaker_in(Speaker(engine=engine.name), language, alone, engine.name).voice:
        return voice
    if engine.module == PIPER and not engine.python:
        from narrated.engines.piper.voices import PiperVoices

        # The language of a voice of one's own is in its configuration, not in its name.
        return PiperVoices(config.models.folder, config.models.voices).usual(language)
    return voice_of_language(engine, names, language)


def _of_espeak(config: Config, engine: EngineSpec, voice: str) -> None:
    from narrated.engines.espeak import opened
    from narrated.engines.interface import SpeechRequest

    opened(engine.options).admit(SpeechRequest("check", "", voice))


def _of_pico(config: Config, engine: EngineSpec, voice: str) -> None:
    from narrated.engines.interface import SpeechRequest
    from narrated.engines.pico import opened

    opened(engine.options).admit(SpeechRequest("check", "", voice))


def _of_bark(config: Config, engine: EngineSpec, voice: str) -> None:
    from narrated.engines.bark.voices import BarkVoices

    folder = config.models.folder / str(engine.options["model"])
    BarkVoices(folder, config.models.voices).prompt(voice, config.reading.language)


def _of_tortoise(config: Config, engine: EngineSpec, voice: str) -> None:
    from narrated.engines.tortoise.voices import TortoiseVoices, shipped

    if not engine.python and shipped():  # else another interpreter has the package's own voices
        TortoiseVoices(config.models.voices, shipped()).found(voice)


def _of_kokoro(config: Config, engine: EngineSpec, voice: str) -> None:
    from narrated.engines.kokoro.files import file_names
    from narrated.engines.kokoro.voices import KokoroVoices
    from narrated.engines.neural.checkpoint_lookup import verify_remedy

    model = str(engine.options["model"])
    folder = config.models.folder / model
    voices = KokoroVoices(folder / file_names(folder)[1], "", verify_remedy(model))
    voices.find(voice, config.reading.language)


def _of_piper(config: Config, engine: EngineSpec, voice: str) -> None:
    from narrated.engines.piper.voices import PiperVoices

    voices = PiperVoices(config.models.folder, config.models.voices)
    voices.find(voice, config.reading.language)


_LOOKS: Mapping[str, Callable[[Config, EngineSpec, str], None]] = MappingProxyType(
    {
        "narrated.engines.espeak": _of_espeak,
        "narrated.engines.pico": _of_pico,
        "narrated.engines.bark.engine": _of_bark,
        "narrated.engines.tortoise.engine": _of_tortoise,
        PIPER: _of_piper,
        KOKORO: _of_kokoro,
    }
)
