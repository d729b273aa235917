"""The threads of a worker: its share of the cores, within the quota of its control group."""

import pytest
import torch

from narrated.engines.neural import host_threads
from narrated.engines.neural.host_threads import quota_cores, share_cores, threads_of


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
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    share_cores(1000)
    assert torch.get_num_threads() == before
    monkeypatch.delenv("OMP_NUM_THREADS")
    try:
        share_cores(1000)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
