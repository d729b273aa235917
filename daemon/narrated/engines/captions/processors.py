"""A checkpoint's processor, put together so that it needs no torchvision."""

import json
from pathlib import Path
from typing import Any, TypeVar

import transformers
from transformers.processing_utils import ProcessorMixin

_LOCAL = {"local_files_only": True, "trust_remote_code": False}
_NAMING = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
_KNOWN_PARTS = {"image_processor", "tokenizer", "video_processor"}

# transformers types these in part only.
_AutoImageProcessor: Any = transformers.AutoImageProcessor
_AutoProcessor: Any = transformers.AutoProcessor
_AutoTokenizer: Any = transformers.AutoTokenizer

ProcessorT = TypeVar("ProcessorT", bound=ProcessorMixin)


def image_processor(folder: Path) -> Any:
    """The part that makes tensors of pictures, always by Pillow: the same with torchvision."""
    return _AutoImageProcessor.from_pretrained(folder, backend="pil", **_LOCAL)


def tokenizer(folder: Path) -> Any:
    """The part that makes tokens of texts, and texts of tokens."""
    return _AutoTokenizer.from_pretrained(folder, **_LOCAL)


def processor(folder: Path) -> Any:
    """The whole: pictures and texts to what the model takes.

    Many know of videos too, and their part for these exists with torchvision alone; their part
    for pictures does not need it, so they are put together without the other.
    """
    named = getattr(transformers, _named(folder), None)
    if not (isinstance(named, type) and issubclass(named, ProcessorMixin)):
        return _AutoProcessor.from_pretrained(folder, **_LOCAL)
    still: Any = _still(named)
    parts = still.get_attributes()
    if not set(parts) <= _KNOWN_PARTS:
        return _AutoProcessor.from_pretrained(folder, **_LOCAL)
    made = {"image_processor": image_processor(folder), "tokenizer": tokenizer(folder)}
    told, _ = still.get_processor_dict(folder, local_files_only=True)
    return still.from_args_and_dict([made.get(part) for part in parts], told)


def _still(named: type[ProcessorT]) -> type[ProcessorT]:
    """A processor's class that does not mind having no part for videos."""
    own = {"check_argument_for_proper_class": lambda self, name, part: None}
    return type(f"Still{named.__name__}", (named,), own)


def _named(folder: Path) -> str:
    """The class that the checkpoint names, in whichever of its files; empty where in none."""
    for name in _NAMING:
        file = folder / name
        if file.is_file():
            named = json.loads(file.read_text(encoding="utf-8")).get("processor_class")
            if named:
                return str(named)
    return ""
