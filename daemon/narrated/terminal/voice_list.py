"""The voices of `narrated voices list`: of engines that answer, and of those that come along."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from narrated.config.file import scratch_config
from narrated.config.values import Config
from narrated.config.worker_specs import all_engines, configured_speakers
from narrated.engines.registry import EngineSpec
from narrated.errors import NarratedError
from narrated.human_formatting import count_noun
from narrated.printable import printable
from narrated.voices.descriptions import VoiceDescription, describe_voices
from narrated.voices.known_names import EMBEDDED, known_names

if TYPE_CHECKING:
    from narrated.engines.engine_info import EngineInfo
    from narrated.workers.pool import EngineProbe

_MOST_NAMED = 12


def list_voices(
    config: Config | None, probe: "EngineProbe", only: str | None = None
) -> list[VoiceDescription]:
    """Describe the voices of each speech engine, or of engine `only`; the default one's come first.

    Errors: NarratedError, if there are none.
    """
    config = config or scratch_config(None, Path(), Path())
    narrator = configured_speakers(config)["narrator"]
    specs = all_engines(config)
    found = {name: list(info.voices) for name, info in _speaking(probe)}
    for name in EMBEDDED - found.keys():
        if voices := known_names(specs[name], config.models):
            found[name] = voices
    if only is not None:
        found = {name: voices for name, voices in found.items() if name == only}
    if not found:
        raise _no_voices(probe, only)
    rows: list[VoiceDescription] = []
    for name in sorted(found, key=lambda name: (name != narrator.engine, name)):
        spec = specs.get(name) or EngineSpec(name, "speech", "", 0)
        default = narrator.voice if name == narrator.engine else None
        voices = found[name] or [""]  # an engine without a list takes any
        rows += describe_voices(spec, voices, default, config.reading.language)
    return rows


def missing_engines(config: Config | None, probe: "EngineProbe") -> dict[str, str]:
    """The configured speech engines that cannot be used, each with the reason."""
    specs = all_engines(config or scratch_config(None, Path(), Path()))
    missing = {name: why for worker in probe.workers for name, why in worker.missing.items()}
    is_speech = (name for name in missing if name in specs and specs[name].kind == "speech")
    return {name: missing[name] for name in is_speech}


def _speaking(probe: "EngineProbe") -> "Iterator[tuple[str, EngineInfo]]":
    return (each for each in probe.engines.items() if each[1].kind == "speech")


def fitting_voices(
    voices: Sequence[VoiceDescription], filters: Sequence[str]
) -> list[VoiceDescription]:
    """Return the voices that every filter fits. Errors: NarratedError, if there are none."""
    left = list(voices)
    for number, wanted in enumerate(filters, start=1):
        fitting = [each for each in left if each.fits(wanted)]
        if not fitting:
            raise _nothing_fits(voices, filters[:number])
        left = fitting
    return left


def _nothing_fits(voices: Sequence[VoiceDescription], filters: Sequence[str]) -> NarratedError:
    """The error for a filter that fits no voice: it names what there is."""
    codes = sorted({each.code.partition("-")[0].lower() for each in voices if each.code})
    engines = sorted({each.engine for each in voices})
    languages = ", ".join(codes[:_MOST_NAMED]) + (", …" if len(codes) > _MOST_NAMED else "")
    wanted = " ".join(filters)
    return NarratedError(
        f"No voice fits '{printable(wanted)}'.",
        "Filter by a language or its code (english, en, en-gb), an accent (british), a sex (female)"
        f" or an engine. There are {count_noun(len(codes), 'language')} ({languages}), and"
        f" {count_noun(len(engines), 'engine')} ({', '.join(engines)}). `narrated models list`"
        " shows those that can be fetched.",
    )


def voice_lines(voices: Sequence[VoiceDescription], *, for_people: bool) -> Iterator[str]:
    """Format voices in columns, one a line. For people, engines are set apart, and help follows."""
    columns = [
        ("ENGINE", *(each.engine for each in voices)),
        ("VOICE", *(printable(each.name) for each in voices)),
        ("SEX", *(each.sex for each in voices)),
        ("LANGUAGE", *map(_language, voices)),
    ]
    widths = [max(map(len, cells)) for cells in columns]
    before = voices[0].engine
    for number, cells in enumerate(zip(*columns, strict=True)):
        if for_people and number and voices[number - 1].engine != before:
            yield ""
            before = voices[number - 1].engine
        yield "  ".join(map(str.ljust, cells, (*widths[:-1], 0))).rstrip()
    if for_people:
        yield from _advice(voices)


def _language(voice: VoiceDescription) -> str:
    accent = f" ({voice.accent})" if voice.accent else ""
    return f"{voice.language}{accent}{'  default' if voice.default else ''}"


def _advice(voices: Sequence[VoiceDescription]) -> Iterator[str]:
    first = next((each for each in voices if not each.default), voices[0])
    yield ""
    yield f"Hear one: narrated voices audition {printable(first.name)} --engine {first.engine}"
    name = printable(first.name)
    yield f"Use it in narrated.yaml: speech: {{engine: {first.engine}, voice: {name}}}"
    if any(each.engine == "espeak" for each in voices):
        yield "espeak has women's voices too: speech: {options: {variant: f2}}"


def _no_voices(probe: "EngineProbe", only: str | None) -> NarratedError:
    """The reason that no engine lists voices."""
    missing = {name: why for worker in probe.workers for name, why in worker.missing.items()}
    for name, why in missing.items():
        if only in (None, name):
            return NarratedError(
                f"The engine {name} is not available: {why}", "Run `narrated doctor`."
            )
    if any(worker.state == "unloaded" for worker in probe.workers):
        return NarratedError(
            f"The voices are not known: narrated is {probe.lasting_break}.",
            "Ask again once the work goes on.",
        )
    if any(worker.state != "ready" for worker in probe.workers):
        engines = f"The engine {only} does" if only else "The engines do"
        return NarratedError(
            f"{engines} not answer yet: a worker is starting.",
            "Try again in a moment. `narrated status` shows the workers.",
        )
    return NarratedError(
        f"No speech engine{f' {only}' if only else ''} is configured.",
        "Name the engine under `engines:` in narrated.yaml.",
    )
