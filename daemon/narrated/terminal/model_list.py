"""The table of `narrated models list`: the catalogue and the models here, and what fits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from narrated.config.values import Config
from narrated.human_formatting import size
from narrated.models.catalogue import (
    CatalogueEntry,
    find_model,
    known_models,
)
from narrated.models.hearing_models import models_in_use
from narrated.models.store import LockedModel, ModelState, ModelStore
from narrated.printable import printable
from narrated.terminal.model_room import ModelRoom


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A row of `narrated models list`. The field names are keys of its JSON."""

    name: str
    """The name in the catalogue, else the repository."""
    repository: str
    does: str
    about: str
    licence: str
    state: ModelState
    bytes: int
    """Size on the disk; 0 if the model was not pulled."""
    download_bytes: int
    """About what a pull fetches, by the catalogue; 0 if nobody knows."""
    memory_bytes: int
    """Weights and working memory on this device; 0 if nobody knows."""
    is_measured: bool
    """True if the running daemon measured that memory; else it is the catalogue's."""
    fits: bool | None
    """True if it fits the memory that models may take; None if nobody knows."""
    commit: str
    pulled: str
    used_by: tuple[str, ...]


def model_rows(
    store: ModelStore,
    config: Config | None,
    room: ModelRoom,
    measured_bytes: Mapping[str, int] | None = None,
) -> Iterator[ModelRow]:
    """The models of the catalogue, then other models that are present or configured.

    `measured_bytes` is the measured memory of models, by repository.
    """
    locks, used = store.locks(), models_in_use(config) if config else {}
    known = {each.repository: each for each in known_models()}
    others = sorted({*locks, *store.repositories(), *used} - known.keys())
    for each in (*known.values(), *map(find_model, others)):
        locked = locks.get(each.repository)
        measured = (measured_bytes or {}).get(each.repository, 0)
        memory_bytes = measured or each.memory_bytes(on_host=room.is_host)
        yield ModelRow(
            name=each.name or each.repository,
            repository=each.repository,
            does=each.does,
            about=each.about,
            licence=licence_of(each, locked),
            state=store.model_state(each.repository, locked),
            bytes=locked.bytes if locked else 0,
            download_bytes=each.download_bytes,
            memory_bytes=memory_bytes,
            is_measured=bool(measured),
            fits=room.fits(memory_bytes),
            commit=locked.commit if locked else "",
            pulled=locked.pulled if locked else "",
            used_by=used.get(each.repository, ()),
        )


def licence_of(entry: CatalogueEntry, locked: LockedModel | None) -> str:
    """The licence that the repository named at the pull, in the catalogue's spelling if known."""
    named = locked.licence if locked else ""
    return entry.licence if named.lower() in ("", entry.licence.lower()) else named


def model_table(found: Sequence[ModelRow]) -> Iterator[str]:
    """Format rows in columns; then list the configuration keys that use each model."""
    columns = {
        "NAME": [row.name for row in found],
        "DOES": [row.does for row in found],
        "STATE": [row.state.value for row in found],
        "SIZE": [_disk(row) for row in found],
        "MEMORY": [_memory(row) for row in found],
        "FITS": [{True: "yes", False: "no", None: "?"}[row.fits] for row in found],
        "LICENCE": [row.licence for row in found],
        "REPOSITORY": [row.repository for row in found],
    }
    widths = [max(map(len, (head, *cells))) for head, cells in columns.items()]
    for line in (columns.keys(), *zip(*columns.values(), strict=True)):
        padded = map(str.ljust, line, widths)
        yield printable("  ".join(padded).rstrip())


def use_lines(found: Sequence[ModelRow]) -> Iterator[str]:
    """The configuration keys that use each model, and the meaning of the table's figures."""
    for row in found:
        if row.used_by:
            yield f"{row.name} is used by {', '.join(row.used_by)}."
    yield "A size with ~ is what a pull fetches; memory with ~ is computed, not measured here."


def _disk(row: ModelRow) -> str:
    return size(row.bytes) if row.bytes else _about(row.download_bytes)


def _memory(row: ModelRow) -> str:
    return size(row.memory_bytes) if row.is_measured else _about(row.memory_bytes)


def _about(bytes: int) -> str:
    return f"~{size(bytes)}" if bytes else "?"
