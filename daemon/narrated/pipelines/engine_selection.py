"""Which engine is meant, by its name, by a repository, or by a model's folder."""

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
"""Its engine tells the family of a captioner by itself."""

_SPEAKERS = {"bark": "bark"}
"""Engines by the model_type that stands in the config.json of their models."""

_CONFIG = "config.json"


def select_engine(
    config: Config, kind: Kind, model: str | os.PathLike[str] | None, like: str, options: Options
) -> EngineSpec:
    """The engine that is meant, with its options; see `pipeline` for `model` and `like`.

    NarratedError where there is none, where it does something else, or runs in another
    interpreter; EngineUnavailable where a model's folder would have to tell, and is not there.
    """
    spec = _meant(config, kind, model, like)
    if spec.kind != kind:
        known = ", ".join(_names(config, kind))
        raise NarratedError(
            f"{spec.name} {_DOES[spec.kind]}, and this task wants what {_DOES[kind]}.",
            f"Name one that does: {known}; or ask for the other task.",
        )
    if spec.python and Path(spec.python) != Path(sys.executable):
        raise NarratedError(
            f"The engine {spec.name} runs in an interpreter of its own ({spec.python}), and "
            "cannot be loaded into this one.",
            "Have the daemon speak with it, or run this program with that interpreter.",
        )
    return dataclasses.replace(spec, options={**spec.options, **options})


def _meant(
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
    return _with_model(engine_spec(config, _told_by(config, name)), name)


def _with_model(spec: EngineSpec, name: str) -> EngineSpec:
    """The engine with another model; what it is called then is the model."""
    name = str(Path(name).expanduser().absolute()) if _is_path(name) else name
    return dataclasses.replace(spec, name=name, options={**spec.options, "model": name})


def _is_path(name: str) -> bool:
    return name.startswith(("/", "./", "../", "~"))


def _told_by(config: Config, name: str) -> str:
    """The engine that a model's own files ask for."""
    folder = Path(name).expanduser() if _is_path(name) else config.models.folder / name
    another = "Name another folder." if _is_path(name) else f"narrated models pull {name}"
    try:
        names = {file.name for file in folder.iterdir()}
        if _is_tortoise(names):
            return "tortoise"
        file = folder / _CONFIG
        told: Any = json.loads(file.read_text(encoding="utf-8")) if _CONFIG in names else {}
    except FileNotFoundError as error:
        raise EngineUnavailable(
            f"The model {name} is not there: {error.filename} is missing.", another
        ) from None
    except OSError as error:
        raise EngineUnavailable(
            f"The model {name} cannot be read: {error.strerror}: {error.filename}.",
            "See whether it is a folder that your account may read.",
        ) from error
    except ValueError as error:
        raise EngineUnavailable(
            f"The model {name} cannot be used: {folder}/{_CONFIG} cannot be read ({error}).",
            "See whether its files are whole.",
        ) from error
    if _CONFIG not in names:
        raise EngineUnavailable(
            f"There is no model in {folder}: it holds neither {_CONFIG} nor the files of a "
            f"Tortoise ({', '.join(FILES)}).",
            another,
        )
    kind = told.get("model_type") if isinstance(told, dict) else None
    if kind in _SPEAKERS:
        return _SPEAKERS[kind]
    raise NarratedError(
        f"The model {name} is of the kind '{kind}', which none of the engines is known to speak.",
        f"Its kind may be one of: {', '.join(_SPEAKERS)}. If an engine can speak with it all the "
        "same, name that too: like='bark'.",
    )


def _is_tortoise(names: Collection[str]) -> bool:
    """Whether these files are a Tortoise's; its engine tells which one it lacks."""
    there = [name for name in FILES if name in names]
    return len(there) == len(FILES) or (bool(there) and _CONFIG not in names)


def _unknown(config: Config, kind: Kind, name: str) -> NarratedError:
    names = _names(config, kind)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean '{near[0]}'? " if near else f"Known: {', '.join(names)}. "
    return NarratedError(
        f"There is no engine named '{name}'.",
        f"{hint}A model is named by its repository (owner/name) or its full path.",
    )


def _names(config: Config, kind: Kind) -> list[str]:
    """Names of all known and configured engines of a kind."""
    return sorted(spec.name for spec in all_engines(config).values() if spec.kind == kind)
