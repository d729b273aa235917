"""Select an engine by its name, a repository, or a model's folder."""

import dataclasses
import difflib
import json
import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from narrated.config.values import Config
from narrated.config.worker_specs import all_engines, engine_spec
from narrated.engines.engine_spec import EngineSpec
from narrated.engines.interface import Kind, Options
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.engines.tortoise.required_files import FILES
from narrated.errors import EngineUnavailable, NarratedError

_DOES: Mapping[Kind, str] = {"speech": "speaks", "caption": "describes pictures"}

_ANY_CAPTIONER = "blip"
"""Its engine detects the model family by itself."""

_SPEAKERS = {"bark": "bark"}
"""Engines by the model_type in their models' config.json."""

_CONFIG = "config.json"


def select_engine(
    config: Config, kind: Kind, model: str | os.PathLike[str] | None, like: str, options: Options
) -> EngineSpec:
    """Select an engine with its options; see `pipeline` for `model` and `like`.

    Raises NarratedError if the engine is unknown, has another task, or runs in another
    interpreter; EngineUnavailable if the model's folder is missing or unreadable.
    """
    spec = _find_spec(config, kind, model, like)
    if spec.kind != kind:
        known = ", ".join(_names(config, kind))
        raise NarratedError(
            f"{spec.name} {_DOES[spec.kind]}; this task needs an engine that {_DOES[kind]}.",
            f"Name one of {known}, or ask for the other task.",
        )
    if spec.python and Path(spec.python) != Path(sys.executable):
        raise NarratedError(
            f"The engine {spec.name} runs in an interpreter of its own ({spec.python}), and "
            "cannot be loaded into this one.",
            "Have the daemon speak with it, or run this program with that interpreter.",
        )
    return dataclasses.replace(spec, options={**spec.options, **options})


def _find_spec(
    config: Config, kind: Kind, model: str | os.PathLike[str] | None, like: str
) -> EngineSpec:
    if model is None:
        configured = config.speech.engine if kind == "speech" else config.pictures.captions
        return engine_spec(config, like or configured)
    name = os.fspath(model)
    if like:
        return _with_model(engine_spec(config, like), name)
    if name in all_engines(config):
        return engine_spec(config, name)
    for ours in BUILT_IN_ENGINES.values():
        if ours.options.get("model") == name:
            return _with_model(engine_spec(config, ours.name), name)
    if not _is_path(name) and name.count("/") != 1:
        raise _unknown(config, kind, name)
    if kind == "caption":
        return _with_model(engine_spec(config, _ANY_CAPTIONER), name)
    return _with_model(engine_spec(config, _detect_engine(config, name)), name)


def _with_model(spec: EngineSpec, name: str) -> EngineSpec:
    """Give the engine another model; the model's name becomes the engine's."""
    name = str(Path(name).expanduser().absolute()) if _is_path(name) else name
    return dataclasses.replace(spec, name=name, options={**spec.options, "model": name})


def _is_path(name: str) -> bool:
    return name.startswith(("/", "./", "../", "~"))


def _detect_engine(config: Config, name: str) -> str:
    """Detect the engine of a model from its files."""
    folder = Path(name).expanduser() if _is_path(name) else config.models.folder / name
    another = "Name another folder." if _is_path(name) else f"narrated models pull {name}"
    try:
        names = {file.name for file in folder.iterdir()}
        if _is_tortoise(names):
            return "tortoise"
        file = folder / _CONFIG
        settings: Any = json.loads(file.read_text(encoding="utf-8")) if _CONFIG in names else {}
    except FileNotFoundError as error:
        raise EngineUnavailable(
            f"The model {name} is not there: {error.filename} is missing.", another
        ) from None
    except OSError as error:
        raise EngineUnavailable(
            f"The model {name} cannot be read: {error.strerror}: {error.filename}.",
            "Check that it is a folder, and that your account may read it.",
        ) from error
    except ValueError as error:
        raise EngineUnavailable(
            f"The model {name} cannot be used: {folder}/{_CONFIG} cannot be read ({error}).",
            "Check that its files are complete.",
        ) from error
    if _CONFIG not in names:
        raise EngineUnavailable(
            f"There is no model in {folder}: it holds neither {_CONFIG} nor the files of a "
            f"Tortoise ({', '.join(FILES)}).",
            another,
        )
    kind = settings.get("model_type") if isinstance(settings, dict) else None
    if kind in _SPEAKERS:
        return _SPEAKERS[kind]
    raise NarratedError(
        f"The model {name} has the kind '{kind}'. No engine is known to speak with it.",
        f"Known kinds: {', '.join(_SPEAKERS)}. To try an engine all the same, name it too: "
        "like='bark'.",
    )


def _is_tortoise(names: Collection[str]) -> bool:
    """True if these files look like a Tortoise; its engine reports missing ones."""
    there = [name for name in FILES if name in names]
    return len(there) == len(FILES) or (bool(there) and _CONFIG not in names)


def _unknown(config: Config, kind: Kind, name: str) -> NarratedError:
    names = _names(config, kind)
    similar = difflib.get_close_matches(name, names, n=1)
    advice = f"Did you mean '{similar[0]}'? " if similar else f"Known: {', '.join(names)}. "
    return NarratedError(
        f"There is no engine named '{name}'.",
        f"{advice}A model is named by its repository (owner/name) or its full path.",
    )


def _names(config: Config, kind: Kind) -> list[str]:
    """List the names of all known and configured engines of a kind."""
    return sorted(spec.name for spec in all_engines(config).values() if spec.kind == kind)
