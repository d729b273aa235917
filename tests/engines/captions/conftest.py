"""Tiny checkpoints, made once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from engines.checkpoints.captions import FAMILIES


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of a family's tiny checkpoint by the family's name."""
    made: dict[str, Path] = {}

    def of(family: str) -> Path:
        if family not in made:
            folder = tmp_path_factory.mktemp("checkpoints") / family
            made[family] = FAMILIES[family](folder)
        return made[family]

    return of


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost tiny models more than they bring, most where others use the cores too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
