"""The names of the voices of this machine, by the names of files alone: in some milliseconds.

The engines' own modules tell more of a voice, but import numpy for it.
"""

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from narrated.config.values import ModelsConfig
from narrated.engines import pico_voices
from narrated.engines.registry import EngineSpec

EMBEDDED = frozenset({"espeak", "pico"})
"""The engines that come with narrated; pico does not everywhere."""

_PRESETS = "speaker_embeddings_path.json"


def known_names(spec: EngineSpec, models: ModelsConfig) -> list[str]:
    """The names of an engine's voices; empty for an engine that was not made by us."""
    return sorted(_names(spec.module.partition(":")[0], spec, models))


def _names(module: str, spec: EngineSpec, models: ModelsConfig) -> Iterator[str]:
    match module:
        case "narrated.engines.espeak":
            from narrated.engines.espeak import opened

            yield from opened({}).voices()
        case "narrated.engines.pico":
            if find_spec(pico_voices.MODULE):
                yield from pico_voices.VOICES
        case "narrated.engines.bark.engine":
            yield from _presets(models.folder / Path(str(spec.options["model"])).expanduser())
            yield from _files(models.voices, ".npz")
        case "narrated.engines.kokoro.engine":
            yield from _of_kokoro(models.folder / Path(str(spec.options["model"])).expanduser())
        case "narrated.engines.piper.engine":
            yield from _of_piper(models)
        case "narrated.engines.tortoise.engine":
            for root in (models.voices, *_shipped()):
                yield from _files(root, ".pth")
                yield from _folders(root)


def _of_kokoro(folder: Path) -> Iterator[str]:
    from narrated.engines.kokoro.files import file_names
    from narrated.engines.kokoro.voices import archive_names

    with suppress(OSError, ValueError, zipfile.BadZipFile):
        yield from archive_names(folder / file_names(folder)[1])


def _of_piper(models: ModelsConfig) -> Iterator[str]:
    from narrated.engines.piper.voices import PiperVoices

    yield from PiperVoices(models.folder, models.voices).names()


def _presets(model: Path) -> Iterator[str]:
    """The presets of a Bark."""
    with suppress(OSError, ValueError):
        index = json.loads((model / _PRESETS).read_text(encoding="utf-8"))
        yield from (name for name, files in dict(index).items() if isinstance(files, dict))


def _shipped() -> Iterator[Path]:
    """The folder of the voices of tortoise-tts."""
    found = find_spec("tortoise")
    for folder in (found and found.submodule_search_locations) or ():
        yield Path(folder) / "voices"


def _files(root: Path, suffix: str) -> Iterator[str]:
    for folder, _, files in os.walk(root):
        for name in files:
            if name.endswith(suffix) and not name.startswith("."):
                yield (Path(folder) / name).relative_to(root).with_suffix("").as_posix()


def _folders(root: Path) -> Iterator[str]:
    """The folders that hold files themselves."""
    for folder, _, files in os.walk(root):
        if files and Path(folder) != root:
            yield Path(folder).relative_to(root).as_posix()
