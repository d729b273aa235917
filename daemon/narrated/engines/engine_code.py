"""The libraries that each engine of narrated computes with: their modules, extra and licence."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class EngineCode:
    """The libraries of an engine, and what they can do."""

    modules: tuple[str, ...] = ()
    """Modules that it imports; any interpreter finds narrated itself."""
    licence: str = ""
    """The licence of the library that speaks, describes or hears; empty if nobody knows."""
    extra: str = ""
    """The extra of narrated that brings the modules; empty if narrated itself does."""
    installed_as: str = ""
    """The name for `narrated engines install`; empty if it needs no such command."""
    pins: bool = False
    """True if its package pins libraries that ours exclude: it may have an interpreter apart."""
    is_on_cpu: bool = False
    """True if it computes on the CPU alone, also where there is a card."""
    own_voices: str = ""
    """The files that a voice of the user's own is made from; empty if there is no way."""


_TORCH = ("torch", "transformers")
_TORTOISE = ("tortoise", "einops", "rotary_embedding_torch", "inflect", "unidecode", "soxr")
_APACHE = "Apache-2.0"

_CODE: Mapping[str, EngineCode] = MappingProxyType(
    {
        "espeak": EngineCode(("espeakng_loader",), "GPL-3.0-or-later", is_on_cpu=True),
        "pico": EngineCode(("py_nanotts",), _APACHE, is_on_cpu=True),
        "model_free_captioner": EngineCode(("PIL",), "GPL-3.0-or-later", is_on_cpu=True),
        "bark": EngineCode(_TORCH, _APACHE, "models", "bark", own_voices="prompts"),
        "captions": EngineCode(_TORCH, _APACHE, "models", "blip"),
        "hearing.whisper": EngineCode(_TORCH, _APACHE, "models", "whisper-base"),
        "hearing.faster_whisper": EngineCode(
            ("faster_whisper",), "MIT", "hearing", "faster-whisper", is_on_cpu=True
        ),
        "tortoise": EngineCode(
            (*_TORCH, *_TORTOISE), _APACHE, "tortoise", "tortoise", pins=True, own_voices="clips"
        ),
        "pocket_tts": EngineCode(
            (*_TORCH, "soxr"), _APACHE, "models", "pocket-tts", own_voices="clips"
        ),
        "vits": EngineCode(_TORCH, _APACHE, "models", "mms"),
        "piper": EngineCode(
            ("piper", "onnxruntime"), "GPL-3.0-or-later", "piper", "piper", is_on_cpu=True
        ),
        "kokoro": EngineCode(
            ("kokoro_onnx", "onnxruntime"), "MIT", "kokoro", "kokoro", is_on_cpu=True
        ),
    }
)
"""By the module or the package of the engine."""


def code_of(module: str) -> EngineCode:
    """The libraries of an engine by its module; of a stranger's, its own module alone."""
    path = module.partition(":")[0]
    name = path.removeprefix("narrated.engines.").removesuffix(".engine")
    if name != path and name in _CODE:
        return _CODE[name]
    return EngineCode((path,))
