"""Fixtures for the tests of several engines."""

import pytest


@pytest.fixture
def hooked():
    """Hooks on a model that are gone behind the test."""
    hooks = []
    yield hooks.append
    for hook in hooks:
        hook.remove()


@pytest.fixture(scope="session")
def one_thread():
    """Threads cost tiny models more than they bring, most where others use the cores too."""
    import torch  # the fast tests have none

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
