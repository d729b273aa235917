"""What tests of several engines need."""

import pytest


@pytest.fixture
def hooked():
    """Hooks on a model that are gone behind the test."""
    hooks = []
    yield hooks.append
    for hook in hooks:
        hook.remove()
