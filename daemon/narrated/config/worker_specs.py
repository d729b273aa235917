"""The workers and engines that a configuration asks for."""

import sys
from collections.abc import Iterable
from dataclasses import replace

import msgspec
from msgspec.structs import replace as replace_fields

from narrated.config.values import BoxConfig, Config, EngineConfig
from narrated.engines.model_resources import ModelResources
from narrated.engines.piper.voice_names import language_tag
from narrated.engines.registry import (
    DEFAULT_LIMIT,
    PIPER,
    PIPER_NAME,
    EngineSpec,
    known_engine,
    known_engines,
)
from narrated.errors import ConfigurationError
from narrated.script.default_voice import (
    ESPEAK,
    SpeechEngines,
)
from narrated.script.language_codes import base_language
from narrated.script.language_voices import speakers_as_spoken
from narrated.script.script import Speaker
from narrated.workers.worker import WorkerSpec

LATENTS = "latents"
"""Folder in the cache; takes are in two-letter folders next to it."""


def worker_specs(config: Config, hearing: str = "") -> tuple[WorkerSpec, ...]:
    """List the workers of the configured engines, and of the one that is `hearing` takes.

    All engines with models share one worker, so that no model is loaded twice. All others share
    another, which can be replaced while the models stay warm. Each further interpreter has its
    own two. Each box has one for its engines.
    """
    named = {config.pictures.captions} | _named_engines(config).limits.keys()
    together: dict[tuple[str, bool], list[EngineSpec]] = {}
    named |= set(config.engines) | ({hearing} if hearing else set())
    for name in sorted(named - set(config.workers.only_boxes)):
        spec = engine_spec(config, name)
        together.setdefault((spec.python, spec.holds_models), []).append(spec)
    pythons = sorted({python for python, _ in together})
    with_models = sum(holds_models for _, holds_models in together)
    numbers = {python: f"-{number}" if number else "" for number, python in enumerate(pythons)}
    workers = (
        WorkerSpec(
            name=("models" if holds_models else "engines") + numbers[python],
            python=python,
            engines=tuple(specs),
            resources=replace(model_resources(config), workers_on_host=with_models),
            silence_s=float(config.workers.silence),
            load_s=float(config.workers.load),
            again_s=float(config.workers.again),
        )
        for (python, holds_models), specs in sorted(together.items())
    )
    on_boxes = (
        _box_worker(config, f"{name}-{number}" if box.workers > 1 else name, box)
        for name, box in config.boxes.items()
        for number in range(1, box.workers + 1)
    )
    return (*workers, *on_boxes)


def _box_worker(config: Config, name: str, box: BoxConfig) -> WorkerSpec:
    """A worker of a box, which has folders and a device of its own."""
    idle_unload_s, voices = float(config.models.idle_unload), str(config.models.voices)
    return WorkerSpec(
        name=name,
        python="",
        socket=str(box.socket),
        engines=tuple(engine_spec(config, each) for each in sorted(set(box.engines))),
        resources=ModelResources(
            voices=voices, memory_bytes=int(box.memory or 0), idle_unload_s=idle_unload_s
        ),
        silence_s=float(config.workers.silence),
        load_s=float(config.workers.load),
        again_s=float(config.workers.again),
    )


def model_resources(config: Config) -> ModelResources:
    """Give the folders of the models, their device and their memory limit."""
    models = config.models
    return ModelResources(
        models=str(models.folder),
        voices=str(models.voices),
        cache=str(config.cache / LATENTS),
        device=models.device,
        memory_bytes=int(models.memory or 0),
        idle_unload_s=float(models.idle_unload),
    )


def engine_spec(config: Config, name: str) -> EngineSpec:
    """Find an engine in the registry or the configuration, with its `engines:` options.

    Raises ConfigurationError if the engine is unknown, or its entry point is broken.
    """
    entry = config.engines.get(name, EngineConfig())
    if entry.module:
        own = EngineSpec(name, entry.kind, entry.module, entry.limit or DEFAULT_LIMIT)
        return replace(own, python=entry.python, path=entry.path, options=entry.options)
    known = known_engine(entry.like or name)
    if known is None:
        raise ConfigurationError(
            f"There is no engine named `{entry.like or name}`.",
            f"Known: {', '.join(sorted(known_engines()))}; one of your own needs "
            f"`engines: {{{name}: {{module: …}}}}`, or its package in {sys.prefix}.",
        )
    return replace(
        known,
        name=name,
        limit_characters=entry.limit or known.limit_characters,
        # Another model may be trained on other languages.
        languages=() if "model" in entry.options else known.languages,
        python=entry.python or known.python,
        options={**known.options, **entry.options},
    )


def all_engines(config: Config) -> dict[str, EngineSpec]:
    """List every known and configured engine by name."""
    others = {name: spec for name, spec in known_engines().items() if name not in config.engines}
    return others | {name: engine_spec(config, name) for name in config.engines}


def speech_engines(config: Config) -> SpeechEngines:
    """Give what a script must know of every known and configured speech engine."""
    return _of_specs(config, all_engines(config).values())


def configured_speakers(config: Config, language: str = "") -> dict[str, Speaker]:
    """List the speakers of a text as they will really speak.

    `language` is that of the text, by default the configured one.
    """
    settings = config.settings
    settings = msgspec.structs.replace(settings, language=language or settings.language)
    return speakers_as_spoken(settings, _named_engines(config))


def _named_engines(config: Config) -> SpeechEngines:
    """Give the engines that the configuration's speakers may need: none is looked for elsewhere."""
    settings = config.settings
    names = {each.engine or settings.default_engine for each in settings.speakers.values()}
    specs = {name: engine_spec(config, name) for name in names | set(config.engines)}
    if any(_languages(config, spec) for spec in specs.values()):  # others speak what it does not
        for name in (ESPEAK, settings.default_engine):
            specs.setdefault(name, engine_spec(config, name))
    return _of_specs(config, specs.values())


def _of_specs(config: Config, specs: Iterable[EngineSpec]) -> SpeechEngines:
    specs = [spec for spec in specs if spec.kind == "speech"]
    languages = {spec.name: _languages(config, spec) for spec in specs}
    return SpeechEngines(
        limits={spec.name: spec.limit_characters for spec in specs},
        languages={name: codes for name, codes in languages.items() if codes},
    )


def with_present_voices(config: Config, engines: SpeechEngines) -> SpeechEngines:
    """Give the same, with the languages that the voices of Piper speak now."""
    specs = (engine_spec(config, name) for name in {PIPER_NAME, *config.engines})
    present = {spec.name: _languages(config, spec) for spec in specs if spec.module == PIPER}
    return replace_fields(engines, languages={**engines.languages, **present})


def _languages(config: Config, spec: EngineSpec) -> tuple[str, ...]:
    """The languages of an engine; Piper's are those of its voices, here or named.

    Without any it is the configured language: a voice of it is asked for.
    """
    if spec.module != PIPER or spec.python:
        return spec.languages
    from narrated.engines.piper.voices import PiperVoices

    present = PiperVoices(config.models.folder, config.models.voices).languages()
    speakers = config.settings.speakers.values()
    named = {language_tag(each.voice) for each in speakers if each.engine == spec.name}
    codes = present | {tag.partition("-")[0] for tag in named if tag}
    return tuple(sorted(codes or {base_language(config.reading.language)}))
