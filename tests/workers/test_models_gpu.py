"""Tests of the budget that need a card: parked in host memory, bounded, broken."""

import asyncio
from dataclasses import replace

import pytest

from narrated.engines.model_resources import ModelResources
from narrated.errors import EngineError, WorkerLost
from workers.support import running, say
from workers.test_models import MB, announced, hungry, lines, locations, models, until_located

pytestmark = pytest.mark.gpu


def on_card(*engines, memory_mb=0, **more):
    home = ModelResources(device="cuda", memory_bytes=memory_mb * MB, **more)
    return replace(models(*engines), resources=home)


def test_evicted_model_is_parked(tmp_path):
    """An evicted model is parked in memory and comes back without a read from disk."""

    async def story():
        logs = {name: tmp_path / name for name in ("a", "b")}
        engines = [
            hungry(name, name=f"a/{name}", weights_mb=200, read_log=str(log))
            for name, log in logs.items()
        ]
        async with running(on_card(*engines, memory_mb=300)) as watched:
            worker = await announced(watched, "b")
            for name in ("a", "b", "a"):
                assert (await say(worker, "Hello", name)).payload
            await until_located(watched, {"a/a": "warm", "a/b": "parked"})
        assert [lines(log) for log in logs.values()] == [["read"], ["read"]]

    asyncio.run(story())


def test_idle_models_are_parked():
    async def story():
        async with running(on_card(hungry(), idle_unload_s=0.3)) as watched:
            worker = await announced(watched)
            assert (await say(worker, "Hello", "hungry")).payload
            await until_located(watched, {"a/hungry": "parked"})
            assert (await say(worker, "Hello", "hungry")).payload

    asyncio.run(story())


def test_budget_bounds_gpu_memory(tmp_path):
    """The budget bounds the memory of the GPU, and batches are halved within it."""

    async def story():
        eager = hungry(rows=8, row_mb=100, weights_mb=50, widths=str(tmp_path / "widths"))
        async with running(on_card(eager, memory_mb=350)) as watched:
            worker = await announced(watched)
            spoken = await asyncio.gather(*(say(worker, "Hello", "hungry") for _ in range(8)))
            assert all(each.payload for each in spoken)
            (model,) = watched.pool.states()[0].models
            assert model.weights_bytes + model.working_bytes <= 350 * MB
        assert max(int(width) for width in lines(tmp_path / "widths")[-3:]) <= 2

    asyncio.run(story())


def test_too_large_fails_with_figures():
    """A request that never fits says the memory needed and free."""

    async def story():
        async with running(on_card(hungry(rows=1, row_mb=900), memory_mb=300)) as watched:
            worker = await announced(watched)
            with pytest.raises(EngineError, match=r"more were needed, and [\d.]+ .B of"):
                await say(worker, "Hello", "hungry")

    asyncio.run(story())


def test_broken_context_restarts_worker():
    """A broken GPU context restarts only its own worker."""

    async def story():
        async with running(on_card(hungry())) as watched:
            worker = await announced(watched)
            with pytest.raises(WorkerLost, match="The device failed"):
                await say(worker, "LOST", "hungry")
            fresh = await watched.worker(other_than=worker.pid)
            assert (await say(fresh, "Hello", "hungry")).payload
            assert locations(watched) == {"a/hungry": "warm"}

    asyncio.run(story())
