"""A tiny checkpoint of Tortoise, made once."""

import pytest
import torch

from engines.checkpoints.tortoise import tortoise
from engines.tortoise.driving import Bench
from narrated.engines.tortoise import voices


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny matrices are not worth parting, and on a busy machine threads wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session", autouse=True)
def at_once():
    """Voices count as soon as they are there: most tests ask what one is, and not since when."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(voices, "SETTLE_S", 0.0)
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tortoise(tmp_path_factory.mktemp("tortoise"), seed=9)


@pytest.fixture(scope="session")
def bench(folder):
    return Bench(folder)
