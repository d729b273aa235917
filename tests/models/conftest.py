"""A hub on loopback that has a model, and a store for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.puller import MODEL, NAME, Puller
from narrated.models.store import ModelStore
from support.hub import LoopbackHub, serving


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    """A hub that has a model in one commit."""
    with serving() as hub:
        hub.commit(NAME, MODEL)
        yield hub


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """An empty folder of models, not made yet."""
    return ModelStore(tmp_path / "state/models")


@pytest.fixture
def puller(hub: LoopbackHub, store: ModelStore) -> Puller:
    """Pulls from that hub onto that store."""
    return Puller(hub, store)
