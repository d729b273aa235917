"""The threads of a worker: its share of the cores, within the quota of its control group."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from narrated.engines.interface import WeightsLocation
from narrated.engines.model_resources import ModelResources
from narrated.engines.neural import host_threads
from narrated.engines.neural.host_device import HostDevice
from narrated.engines.neural.host_threads import quota_cores, share_cores, threads_of
from narrated.engines.neural.torch_device import TorchDevice
from narrated.workers.model_memory_budget import ModelMemoryBudget

CPU = TorchDevice(torch.device("cpu"))


@dataclass
class Held:
    """A model that is never warm."""

    key: str
    device: Any
    weights_bytes: int = 0
    warmth = WeightsLocation.ABSENT


@pytest.fixture
def eight_cores(monkeypatch):
    """A host of eight cores for every library; the threads of before stand again behind it."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(host_threads, "_cores", lambda: 8)
    monkeypatch.setattr(host_threads, "allowed_cores", lambda: 8)
    monkeypatch.setattr(host_threads, "_workers", 1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("cores", "workers", "threads"), [(8, 1, 8), (8, 2, 4), (8, 3, 2), (2, 3, 1), (1, 1, 1)]
)
def test_workers_share_the_cores(cores, workers, threads):
    """Several workers with models take together no more threads than there are cores."""
    assert threads_of(cores, workers) == threads


def test_quota_of_any_group_above_holds(tmp_path, monkeypatch):
    """The smallest CPU quota of a group and of those above it bounds the threads."""
    monkeypatch.setattr(host_threads, "_GROUPS", tmp_path)
    group = tmp_path / "system.slice" / "narrated.service"
    group.mkdir(parents=True)
    unbounded = quota_cores(group)
    (group / "cpu.max").write_text("max 100000\n")
    assert quota_cores(group) == unbounded
    (group.parent / "cpu.max").write_text("150000 100000\n")
    assert quota_cores(group) == 2
    (group / "cpu.max").write_text("nonsense\n")
    assert quota_cores(group) == 2


def test_threads_that_the_user_set_stay(monkeypatch):
    """A number of threads in the environment stays."""
    before = torch.get_num_threads()
    monkeypatch.setattr(host_threads, "_workers", 1)  # as it stands again behind this test
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    share_cores(1000)
    assert torch.get_num_threads() == before
    monkeypatch.delenv("OMP_NUM_THREADS")
    try:
        share_cores(1000)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize("kinds", [("host", "torch", "host"), ("torch", "host", "torch")])
def test_share_holds_whichever_is_first(kinds):
    """Models of every library have the worker's share, in whatever order they are held."""
    torch.set_num_threads(8)
    budget = ModelMemoryBudget(ModelResources(workers_on_host=2))
    torch.set_num_threads(8)  # as a library that a model brings begins
    devices = {"host": HostDevice(), "torch": CPU}
    for number, kind in enumerate(kinds):
        budget.hold(Held(str(number), devices[kind]))
    assert (torch.get_num_threads(), devices["host"].threads, HostDevice().threads) == (4, 4, 4)


@pytest.mark.usefixtures("eight_cores")
def test_share_follows_a_reload():
    """A worker that goes on through a reload has the share of the workers of now."""
    one = ModelResources(workers_on_host=1)
    budget, host = ModelMemoryBudget(one), HostDevice()
    for kind, device in (("torch", CPU), ("host", host)):
        budget.hold(Held(kind, device))
    for workers, threads in ((2, 4), (1, 8)):
        budget.change(replace(one, workers_on_host=workers), {})
        assert (torch.get_num_threads(), host.threads) == (threads, threads)
