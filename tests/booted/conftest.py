"""Which systemds the service is tried under."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.booted import HERE, TRIXIE, why_not
from support.box import Box, installed


def _from(root: Path, name: str) -> object:
    skipped = pytest.mark.skipif(bool(why_not(root)), reason=why_not(root))
    return pytest.param(root, id=name, marks=[pytest.mark.peers, skipped])


@pytest.fixture(scope="module", params=[_from(HERE, "here"), _from(TRIXIE, "trixie")])
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    """The service under this machine's systemd, and under Debian 13's.

    A module may name more for the configuration in CONFIGURATION.
    """
    with installed(request.param, **getattr(request.module, "CONFIGURATION", {})) as box:
        yield box
