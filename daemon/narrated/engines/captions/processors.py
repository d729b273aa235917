"""Builds a checkpoint's processor without torchvision."""

import json
from pathlib import Path
from typing import Any, TypeVar

import transformers
from transformers.processing_utils import ProcessorMixin

_LOCAL = {"local_files_only": True, "trust_remote_code": False}
_NAMING = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
_KNOWN_PARTS = {"image_processor", "tokenizer", "video_processor"}

# transformers types these only in part.
_AutoImageProcessor: Any = transformers.AutoImageProcessor
_AutoProcessor: Any = transformers.AutoProcessor
_AutoTokenizer: Any = transformers.AutoTokenizer

ProcessorT = TypeVar("ProcessorT", bound=ProcessorMixin)


def image_processor(folder: Path) -> Any:
    """Load the image processor, always by Pillow: the same results with torchvision installed."""
    return _AutoImageProcessor.from_pretrained(folder, backend="pil", **_LOCAL)


def tokenizer(folder: Path) -> Any:
    """Load the tokenizer."""
    return _AutoTokenizer.from_pretrained(folder, **_LOCAL)


def processor(folder: Path) -> Any:
    """Load the processor of pictures and texts.

    Many processors also have a part for videos, which needs torchvision. They are built without
    it, since the part for pictures does not need it.
    """
    named = getattr(transformers, _named(folder), None)
    if not (isinstance(named, type) and issubclass(named, ProcessorMixin)):
        return _AutoProcessor.from_pretrained(folder, **_LOCAL)
    image_only: Any = _image_only(named)
    parts = image_only.get_attributes()
    if not set(parts) <= _KNOWN_PARTS:
        return _AutoProcessor.from_pretrained(folder, **_LOCAL)
    made = {"image_processor": image_processor(folder), "tokenizer": tokenizer(folder)}
    settings, _ = image_only.get_processor_dict(folder, local_files_only=True)
    return image_only.from_args_and_dict([made.get(part) for part in parts], settings)


def _image_only(named: type[ProcessorT]) -> type[ProcessorT]:
    """A subclass of the processor that accepts a missing part for videos."""
    own = {"check_argument_for_proper_class": lambda self, name, part: None}
    return type(f"ImageOnly{named.__name__}", (named,), own)


def _named(folder: Path) -> str:
    """The processor class that one of the checkpoint's files names; empty if none does."""
    for name in _NAMING:
        file = folder / name
        if file.is_file():
            named = json.loads(file.read_text(encoding="utf-8")).get("processor_class")
            if named:
                return str(named)
    return ""
