"""The registry of engines: narrated's own, and those of other installed distributions.

Other distributions offer engines by entry points, whose group tells the kind. So nothing is
imported until `load`: an engine's module may be heavy, and only its worker imports it.
"""

import importlib
import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import cast

from narrated.engines.engine_code import EngineCode, code_of
from narrated.engines.interface import Engine, EngineContext, Kind, Options
from narrated.engines.own_interpreter import NAME, own_interpreter
from narrated.engines.pico_voices import LANGUAGES
from narrated.errors import ConfigurationError, EngineUnavailable

DEFAULT_LIMIT = 400
"""Most characters of one chunk, for an engine that was not made by us."""
_EMBEDDED_LIMIT = 600
"""One limit for both: a post that changes between them keeps its chunks."""

_BARK = "narrated.engines.bark.engine"
_TORTOISE = "narrated.engines.tortoise.engine"
_CAPTIONS = "narrated.engines.captions.engine"
_WHISPER = "narrated.engines.hearing.whisper"
_FASTER_WHISPER = "narrated.engines.hearing.faster_whisper"
KOKORO = "narrated.engines.kokoro.engine"
_POCKET_TTS = "narrated.engines.pocket_tts.engine"
_VITS = "narrated.engines.vits.engine"
PIPER_NAME = "piper"
PIPER = "narrated.engines.piper.engine"

_GROUPS: Mapping[str, Kind] = MappingProxyType(
    {
        "narrated.engines.speech": "speech",
        "narrated.engines.captions": "caption",
        "narrated.engines.hearing": "hearing",
    }
)


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine's module, and the configuration's options for it."""

    name: str
    kind: Kind
    module: str
    """`module` or `module:function`; without a function it is `load`."""
    limit_characters: int
    """Most characters of one chunk; 0 for an engine that does not speak."""
    languages: tuple[str, ...] = ()
    """The languages that it speaks, without countries; empty if nobody can tell before it loads."""
    holds_models: bool = False
    """True if it shares one worker, and one memory budget, with all engines that have models."""
    python: str = ""
    """Path of the interpreter that it needs; empty for the daemon's own."""
    path: str = ""
    """A folder to search for the module, besides the interpreter's packages."""
    options: Options = field(default_factory=dict)
    distribution: str = ""
    """Name and version of the distribution that its entry point is from; empty if none."""

    @property
    def code(self) -> EngineCode:
        """The libraries that it computes with."""
        return code_of(self.module)

    @property
    def title(self) -> str:
        """Its name for messages, with its distribution."""
        return f"{self.name} (from {self.distribution})" if self.distribution else self.name


_BARK_LANGUAGES = ("de", "en", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh")


def _neural(
    name: str,
    module: str,
    model: str,
    limit: int = 0,
    languages: tuple[str, ...] = (),
    **own: int,
) -> EngineSpec:
    kind: Kind = "speech" if limit else "caption"
    options = {"model": model, **own}
    return EngineSpec(name, kind, module, limit, languages, holds_models=True, options=options)


def _ears(name: str, module: str, model: str, languages: str = "") -> EngineSpec:
    options = {"model": model, **({"languages": languages} if languages else {})}
    return EngineSpec(
        name, "hearing", module, 0, tuple(languages.split()), holds_models=True, options=options
    )


_BUILT_IN = (
    EngineSpec("espeak", "speech", "narrated.engines.espeak", _EMBEDDED_LIMIT),
    EngineSpec("pico", "speech", "narrated.engines.pico", _EMBEDDED_LIMIT, LANGUAGES),
    EngineSpec("embedded", "caption", "narrated.engines.model_free_captioner", 0),
    _neural("bark", _BARK, "suno/bark", 180, _BARK_LANGUAGES),
    _neural("bark-small", _BARK, "suno/bark-small", 180, _BARK_LANGUAGES),
    _neural("tortoise", _TORTOISE, "Manmay/tortoise-tts", 200, ("en",)),
    # Its languages are those of the voices on the disk.
    EngineSpec(PIPER_NAME, "speech", PIPER, 400, holds_models=True),
    _neural("kokoro", KOKORO, "fastrtc/kokoro-onnx", 300, ("en", "es", "fr", "hi", "it", "pt")),
    _neural("pocket-tts", _POCKET_TTS, "eustlb/pocket-tts", 200, ("en",)),
    _neural("mms", _VITS, "facebook/mms-tts-eng", 300, ("en",)),
    _neural("vits", _VITS, "kakao-enterprise/vits-vctk", 300, ("en",)),
    _neural("blip", _CAPTIONS, "Salesforce/blip-image-captioning-base"),
    _neural("blip-large", _CAPTIONS, "Salesforce/blip-image-captioning-large"),
    # Eight pictures of 768 x 768 take more memory than speech engines leave.
    _neural("florence-2", _CAPTIONS, "florence-community/Florence-2-large", rows=4),
    _neural("florence-2-base", _CAPTIONS, "florence-community/Florence-2-base"),
    _ears("whisper-tiny", _WHISPER, "openai/whisper-tiny"),
    _ears("whisper-tiny.en", _WHISPER, "openai/whisper-tiny.en", "en"),
    _ears("whisper-base", _WHISPER, "openai/whisper-base"),
    _ears("whisper-base.en", _WHISPER, "openai/whisper-base.en", "en"),
    _ears("whisper-small", _WHISPER, "openai/whisper-small"),
    _ears("whisper-small.en", _WHISPER, "openai/whisper-small.en", "en"),
    _ears("whisper-medium", _WHISPER, "openai/whisper-medium"),
    _ears("whisper-medium.en", _WHISPER, "openai/whisper-medium.en", "en"),
    _ears("whisper-large-v3", _WHISPER, "openai/whisper-large-v3"),
    _ears("whisper-large-v3-turbo", _WHISPER, "openai/whisper-large-v3-turbo"),
    _ears("distil-whisper-small.en", _WHISPER, "distil-whisper/distil-small.en", "en"),
    _ears("distil-whisper-medium.en", _WHISPER, "distil-whisper/distil-medium.en", "en"),
    # Its vocabulary has all languages, but it was trained on English.
    _ears("distil-whisper-large-v3", _WHISPER, "distil-whisper/distil-large-v3", "en"),
    _ears("faster-whisper-tiny", _FASTER_WHISPER, "Systran/faster-whisper-tiny"),
    _ears("faster-whisper", _FASTER_WHISPER, "Systran/faster-whisper-base"),
    _ears("faster-whisper-small", _FASTER_WHISPER, "Systran/faster-whisper-small"),
    _ears("faster-whisper-medium", _FASTER_WHISPER, "Systran/faster-whisper-medium"),
    _ears("faster-whisper-large-v3", _FASTER_WHISPER, "Systran/faster-whisper-large-v3"),
)

BUILT_IN_ENGINES: Mapping[str, EngineSpec] = MappingProxyType(
    {spec.name: spec for spec in _BUILT_IN}
)


def known_engine(name: str) -> EngineSpec | None:
    """The engine of this name, narrated's own first; None if no distribution has it.

    Raises ConfigurationError if its entry point is broken.
    """
    if name in BUILT_IN_ENGINES:
        return BUILT_IN_ENGINES[name]
    installed = installed_engines()
    if name in installed.problems:
        raise ConfigurationError(*installed.problems[name])
    return installed.specs.get(name)


def known_engines() -> Mapping[str, EngineSpec]:
    """All engines by name, without those of broken entry points."""
    return {**installed_engines().specs, **BUILT_IN_ENGINES}


def load(spec: EngineSpec, context: EngineContext) -> Engine:
    """Import an engine's module and call its loader. Raises EngineUnavailable if that fails."""
    if spec.path and spec.path not in sys.path:
        sys.path.append(spec.path)
    module, _, function = spec.module.partition(":")
    try:
        found = operator.attrgetter(function or "load")(importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise EngineUnavailable(
            f"The module {module} of the engine {spec.title} cannot be used: {error}.",
            "Install the missing package into the interpreter of its worker.",
        ) from error
    return cast("Callable[[Options, EngineContext], Engine]", found)(spec.options, context)


@dataclass(frozen=True, slots=True)
class PluginEngines:
    """Engines of other distributions, and a problem with its remedy for each broken name."""

    specs: Mapping[str, EngineSpec]
    problems: Mapping[str, tuple[str, str]]


def installed_engines() -> PluginEngines:
    """Search this interpreter's distributions. A broken one costs its own engines only."""
    found: dict[str, list[EngineSpec]] = {}
    problems: dict[str, tuple[str, str]] = {}
    places: dict[str, Path] = {}
    for group, spec, place in _entry_points():
        places[spec.name] = place
        if group in _GROUPS:
            found.setdefault(spec.name, []).append(spec)
        else:
            problems[spec.name] = _unknown_group(group, spec)
    for name, specs in found.items():
        problems.pop(name, None)  # a group that narrated knows has it as well
        try:
            found[name] = [_in_its_interpreter(each, places[name]) for each in specs]
        except ValueError as error:
            problems[name] = _no_interpreter(specs[0], error)
        if problem := _problem(specs):
            problems[name] = problem
    return PluginEngines(
        {name: specs[0] for name, specs in found.items() if name not in problems}, problems
    )


def _in_its_interpreter(spec: EngineSpec, place: Path) -> EngineSpec:
    """The engine with the interpreter that its module names. Raises ValueError if it is no text."""
    if not _is_reference(spec.module):
        return spec
    # An editable distribution has its modules in another folder of the path.
    return replace(spec, python=own_interpreter(spec.module, (place, *sys.path)))


def _no_interpreter(spec: EngineSpec, error: ValueError) -> tuple[str, str]:
    return (
        f"The engine `{spec.name}` of {spec.distribution} is not used: {error}.",
        f'Write a path there, such as `{NAME} = "engines/{spec.name}/bin/python"`.',
    )


def _unknown_group(group: str, spec: EngineSpec) -> tuple[str, str]:
    return (
        f"The entry point of the engine `{spec.name}` is not used: {spec.distribution} has it in"
        f" the group `{group}`, which narrated does not know.",
        "Name the group {} in the package's pyproject.toml, and install it again.".format(
            " or ".join(f"`{known}` ({kind})" for known, kind in _GROUPS.items())
        ),
    )


def _problem(specs: list[EngineSpec]) -> tuple[str, str] | None:
    first = specs[0]
    package = first.distribution.rpartition(" ")[0]
    if len(specs) > 1:
        origins = ", ".join(sorted(each.distribution for each in specs))
        return (
            f"The engine `{first.name}` has more than one entry point ({origins}).",
            f"Uninstall all but one: pip uninstall {package}",
        )
    if not _is_reference(first.module):
        return (
            f"The entry point of the engine `{first.name}` is broken: {first.distribution} gives "
            f"`{first.module}`, which is neither `module` nor `module:function`.",
            f"Update the package, or remove it: pip uninstall {package}",
        )
    return None


def _entry_points() -> Iterator[tuple[str, EngineSpec, Path]]:
    """Yield the entry points of our groups, and of groups whose names begin like ours, each with
    the folder of its distribution."""
    import importlib.metadata  # the daemon alone pays for it, no worker

    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        text = distribution.read_text("entry_points.txt") or ""
        # Cheap, and first: other packages' metadata is none of our business, broken or not.
        if "narrated.engines" not in text:
            continue
        package = distribution.name or "an unnamed distribution"
        if package not in seen:  # otherwise an earlier folder of sys.path hides this one
            seen.add(package)
            place = Path(str(distribution.locate_file("")))
            for group, spec in _parsed(text, f"{package} {distribution.version}"):
                yield group, spec, place


def _parsed(text: str, distribution: str) -> Iterator[tuple[str, EngineSpec]]:
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            group = line.strip("[] ")
        elif f"{group}.".startswith("narrated.engines.") and line and not line.startswith("#"):
            name, _, module = (part.strip() for part in line.partition("="))
            if _is_reference(module):
                module = module.replace(" ", "")
            kind = _GROUPS.get(group, "speech")
            limit = DEFAULT_LIMIT if kind == "speech" else 0
            yield group, EngineSpec(name, kind, module, limit, distribution=distribution)


def _is_reference(value: str) -> bool:
    """True for `module` or `module:function`, each of dotted identifiers."""
    module, colon, function = value.partition(":")
    parts = [module, function] if colon else [module]
    return all(name.isidentifier() for part in parts for name in part.strip().split("."))
