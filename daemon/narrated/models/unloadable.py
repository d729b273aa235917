"""Repositories that no engine can load: weights in odd places or forms, and code of their own."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from narrated.errors import NarratedError

_FORMS: Mapping[str, str] = MappingProxyType(
    {
        ".gguf": "in llama.cpp's form",
        ".ggml": "in llama.cpp's form",
        ".onnx": "in onnxruntime's form",
        ".h5": "in TensorFlow's form",
        ".msgpack": "in Flax's form",
        ".ckpt": "of its original code",
        ".pt": "of its original code",
        ".pth": "of its original code",
        ".safetensors": "under another name",
        ".bin": "under another name",
    }
)
"""Forms of weights by the ends of their names; what narrated loads comes last."""

_ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")
_ANOTHER = "Name another repository. `narrated models list` shows models that work."
_KIND = re.compile(r"[a-z0-9_]+", re.ASCII)

_OTHER_FORMS = MappingProxyType({"florence2": ("florence-2", "florence-2-base")})
"""By kind: models of the catalogue that are the same in transformers' own form.

transformers has a kind of this name, but not for the weights beside the code.
"""


def folder_with(need: Collection[str], names: Collection[str]) -> str:
    """The folder below the top, hidden or not, that has all of these files; empty if none has."""
    folders: dict[str, set[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        if path.parent != PurePosixPath():
            folders.setdefault(str(path.parent), set()).add(path.name)
    return min((each for each, files in folders.items() if files.issuperset(need)), default="")


def odd_weights(names: Collection[str]) -> str:
    """Say which weights a repository has in place of those that can be loaded; empty if none."""
    if any(name in _ADAPTERS for name in names):
        return "it is an adapter, which changes another model"
    for end, form in _FORMS.items():
        if found := sorted(name for name in names if name.endswith(end)):
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            return f"its weights are {form} ({found[0]}{more})"
    return ""


def refuse_own_code(repository: str, config: bytes) -> None:
    """Raise NarratedError if a config.json names code of the repository, and ours cannot load it.

    Damaged files pass: the engine tells of them, with their place.
    """
    try:
        settings = json.loads(config)
    except (ValueError, RecursionError):
        return
    if not isinstance(settings, dict) or not settings.get("auto_map"):
        return
    kind = str(settings.get("model_type") or "")
    others = _OTHER_FORMS.get(kind, ())
    if others or not _is_known_to_transformers(kind):
        raise NarratedError(
            f"{repository} brings code of its own, and narrated runs none. Nothing was pulled.",
            _same_model(others) if others else _ANOTHER,
        )


def _same_model(names: Sequence[str]) -> str:
    pulls = " or ".join(f"narrated models pull {name}" for name in names)
    return f"Take the same model in another form: {pulls}"


def _is_known_to_transformers(kind: str) -> bool:
    """True if transformers, where it is installed, has code for a kind; it is not imported."""
    module = kind.lower().replace("-", "_")
    return _KIND.fullmatch(module) is not None and any(
        (folder / "models" / module).is_dir() for folder in _transformers_folders()
    )


def _transformers_folders() -> Iterator[Path]:
    spec = find_spec("transformers")
    yield from map(Path, (spec.submodule_search_locations if spec else None) or ())
