"""Tiny checkpoints, made once."""

from collections.abc import Callable
from pathlib import Path

import pytest

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
def _threads(one_thread: None) -> None:
    """Use one thread."""
