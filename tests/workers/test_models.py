"""Models in a real worker: warm within a budget, and borne when memory runs out."""

import asyncio
import re
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from narrated.engines.engine_spec import EngineSpec
from narrated.engines.model_interface import ModelResources
from narrated.errors import EngineError, EngineUnavailable, WorkerLost
from workers.support import ENGINES, Watched, running, say, spec

MB = 10**6


def hungry(engine="hungry", **options):
    return EngineSpec(engine, "speech", "hungry", 400, True, path=ENGINES, options=options)


def models(*engines, memory_mb=0, idle_unload_s=1e9, warms=True, **more):
    home = ModelResources(
        device="cpu",
        memory_bytes=memory_mb * MB,
        idle_unload_s=idle_unload_s,
        warms_at_once=warms,
    )
    return replace(spec(*engines, name="models", **more), home=home)


def warmth(watched):
    return {model.name: model.warmth for model in watched.pool.states()[0].models}


async def until_warmth(watched, wanted):
    """Wait until the worker told that its models stand so; fails with how they stand."""
    for _ in range(100):
        if warmth(watched) == wanted:
            return
        await asyncio.sleep(0.05)
    assert warmth(watched) == wanted


def leave_it(worker, mb):
    """Let a worker's address space grow by so much from now on, and no more."""
    sizes = Path(f"/proc/{worker.pid}/status").read_text()
    now = int(re.search(r"VmSize:\s*(\d+) kB", sizes)[1]) * 1024
    resource.prlimit(worker.pid, resource.RLIMIT_AS, (now + mb * MB, resource.RLIM_INFINITY))


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


async def announced(watched, engine="hungry"):
    await watched.until(lambda: watched.pool.workers and engine in watched.pool.workers[0].engines)
    return watched.pool.workers[0]


def test_batch_halves_until_it_fits(tmp_path):
    """A batch that does not fit is halved until it does."""

    async def story():
        eager = hungry(rows=8, row_mb=100, widths=str(tmp_path / "widths"))
        async with running(models(eager)) as watched:
            worker = await announced(watched)
            await say(worker, "one", "hungry")
            leave_it(worker, 350)
            spoken = await asyncio.gather(*(say(worker, "Hello", "hungry") for _ in range(8)))
            assert all(each.payload for each in spoken)
            assert watched.pool.states()[0].restarts == 0
        widths = [int(width) for width in lines(tmp_path / "widths")[1:]]
        assert max(widths) > 4 > max(widths[-3:]) == 2

    asyncio.run(story())


def test_others_make_room_at_one():
    """If a batch of one does not fit, the other models make room."""

    async def story():
        lazy = hungry("lazy", name="a/lazy", weights_mb=300)
        eager = hungry("eager", name="an/eager", rows=1, row_mb=250)
        async with running(models(lazy, eager)) as watched:
            worker = await announced(watched, "eager")
            await until_warmth(watched, {"a/lazy": "warm", "an/eager": "warm"})
            leave_it(worker, 100)
            assert (await say(worker, "Hello", "eager")).payload
            await until_warmth(watched, {"a/lazy": "absent", "an/eager": "warm"})

    asyncio.run(story())


def test_too_large_fails_with_figures():
    """A request that never fits fails alone, with the memory needed and free."""

    async def story():
        async with running(models(hungry(rows=1, row_mb=400))) as watched:
            worker = await announced(watched)
            leave_it(worker, 100)
            with pytest.raises(EngineError) as refusal:
                await say(worker, "Hello", "hungry")
            assert "400 MB more were needed" in str(refusal.value)
            free_mb = int(re.search(r"and (\d+) MB of", str(refusal.value))[1])
            assert free_mb <= 100
            assert "models: {memory" in str(refusal.value)
            leave_it(worker, 1000)
            assert (await say(worker, "Hello", "hungry")).payload

    asyncio.run(story())


def test_budget_drops_least_recent(tmp_path):
    """The least recently used model goes if the budget is exceeded."""

    async def story():
        engines = [hungry(name, name=f"a/{name}", weights_mb=100) for name in ("a", "b", "c")]
        async with running(models(*engines, memory_mb=250)) as watched:
            worker = await announced(watched, "c")
            for name in ("a", "b"):
                await say(worker, "Hello", name)
            await say(worker, "Hello", "c")
            await until_warmth(watched, {"a/a": "absent", "a/b": "warm", "a/c": "warm"})
            await say(worker, "Hello", "a")
            await until_warmth(watched, {"a/a": "warm", "a/b": "absent", "a/c": "warm"})

    asyncio.run(story())


def test_engines_over_budget_alternate(tmp_path):
    """Engines that do not fit together take turns."""

    async def story():
        logs = {name: tmp_path / name for name in ("a", "b")}
        engines = [
            hungry(name, name=f"a/{name}", weights_mb=100, rows=2, read_log=str(log))
            for name, log in logs.items()
        ]
        async with running(models(*engines, memory_mb=150)) as watched:
            worker = await announced(watched, "b")
            answers = [say(worker, "Hello", name) for _ in range(2) for name in ("a", "b")]
            assert all(spoken.payload for spoken in await asyncio.gather(*answers))
        assert len(lines(logs["a"])) + len(lines(logs["b"])) <= 4  # not one reading a step

    asyncio.run(story())


def test_engines_do_not_evict_for_ever():
    """Engines that turn out not to fit together do not evict each other for ever."""

    async def story():
        engines = [
            hungry(name, name=f"a/{name}", weights_mb=100, rows=2, steps=6) for name in ("a", "b")
        ]
        async with running(models(*engines, memory_mb=150, warms=False)) as watched:
            worker = await announced(watched, "b")
            answers = [say(worker, "Hello", name) for _ in range(3) for name in ("a", "b")]
            async with asyncio.timeout(60):
                assert all(spoken.payload for spoken in await asyncio.gather(*answers))

    asyncio.run(story())


def test_room_lasts_until_request_ends():
    """An engine that needed the room finishes before the others come back."""

    async def story():
        engines = [
            hungry(name, name=f"a/{name}", weights_mb=50, row_mb=300, rows=1, steps=4)
            for name in ("a", "b")
        ]
        async with running(models(*engines)) as watched:
            worker = await announced(watched, "b")
            await until_warmth(watched, {"a/a": "warm", "a/b": "warm"})
            leave_it(worker, 270)  # enough for a row where the other's weights have gone
            answers = [say(worker, "Hello", name) for name in ("a", "b", "a", "b")]
            async with asyncio.timeout(60):
                assert all(spoken.payload for spoken in await asyncio.gather(*answers))

    asyncio.run(story())


def test_missing_engine_is_retried(tmp_path):
    """A missing engine is tried again while others work."""

    async def story():
        broken = tmp_path / "broken"
        broken.touch()
        mended = hungry("mended", name="a/mended", broken=str(broken))
        shown = models(hungry(name="a/other"), mended, again_s=0.3)
        async with running(shown) as watched:
            worker = await announced(watched)
            broken.unlink()
            async with asyncio.timeout(10):
                while "mended" not in worker.engines:
                    assert (await say(worker, "Hello", "hungry")).payload

    asyncio.run(story())


def test_retry_warms_no_other_engine(tmp_path):
    """A new try of a missing engine warms no other engine."""

    async def story():
        broken, log = tmp_path / "broken", tmp_path / "read"
        broken.touch()
        missing = hungry("missing", name="a/missing", broken=str(broken))
        shown = models(hungry(read_log=str(log)), missing, idle_unload_s=0.2, again_s=0.2)
        async with running(shown) as watched:
            await announced(watched)
            await asyncio.sleep(2)
            (model,) = watched.pool.states()[0].models
            assert (model.warmth, model.engines) == ("absent", ("hungry",))
        assert lines(log) == ["read"]

    asyncio.run(story())


def test_reload_during_start_wins():
    """A configuration that changes while the worker starts is the one used."""

    async def story():
        watched = Watched(models(hungry("old", name="a/old")))
        await watched.pool.start()
        await asyncio.sleep(0)  # its process is being started
        await watched.pool.apply([models(hungry("new", name="a/new"))])
        try:
            assert set((await announced(watched, "new")).engines) == {"new"}
        finally:
            await watched.pool.stop()

    asyncio.run(story())


def test_model_over_budget_is_refused():
    """A model larger than the budget is refused with both figures."""

    async def story():
        async with running(models(hungry(weights_mb=300), memory_mb=200)) as watched:
            await watched.until(lambda: watched.pool.unavailable("hungry"))
            problem = str(watched.pool.unavailable("hungry"))
            assert "takes 300 MB, and 200 MB are allowed" in problem

    asyncio.run(story())


def test_engines_share_weights(tmp_path):
    """Engines of one model share its weights."""

    async def story():
        log = tmp_path / "read"
        engines = [hungry(name, read_log=str(log)) for name in ("calm", "lively")]
        async with running(models(*engines)) as watched:
            worker = await announced(watched, "lively")
            for name in ("calm", "lively"):
                await say(worker, "Hello", name)
            assert [m.engines for m in watched.pool.states()[0].models] == [("calm", "lively")]
        assert lines(log) == ["read"]

    asyncio.run(story())


def test_reload_keeps_models_warm(tmp_path):
    """A reload keeps unchanged models warm."""

    async def story():
        log = tmp_path / "read"
        kept = hungry("kept", name="a/kept", read_log=str(log))
        before = models(kept, hungry("gone", name="a/gone"), hungry("same", rows=8))
        async with running(before) as watched:
            worker = await announced(watched, "same")
            slow = say(worker, "Hello", "same")
            await watched.pool.apply(
                [models(kept, hungry("same", rows=4), hungry("new", name="b/b"))]
            )
            await watched.until(lambda: "new" in worker.engines)
            assert (await slow).payload
            assert set(worker.engines) == {"kept", "same", "new"}
            assert worker.engines["same"].rows == 4
            assert watched.pool.workers[0].pid == worker.pid
            await until_warmth(watched, dict.fromkeys(("a/kept", "a/hungry", "b/b"), "warm"))
            assert (await say(worker, "Hello", "kept")).payload
        assert lines(log) == ["read"]

    asyncio.run(story())


def test_moved_cache_keeps_model_warm(
    tmp_path,
):
    """An engine is told a changed cache folder, and its model stays warm."""

    async def story():
        log = tmp_path / "read"
        before = models(hungry(read_log=str(log)))
        before = replace(before, home=replace(before.home, cache=str(tmp_path / "here")))
        async with running(before) as watched:
            worker = await announced(watched)
            assert worker.engines["hungry"].identity.endswith(f"keeps in {tmp_path}/here")
            moved = replace(before, home=replace(before.home, cache=str(tmp_path / "there")))
            await watched.pool.apply([moved])
            await watched.until(
                lambda: worker.engines["hungry"].identity.endswith(f"keeps in {tmp_path}/there")
            )
            assert (await say(worker, "Hello", "hungry")).payload
        assert lines(log) == ["read"]

    asyncio.run(story())


def test_idle_model_unloads_and_returns(tmp_path):
    """An idle model leaves the device and comes back on demand."""

    async def story():
        log = tmp_path / "read"
        async with running(models(hungry(read_log=str(log)), idle_unload_s=0.4)) as watched:
            worker = await announced(watched)
            assert (await say(worker, "Hello", "hungry")).payload
            assert warmth(watched)["a/hungry"] == "warm"
            await until_warmth(watched, {"a/hungry": "absent"})
            assert (await say(worker, "Hello", "hungry")).payload
        assert lines(log) == ["read", "read"]

    asyncio.run(story())


def test_lost_device_restarts_worker():
    """A broken device restarts only its own worker."""

    async def story():
        async with running(models(hungry()), spec()) as watched:
            await watched.until(lambda: len(watched.pool.workers) == 2)
            first, other = (w.pid for w in watched.pool.workers)
            lost = next(w for w in watched.pool.workers if "hungry" in w.engines)
            with pytest.raises(WorkerLost, match="The device failed"):
                await say(lost, "LOST", "hungry")
            await watched.until(
                lambda: len({w.pid for w in watched.pool.workers} - {lost.pid}) == 2
            )
            pids = {w.pid for w in watched.pool.workers}
            assert len(pids & {first, other}) == 1
            fresh = (
                await announced(watched) if "hungry" in watched.pool.workers[0].engines else None
            )
            fresh = fresh or next(w for w in watched.pool.workers if "hungry" in w.engines)
            assert (await say(fresh, "Hello", "hungry")).payload

    asyncio.run(story())


def test_measurements_outlive_worker():
    """The next worker knows the measured memory."""

    async def story():
        async with running(models(hungry(weights_mb=50, row_mb=120, rows=2))) as watched:
            worker = await announced(watched)
            await asyncio.gather(*(say(worker, "Hello", "hungry") for _ in range(2)))
            await asyncio.sleep(0.1)
            (model,) = watched.pool.states()[0].models
            assert model.weights_bytes // MB == 50
            assert 230 * MB < model.working_bytes < 300 * MB
            assert model.real_time_factor > 0 and model.idle_s < 5
            worker._child.kill()
            await watched.worker(other_than=worker.pid)
            await until_warmth(watched, {"a/hungry": "warm"})
            (again,) = watched.pool.states()[0].models
            assert again.weights_bytes // MB == 50

    asyncio.run(story())


def test_unreadable_model_is_retried(tmp_path):
    """An unreadable model makes its engine unavailable until it can be read."""

    async def story():
        broken = tmp_path / "broken"
        broken.touch()
        async with running(models(hungry(broken=str(broken)), again_s=0.2)) as watched:
            await watched.until(lambda: watched.pool.unavailable("hungry"))
            assert "models verify a/hungry" in str(watched.pool.unavailable("hungry"))
            broken.unlink()
            worker = await announced(watched)
            assert (await say(worker, "Hello", "hungry")).payload

    asyncio.run(story())


def test_unreadable_reload_makes_wait(tmp_path):
    """A model that becomes unreadable while unloaded makes its files wait."""

    async def story():
        broken = tmp_path / "broken"
        shown = models(hungry(broken=str(broken)), idle_unload_s=0.2, again_s=0.2)
        async with running(shown) as watched:
            worker = await announced(watched)
            assert (await say(worker, "Hello", "hungry")).payload
            broken.touch()
            await until_warmth(watched, {"a/hungry": "absent"})
            with pytest.raises(EngineUnavailable, match="cannot be read"):
                await say(worker, "Hello", "hungry")
            broken.unlink()
            await announced(watched)

    asyncio.run(story())


def test_waiting_keeps_shared_model(tmp_path):
    """A waiting engine does not take a shared model from a working one."""

    async def story():
        log = tmp_path / "read"
        engines = [
            hungry(name, name="a/shared", weights_mb=100, row_mb=80, rows=1, steps=6)
            for name in ("a", "b")
        ]
        engines = [replace(e, options={**e.options, "read_log": str(log)}) for e in engines]
        async with running(models(*engines, memory_mb=200)) as watched:
            worker = await announced(watched, "b")
            answers = [say(worker, "Hello", name) for name in ("a", "b", "a", "b")]
            assert all(spoken.payload for spoken in await asyncio.gather(*answers))
        assert lines(log) == ["read"]

    asyncio.run(story())
