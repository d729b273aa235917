"""One daemon for all tests of a module that leave it as they found it: each uses its own names."""

from collections.abc import Iterator

import pytest

from support.daemon import Daemon, running


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A ready daemon with the toy engine and the defaults of the tests."""
    with running(tmp_path_factory.mktemp("daemon")) as ready:
        yield ready
