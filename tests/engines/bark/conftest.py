"""Tiny checkpoints of Bark, made once."""

import pytest

from engines.bark.stage_driver import BarkDriver
from engines.checkpoints.bark import bark


@pytest.fixture(scope="session", autouse=True)
def _threads(one_thread):
    """Use one thread."""


@pytest.fixture(scope="session")
def greedy_folder(tmp_path_factory):
    return bark(
        tmp_path_factory.mktemp("greedy"),
        seed=1,
        ends=2.2,
        max_new_tokens=40,
        do_sample=False,
        fine_temperature=1.0,
        min_eos_p=None,
        fine_window=1024,
    )


@pytest.fixture(scope="session")
def sampling_folder(tmp_path_factory):
    return bark(tmp_path_factory.mktemp("sampling"), seed=4, max_new_tokens=12, coarse_window=20)


@pytest.fixture(scope="session")
def greedy(greedy_folder):
    """Everything takes the likeliest, as transformers does in its `generate`."""
    return BarkDriver(greedy_folder)


@pytest.fixture(scope="session")
def sampling(sampling_folder):
    return BarkDriver(sampling_folder)
