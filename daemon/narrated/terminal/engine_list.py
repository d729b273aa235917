"""The table of `narrated engines list`: each engine, and its next step on this machine."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from narrated.config.file import scratch_config
from narrated.config.values import Config
from narrated.config.worker_specs import all_engines
from narrated.doctor.engine_requirements import lacking_modules
from narrated.engines.interface import Kind
from narrated.engines.piper.voice_names import language_tag
from narrated.engines.registry import PIPER, PIPER_NAME, EngineSpec
from narrated.human_formatting import count_noun, size
from narrated.ledger.engine_rates import EngineRate
from narrated.models.catalogue import CatalogueEntry, detect_layout, find_model, is_repository
from narrated.models.licences import forbids_commercial_use
from narrated.models.store import LockedModel, ModelState, ModelStore
from narrated.printable import printable
from narrated.terminal.model_list import licence_of
from narrated.terminal.model_room import ModelRoom
from narrated.terminal.work_estimate import MeasuredRates
from narrated.voices.known_names import known_names

_KINDS: Sequence[Kind] = ("speech", "caption", "hearing")
_MOST_LANGUAGES = 5
BY_VOICE = "by voice"
"""The licence of weights where each voice has its own: `narrated models list` names it."""


class EngineState(StrEnum):
    """An engine's state on this machine, judged by files alone."""

    READY = "ready"
    NOT_INSTALLED = "not installed"
    """Its interpreter does not find its libraries."""
    NO_INTERPRETER = "no interpreter"
    """Its interpreter cannot be run."""
    NOT_PULLED = "not pulled"
    """Its model is not here."""
    INCOMPLETE = "incomplete"
    """A file of its model is missing."""


@dataclass(frozen=True, slots=True)
class EngineRow:
    """A row of `narrated engines list`. The field names are keys of its JSON."""

    name: str
    does: Kind
    state: EngineState
    next: str
    """The command that brings what is missing; empty if it is ready, or no command does."""
    python: str
    """The interpreter of its worker, if it is not narrated's own."""
    device: str
    """The device that it computes on here: "cpu", or the card's name."""
    memory_bytes: int
    """Weights and working memory there; 0 if it has no model, or nobody knows."""
    is_measured: bool
    """True if the running daemon measured that memory; else it is the catalogue's."""
    fits: bool | None
    """True if it fits the memory that models may take; None if it has no model or nobody knows."""
    real_time_factor: float | None
    """Seconds of work a second of speech, as measured here; None before it has spoken."""
    languages: tuple[str, ...]
    """Empty if it speaks very many, or nobody can tell before it loads."""
    own_voices: str
    """The files that the user makes a voice from: clips or prompts; empty if none."""
    code_licence: str
    weights_licence: str
    """Empty if it has no model, or nobody knows."""
    forbids_commercial_use: bool


@dataclass(frozen=True, slots=True)
class _Machine:
    """This machine, as far as engines need it."""

    config: Config
    store: ModelStore
    locks: Mapping[str, LockedModel]
    room: ModelRoom
    measured_bytes: Mapping[str, int]
    rates: MeasuredRates
    lacking: Mapping[tuple[str, str], frozenset[str] | None]
    """Modules that are not there, by interpreter and folder; None if it cannot be run."""


def engine_rows(
    config: Config | None,
    room: ModelRoom,
    measured_bytes: Mapping[str, int] | None = None,
    rates: Iterable[EngineRate] = (),
) -> list[EngineRow]:
    """Describe every known and configured engine, those that speak first.

    It looks at files, and loads nothing. Errors: ConfigurationError, StorageError.
    """
    config = config or scratch_config(None, Path(), Path())
    specs = sorted(all_engines(config).values(), key=lambda spec: _KINDS.index(spec.kind))
    store = ModelStore(config.models.folder)
    machine = _Machine(
        config,
        store,
        store.locks(),
        room,
        measured_bytes or {},
        MeasuredRates(tuple(rates)),
        _lacking_by_interpreter(specs),
    )
    return [_row(spec, machine) for spec in specs]


def _lacking_by_interpreter(
    specs: Sequence[EngineSpec],
) -> dict[tuple[str, str], frozenset[str] | None]:
    """Ask each interpreter once: starting one takes a tenth of a second."""
    wanted: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for spec in specs:
        wanted[spec.python, spec.path].update(spec.code.modules)
    return {key: _lacking(*key, modules) for key, modules in wanted.items()}


def _lacking(python: str, folder: str, modules: Iterable[str]) -> frozenset[str] | None:
    try:
        return frozenset(lacking_modules(python or sys.executable, folder, tuple(modules)))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _row(spec: EngineSpec, machine: _Machine) -> EngineRow:
    if spec.module == PIPER:
        return _row_of_voices(spec, machine)
    model = str(spec.options.get("model", "")) if spec.holds_models else ""
    entry = find_model(model) if is_repository(model) else CatalogueEntry(repository="")
    locked = machine.locks.get(entry.repository)
    is_on_host = spec.code.is_on_cpu or machine.room.is_host
    measured = machine.measured_bytes.get(entry.repository, 0) if model else 0
    memory = measured or entry.memory_bytes(on_host=is_on_host)
    rate = machine.rates.of_engine(spec.name) if spec.kind == "speech" else None
    licence = licence_of(entry, locked) if entry.repository else ""
    state, following = _state(spec, model, entry, machine)
    return EngineRow(
        name=spec.name,
        does=spec.kind,
        state=state,
        next=following,
        python=spec.python,
        device="cpu" if is_on_host or not model else machine.room.device,
        memory_bytes=memory,
        is_measured=bool(measured),
        fits=machine.room.fits(memory),
        real_time_factor=rate.work_s / rate.sound_s if rate and rate.sound_s else None,
        languages=spec.languages,
        own_voices=spec.code.own_voices,
        code_licence=spec.code.licence,
        weights_licence=licence,
        forbids_commercial_use=any(map(forbids_commercial_use, (licence, entry.licence))),
    )


def _row_of_voices(spec: EngineSpec, machine: _Machine) -> EngineRow:
    """Describe an engine whose voices are models, each with a language and licence of its own."""
    voices = known_names(spec, machine.config.models)
    state, following = _state(spec, "", CatalogueEntry(repository=""), machine)
    if state is EngineState.READY and not voices:
        state, following = EngineState.NOT_PULLED, f"narrated models pull {PIPER_NAME}"
    rate = machine.rates.of_engine(spec.name)
    memory = find_model(PIPER_NAME).memory_bytes(on_host=True)
    tags = {language_tag(name).partition("-")[0] for name in voices}
    return EngineRow(
        name=spec.name,
        does=spec.kind,
        state=state,
        next=following,
        python=spec.python,
        device="cpu",
        memory_bytes=memory,
        is_measured=False,
        fits=machine.room.fits(memory),
        real_time_factor=rate.work_s / rate.sound_s if rate and rate.sound_s else None,
        languages=tuple(sorted(tags - {""})) or spec.languages,
        own_voices=spec.code.own_voices,
        code_licence=spec.code.licence,
        weights_licence=BY_VOICE,
        forbids_commercial_use=False,
    )


def _state(
    spec: EngineSpec, model: str, entry: CatalogueEntry, machine: _Machine
) -> tuple[EngineState, str]:
    """The first thing that an engine lacks, with the command that brings it."""
    lacking = machine.lacking[spec.python, spec.path]
    if lacking is None:
        return EngineState.NO_INTERPRETER, ""
    if lacking.intersection(spec.code.modules):
        apart = f" --apart {Path(spec.python).parents[1]}" if spec.python else ""
        install = f"narrated engines install {spec.code.installed_as}{apart}"
        is_ours = spec.code.installed_as and (spec.code.pins or not spec.python)
        return EngineState.NOT_INSTALLED, install if is_ours else ""
    if entry.repository:
        found = machine.store.model_state(entry.repository, machine.locks.get(entry.repository))
        if found in (ModelState.ABSENT, ModelState.INCOMPLETE):
            return EngineState(found.value), f"narrated models pull {entry.name or model}"
    elif model and not _is_model(Path(model).expanduser()):
        return EngineState.NOT_PULLED, ""
    return EngineState.READY, ""


def _is_model(folder: Path) -> bool:
    try:
        return detect_layout([file.name for file in folder.iterdir()]) is not None
    except OSError:
        return False


# The table


def engine_table(rows: Sequence[EngineRow]) -> Iterator[str]:
    """Format rows in columns, then say what the figures mean."""
    columns: dict[str, list[str]] = {
        "NAME": [row.name for row in rows],
        "DOES": [row.does for row in rows],
        "STATE": [row.state.value for row in rows],
        "DEVICE": [row.device for row in rows],
        "MEMORY": [_memory(row) for row in rows],
        "FITS": [_fits(row) for row in rows],
        "SPEED": [_speed(row) for row in rows],
        "LANGUAGES": [_languages(row) for row in rows],
        "LICENCE": [_licence(row) for row in rows],
        "NEXT": [row.next for row in rows],
    }
    widths = [max(map(len, (head, *cells))) for head, cells in columns.items()]
    for line in (columns.keys(), *zip(*columns.values(), strict=True)):
        yield printable("  ".join(map(str.ljust, line, widths)).rstrip())


def note_lines(rows: Sequence[EngineRow]) -> Iterator[str]:
    """Say what the table's figures and marks mean."""
    yield "Memory with ~ is computed; speed is work a second of speech, as measured here."
    if any(row.forbids_commercial_use for row in rows):
        yield "A licence with * forbids commercial use."
    for row in rows:
        if row.python:
            yield printable(f"{row.name} runs in an interpreter of its own: {row.python}")


def _memory(row: EngineRow) -> str:
    if not row.memory_bytes:
        return "?" if row.weights_licence or not row.code_licence else "little"
    return f"{'' if row.is_measured else '~'}{size(row.memory_bytes)}"


def _fits(row: EngineRow) -> str:
    if row.fits is None:
        return "yes" if _memory(row) == "little" else "?"
    return "yes" if row.fits else "no"


def _speed(row: EngineRow) -> str:
    return "?" if row.real_time_factor is None else f"{row.real_time_factor:.2g} s"


def _languages(row: EngineRow) -> str:
    if not row.languages and row.weights_licence == BY_VOICE:
        return BY_VOICE
    if not row.languages:
        return "any" if row.does != "caption" else "en"
    if len(row.languages) > _MOST_LANGUAGES:
        return count_noun(len(row.languages), "language")
    return " ".join(row.languages)


def _licence(row: EngineRow) -> str:
    told = row.weights_licence or row.code_licence or "?"
    return f"{told} *" if row.forbids_commercial_use else told
