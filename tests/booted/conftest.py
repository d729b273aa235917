"""The systemds under which the service is tried."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.booted import HERE, TRIXIE, why_not
from support.box import Box, installed


def _from(root: Path, name: str) -> object:
    skipped = pytest.mark.skipif(bool(why_not(root)), reason=why_not(root))
    return pytest.param(root, id=name, marks=[pytest.mark.peers, skipped])


@pytest.fixture(scope="module", params=[_from(HERE, "here"), _from(TRIXIE, "trixie")])
def root(request: pytest.FixtureRequest) -> Path:
    """A booted root: this machine's systemd, and Debian 13's."""
    return Path(request.param)


@pytest.fixture(scope="module")
def box(root: Path, request: pytest.FixtureRequest) -> Iterator[Box]:
    """The service for the whole box; a module may configure more of it in CONFIGURATION."""
    with installed(root, **getattr(request.module, "CONFIGURATION", {})) as box:
        yield box
