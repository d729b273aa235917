"""The engines that narrated knows: its own, and those of other installed distributions."""

from collections.abc import Mapping
from types import MappingProxyType

from narrated.engines.engine_spec import EngineSpec
from narrated.engines.entry_points import installed_engines
from narrated.engines.interface import Kind
from narrated.errors import ConfigurationError

_BARK = "narrated.engines.bark.engine"
_TORTOISE = "narrated.engines.tortoise.engine"
_CAPTIONS = "narrated.engines.captions.engine"


def _neural(
    name: str, kind: Kind, module: str, model: str, limit: int = 0, **options: int
) -> EngineSpec:
    return EngineSpec(
        name, kind, module, limit, holds_models=True, options={"model": model, **options}
    )


_BUILT_IN = (
    EngineSpec("espeak", "speech", "narrated.engines.espeak", 600),
    EngineSpec("embedded", "caption", "narrated.engines.metadata_captioner", 0),
    _neural("bark", "speech", _BARK, "suno/bark", 180),
    _neural("bark-small", "speech", _BARK, "suno/bark-small", 180),
    _neural("tortoise", "speech", _TORTOISE, "Manmay/tortoise-tts", 200),
    _neural("blip", "caption", _CAPTIONS, "Salesforce/blip-image-captioning-base"),
    _neural("blip-large", "caption", _CAPTIONS, "Salesforce/blip-image-captioning-large"),
    _neural(
        "florence-2",
        "caption",
        _CAPTIONS,
        "florence-community/Florence-2-large",
        rows=4,  # eight pictures of 768 x 768 take more memory than speech engines leave
    ),
    _neural("florence-2-base", "caption", _CAPTIONS, "florence-community/Florence-2-base"),
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
