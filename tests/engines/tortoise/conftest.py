"""A tiny checkpoint of Tortoise, and an engine of it with two voices, made once."""

import pytest

from engines.checkpoints.tortoise import tortoise
from engines.tortoise.recordings import recorded
from engines.tortoise.speaking import warmed, watched
from engines.tortoise.stage_driver import TortoiseDriver
from support.engine_context import PlainContext


@pytest.fixture(scope="session", autouse=True)
def at_once():
    """Voices count as soon as they are there: most tests ask what one is, and not since when."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("narrated.engines.tortoise.voices.SETTLE_S", 0.0)
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tortoise(tmp_path_factory.mktemp("tortoise"), seed=9)


@pytest.fixture(scope="session")
def driver(folder):
    return TortoiseDriver(folder)


@pytest.fixture(scope="session")
def voices(tmp_path_factory):
    """Two voices of two clips each, where users keep theirs."""
    own = tmp_path_factory.mktemp("voices")
    recorded(own / "anna", count=2, seed=1)
    recorded(own / "bert", count=2, seed=2)
    return own


@pytest.fixture(scope="session")
def context(voices, tmp_path_factory):
    return PlainContext(voices=voices, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def engine(folder, context):
    return warmed(folder, context)


@pytest.fixture
def rows(engine, monkeypatch):
    """The outcome of every request, by its id, behind the engine's door."""
    return watched(engine, monkeypatch)
