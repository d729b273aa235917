"""The catalogue: models by name, the files that make up a model, and the models a config uses."""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from narrated.config.values import Config, speaker_key
from narrated.config.worker_specs import configured_speakers, engine_spec
from narrated.engines.piper.voice_names import (
    OWNER,
    REPOSITORY,
    SPEAKER_SEPARATOR,
    USUAL,
    hub_folder,
    is_voice_name,
)
from narrated.engines.registry import PIPER
from narrated.errors import NarratedError
from narrated.models.unloadable import folder_with, odd_weights
from narrated.printable import printable

_HOST_LAYOUTS = ("piper", "kokoro")
"""Layouts of models that compute on a CPU alone: their figures are those of it."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model that can be pulled."""

    repository: str
    """The repository on the hub, such as suno/bark. A voice of Piper's is a model of its own, such
    as piper/en_US-joe-medium, though the hub has all of them in one repository."""
    name: str = ""
    """The name in the catalogue; empty for a model outside of it."""
    does: Literal["speech", "caption", "hearing", ""] = ""
    about: str = ""
    licence: str = ""
    layout: str = ""
    """The file layout; empty for a model outside of the catalogue: its files decide."""
    also: tuple[str, ...] = ()
    """Patterns of further files, beyond those of the layout."""
    parts: tuple[str, ...] = ()
    """Other repositories that it needs."""
    usage: str = ""
    """Lines for narrated.yaml that use it; empty for a model outside of the catalogue."""
    download_bytes: int = 0
    """About what a pull fetches; 0 for a model outside of the catalogue."""
    weights_bytes: int = 0
    """Memory of its weights on a GPU, in half precision; 0 outside of the catalogue."""
    working_bytes: int = 0
    """The most memory besides, in a batch of its engine's size."""

    @property
    def origin(self) -> tuple[str, str]:
        """The hub's repository, and the folder in it that holds the model; "" for all of it."""
        owner, _, name = self.repository.partition("/")
        if owner == OWNER and is_voice_name(name):
            return REPOSITORY, hub_folder(name)
        return self.repository, ""

    def memory_bytes(self, *, on_host: bool) -> int:
        """About the memory that it needs; the CPU computes in single precision."""
        in_half = on_host and self.layout not in _HOST_LAYOUTS
        return (self.weights_bytes + self.working_bytes) * (2 if in_half else 1)


@dataclass(frozen=True, slots=True)
class FileLayout:
    """The files of one kind of model."""

    kind: str
    """The kind's name in messages."""
    need: tuple[str, ...]
    """Files that identify this kind; a model has all of them."""
    usage: str
    """Lines for narrated.yaml that use such a model; `owner/name` stands for its repository."""
    files: tuple[str, ...] = ()
    """Patterns of optional files."""
    weights: tuple[tuple[str, ...], ...] = ()
    """Groups of patterns, best first; one group is used. Empty if `need` names the weights."""
    code: str = ""
    """Command that installs the engine's code; empty if our requirements include it."""

    def lacks(self, names: Collection[str]) -> list[str]:
        """The identifying files that are not among these names."""
        return [name for name in self.need if not _matching((name,), names)]


@dataclass(frozen=True, slots=True)
class _CatalogueFile:
    layouts: dict[str, FileLayout]
    models: dict[str, CatalogueEntry]


def known_models() -> tuple[CatalogueEntry, ...]:
    """All models of the catalogue."""
    return tuple(_catalogue().models.values())


def find_model(name: str) -> CatalogueEntry:
    """Find a model by its name, or by any owner/name. Raises NarratedError if it is neither."""
    known = _catalogue().models
    name = USUAL if name == OWNER else name
    for each in known.values():
        if name in (each.name, each.repository):
            return each
    voice = name.removeprefix(f"{OWNER}/")
    if is_voice_name(voice):
        return _voice(voice)
    if name == REPOSITORY:
        raise NarratedError(
            f"{REPOSITORY} has all voices of Piper.",
            f"Name the one that you want, such as: narrated models pull {USUAL}",
        )
    if is_repository(name):
        return CatalogueEntry(repository=name)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean `{near[0]}`? " if near else f"Known: {', '.join(known)}. "
    raise NarratedError(
        f"There is no model named '{printable(name)}'.",
        f"{hint}For any other model, name its repository, such as owner/name.",
    )


def with_parts(name: str) -> Iterator[CatalogueEntry]:
    """A model as `find_model` finds it, and the others that it needs. Errors: NarratedError."""
    entry = find_model(name)
    yield entry
    for part in entry.parts:
        yield find_model(part)


def _voice(name: str) -> CatalogueEntry:
    """A voice of Piper's outside of the catalogue. Its card names its licence."""
    return CatalogueEntry(
        repository=f"{OWNER}/{name}",
        name=name,
        does="speech",
        about="A voice of Piper's.",
        layout="piper",
        usage=f"speech: {{engine: piper, voice: {name}}}",
    )


def is_repository(name: str) -> bool:
    """True if the hub would accept the name for a repository. It is then a safe path as well."""
    return _REPOSITORY.fullmatch(name) is not None


def select_files(entry: CatalogueEntry, names: Iterable[str]) -> tuple[str, ...]:
    """Select the files of a repository that make up the model.

    Never selects code (`.py`), whatever a pattern says. Raises NarratedError if files are missing.
    """
    every = list(names)
    safe = [name for name in every if is_safe_path(name) and not name.endswith(".py")]
    layout = _catalogue().layouts[entry.layout] if entry.layout else _nearest_layout(safe)
    groups = (_matching(group, safe) for group in layout.weights)
    weights = next((group for group in groups if group), [])
    lacks = layout.lacks(safe)
    if layout.weights and not weights and not lacks:
        lacks = ["weights in a format that can be loaded"]
    if lacks:
        raise _no_model(entry.repository, layout, lacks, every)
    wanted = _matching((*layout.need, *layout.files, *entry.also), safe)
    return tuple(sorted({*wanted, *weights}))


def _no_model(
    repository: str, layout: FileLayout, lacks: Sequence[str], names: Collection[str]
) -> NarratedError:
    """Tell why a repository is refused, and where its weights are if that is an odd place."""
    for each in _catalogue().layouts.values():
        if layout.lacks(names) and (folder := folder_with(each.need, names)):
            return _in_folder(repository, each, folder)
    odd = odd_weights(names)
    return NarratedError(
        f"{repository} is no {layout.kind}: it has no {' and no '.join(lacks)}"
        f"{f'; {printable(odd)}' if odd else ''}.",
        "Name another repository. `narrated models list` shows models that work.",
    )


def _in_folder(repository: str, layout: FileLayout, folder: str) -> NarratedError:
    """A remedy is a model of the same kind: for a kind of one engine it is the same model."""
    kinds = _catalogue().layouts
    same = [each for each in known_models() if kinds[each.layout] is layout]
    only = f"Take it from elsewhere: narrated models pull {same[0].name}" if len(same) == 1 else ""
    return NarratedError(
        f"{repository} keeps a {layout.kind} in its folder {printable(folder)}/. "
        "narrated loads models from the top of a repository.",
        only
        or "Name a repository that has them there, or fetch that folder by hand and name "
        "its path: `engines: {mine: {options: {model: /…}}}`.",
    )


def detect_layout(names: Collection[str]) -> FileLayout | None:
    """The layout that these file names form; None if they form none."""
    whole = (each for each in _catalogue().layouts.values() if not each.lacks(names))
    return next(whole, None)


def is_identifying_file(name: str) -> bool:
    """True if a file of this name identifies some kind of model."""
    return any(_matching(each.need, (name,)) for each in _catalogue().layouts.values())


def usage_lines(entry: CatalogueEntry, names: Collection[str]) -> tuple[str, ...]:
    """The lines for narrated.yaml that use a model with these files."""
    layout = detect_layout(names)
    of_layout = layout.usage.replace("owner/name", entry.repository) if layout else ""
    return tuple((entry.usage or of_layout).split("\n"))


def configured_models(config: Config) -> dict[str, tuple[str, ...]]:
    """The models of a configuration, with the keys that name them, but none given as a path."""
    speakers = configured_speakers(config)
    engines = {
        "speech: engine": speakers.pop("narrator").engine,
        **{speaker_key(who): each.engine for who, each in speakers.items()},
        "pictures: captions": config.pictures.captions,
        **{f"engines: {name}": name for name in config.engines},
        **({"takes: hearing": config.takes.hearing} if config.takes.hearing else {}),
    }
    models = {
        key: str(engine_spec(config, engine).options.get("model", ""))
        for key, engine in engines.items()
    }
    for who, speaker in configured_speakers(config).items():
        voice = speaker.voice.partition(SPEAKER_SEPARATOR)[0]
        if engine_spec(config, speaker.engine).module == PIPER and is_voice_name(voice):
            models[speaker_key(who, "voice")] = f"{OWNER}/{voice}"
    found: dict[str, tuple[str, ...]] = {}
    for key, model in models.items():
        if is_repository(model):
            found[model] = (*found.get(model, ()), key)
    return found


def _nearest_layout(names: Collection[str]) -> FileLayout:
    """The layout of these files, else the one with most of its files here, else a checkpoint."""
    whole = detect_layout(names)
    others = reversed(_catalogue().layouts.values())
    return whole or max(others, key=lambda each: -len(each.lacks(names)) / len(each.need))


def is_safe_path(name: str) -> bool:
    """True if a file of this name lies within the folder of its repository."""
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and not any(part.startswith(".") for part in path.parts)
        and printable(name) == name
    )


def _matching(patterns: Sequence[str], names: Collection[str]) -> list[str]:
    # Unlike fnmatch's, our `*` stays in a folder; `**` does not.
    escaped = (re.escape(each).replace(r"\*\*", ".*") for each in patterns)
    expression = re.compile("|".join(each.replace(r"\*", "[^/]*") for each in escaped))
    return [name for name in names if expression.fullmatch(name)]


@cache
def _catalogue() -> _CatalogueFile:
    text = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    for name, table in tables["models"].items():
        table["name"] = name
        table.setdefault("layout", "transformers")
    return msgspec.convert(tables, _CatalogueFile)
