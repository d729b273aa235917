"""Models in a real worker: warm within a budget, and borne when memory runs out."""

import asyncio
import re
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import EngineSpec
from narrated.errors import EngineError, EngineUnavailable, WorkerLost
from workers.support import ENGINES, Watched, eventually, say, spec, toy

MB = 10**6


def hungry(engine="hungry", **options):
    held = {"holds_models": True, "path": ENGINES}
    return EngineSpec(engine, "speech", "memory_hog", 400, **held, options=options)


def models(*engines, memory_mb=0, idle_unload_s=1e9, warms=True, **more):
    home = ModelResources(
        device="cpu",
        memory_bytes=memory_mb * MB,
        idle_unload_s=idle_unload_s,
        warms_at_once=warms,
    )
    return replace(spec(*engines, name="models", **more), resources=home)


def locations(watched):
    return {model.name: model.warmth for model in watched.pool.states()[0].models}


async def until_located(watched, wanted):
    """Wait until the worker told that its models stand so."""
    await eventually(lambda: locations(watched) == wanted)


def leave_it(worker, mb):
    """Let a worker's address space grow by so much from now on, and no more."""
    sizes = Path(f"/proc/{worker.pid}/status").read_text()
    now = int(re.search(r"VmSize:\s*(\d+) kB", sizes)[1]) * 1024
    resource.prlimit(worker.pid, resource.RLIMIT_AS, (now + mb * MB, resource.RLIM_INFINITY))


def lift_limit(pid):
    """Let a worker's address space grow as it will again."""
    resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


async def announced(watched, engine="hungry"):
    await watched.until(lambda: watched.pool.workers and engine in watched.pool.workers[0].engines)
    return watched.pool.workers[0]


class SharedWorker:
    """One worker for this module's tests, changed from test to test: torch loads slowly.

    It remembers the sizes of models by their names, so each test names its own.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._watched = Watched(IDLE)
        self.run(self._watched.pool.start())

    def run(self, story):
        return self._runner.run(story)

    @asynccontextmanager
    async def running(self, *specs) -> AsyncIterator[Watched]:
        pool = self._watched.pool
        await announced(self._watched, "idle")
        await pool.apply(specs)
        try:
            await self._watched.until(lambda: all("idle" not in w.engines for w in pool.workers))
            yield self._watched
        finally:
            for state in pool.states():
                if state.pid is not None:
                    lift_limit(state.pid)
            await pool.apply([IDLE])
            await self._watched.until(lambda: [set(w.engines) for w in pool.workers] == [{"idle"}])

    def close(self) -> None:
        self.run(self._watched.pool.stop())
        self._runner.close()


IDLE = models(hungry("idle", name="a/idle"))


@pytest.fixture(scope="module")
def shared() -> Iterator[SharedWorker]:
    worker = SharedWorker()
    yield worker
    worker.close()


def test_batch_halves_until_it_fits(shared, tmp_path):
    """A batch that does not fit is halved until it does."""

    async def story():
        eager = hungry(rows=8, row_mb=50, widths=str(tmp_path / "widths"))
        async with shared.running(models(eager)) as watched:
            worker = await announced(watched)
            await say(worker, "one", "hungry")
            before = watched.pool.states()[0].restarts
            leave_it(worker, 175)
            spoken = await asyncio.gather(*(say(worker, "Hello", "hungry") for _ in range(8)))
            assert all(each.payload for each in spoken)
            assert watched.pool.states()[0].restarts == before
        widths = [int(width) for width in lines(tmp_path / "widths")[1:]]
        assert max(widths) > 4 > max(widths[-3:]) == 2

    shared.run(story())


def test_others_make_room_at_one(shared):
    """The other models make room if a batch of one does not fit."""

    async def story():
        lazy = hungry("lazy", name="a/lazy", weights_mb=150)
        eager = hungry("eager", name="an/eager", rows=1, row_mb=120)
        async with shared.running(models(lazy, eager)) as watched:
            worker = await announced(watched, "eager")
            await until_located(watched, {"a/lazy": "warm", "an/eager": "warm"})
            leave_it(worker, 50)
            assert (await say(worker, "Hello", "eager")).payload
            await until_located(watched, {"a/lazy": "absent", "an/eager": "warm"})

    shared.run(story())


def test_too_large_fails_with_figures(shared):
    """A request that never fits fails alone, with the memory needed and free."""

    async def story():
        async with shared.running(models(hungry(rows=1, row_mb=400))) as watched:
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

    shared.run(story())


def test_budget_drops_least_recent(shared, tmp_path):
    """The least recently used model goes if the budget is exceeded."""

    async def story():
        engines = [hungry(name, name=f"a/{name}", weights_mb=100) for name in ("a", "b", "c")]
        async with shared.running(models(*engines, memory_mb=250)) as watched:
            worker = await announced(watched, "c")
            for name in ("a", "b"):
                await say(worker, "Hello", name)
            await say(worker, "Hello", "c")
            await until_located(watched, {"a/a": "absent", "a/b": "warm", "a/c": "warm"})
            await say(worker, "Hello", "a")
            await until_located(watched, {"a/a": "warm", "a/b": "absent", "a/c": "warm"})

    shared.run(story())


def test_engines_over_budget_alternate(shared, tmp_path):
    """Engines that do not fit together take turns."""

    async def story():
        logs = {name: tmp_path / name for name in ("a", "b")}
        engines = [
            hungry(name, name=f"turns/{name}", weights_mb=100, rows=2, steps=6, read_log=str(log))
            for name, log in logs.items()
        ]
        async with shared.running(models(*engines, memory_mb=150)) as watched:
            worker = await announced(watched, "b")
            answers = [say(worker, "Hello", name) for _ in range(2) for name in ("a", "b")]
            assert all(spoken.payload for spoken in await asyncio.gather(*answers))
        # Two while they warm, and one for each request at most: not one for each of 24 steps.
        assert len(lines(logs["a"])) + len(lines(logs["b"])) <= 6

    shared.run(story())


def test_engines_do_not_evict_for_ever(shared):
    """Engines that turn out not to fit together do not evict each other for ever."""

    async def story():
        engines = [
            hungry(name, name=f"unknown/{name}", weights_mb=100, rows=2, steps=6)
            for name in ("a", "b")
        ]
        async with shared.running(models(*engines, memory_mb=150, warms=False)) as watched:
            worker = await announced(watched, "b")
            answers = [say(worker, "Hello", name) for _ in range(3) for name in ("a", "b")]
            async with asyncio.timeout(60):
                assert all(spoken.payload for spoken in await asyncio.gather(*answers))

    shared.run(story())


def test_room_lasts_until_request_ends(shared):
    """An engine that needed the room finishes before the others come back."""

    async def story():
        engines = [
            hungry(name, name=f"room/{name}", weights_mb=50, row_mb=100, rows=1, steps=3)
            for name in ("a", "b")
        ]
        async with shared.running(models(*engines)) as watched:
            worker = await announced(watched, "b")
            await until_located(watched, {"room/a": "warm", "room/b": "warm"})
            leave_it(worker, 75)  # enough for a row where the other's weights have gone
            answers = [say(worker, "Hello", name) for name in ("a", "b", "a", "b")]
            async with asyncio.timeout(60):
                assert all(spoken.payload for spoken in await asyncio.gather(*answers))

    shared.run(story())


def test_missing_engine_is_retried(shared, tmp_path):
    """A missing engine is tried again while others work."""

    async def story():
        broken = tmp_path / "broken"
        broken.touch()
        mended = hungry("mended", name="a/mended", broken=str(broken))
        shown = models(hungry(name="a/other"), mended, again_s=0.3)
        async with shared.running(shown) as watched:
            worker = await announced(watched)
            broken.unlink()
            async with asyncio.timeout(60):
                while "mended" not in worker.engines:
                    assert (await say(worker, "Hello", "hungry")).payload

    shared.run(story())


def test_retry_warms_no_other_engine(shared, tmp_path):
    """A new try of a missing engine warms no other engine."""

    async def story():
        broken, log, tries = tmp_path / "broken", tmp_path / "read", tmp_path / "tries"
        broken.touch()
        missing = hungry("missing", name="a/missing", broken=str(broken), read_log=str(tries))
        shown = models(hungry(read_log=str(log)), missing, idle_unload_s=0.2, again_s=0.2)
        async with shared.running(shown) as watched:
            await announced(watched)
            await until_located(watched, {"a/hungry": "absent"})
            before = len(lines(tries))
            await eventually(lambda: len(lines(tries)) > before + 2)
            (model,) = watched.pool.states()[0].models
            assert (model.warmth, model.engines) == ("absent", ("hungry",))
        assert lines(log) == ["read"]

    shared.run(story())


def test_reload_during_start_wins():
    """A configuration that changes while the worker starts is the one used."""

    def modelled(name):
        return spec(replace(toy(name), holds_models=True), name="models")

    async def story():
        watched = Watched(modelled("old"))
        await watched.pool.start()
        await asyncio.sleep(0)  # its process is being started
        await watched.pool.apply([modelled("new")])
        try:
            assert set((await announced(watched, "new")).engines) == {"new"}
        finally:
            await watched.pool.stop()

    asyncio.run(story())


def test_model_over_budget_is_refused(shared):
    """A model larger than the budget is refused with both figures."""

    async def story():
        async with shared.running(
            models(hungry(name="a/large", weights_mb=300), memory_mb=200)
        ) as watched:
            await watched.until(lambda: watched.pool.unavailable("hungry"))
            problem = str(watched.pool.unavailable("hungry"))
            assert "takes 300 MB, and 200 MB are allowed" in problem

    shared.run(story())


def test_engines_share_weights(shared, tmp_path):
    """Engines of one model share its weights."""

    async def story():
        log = tmp_path / "read"
        engines = [hungry(name, read_log=str(log)) for name in ("calm", "lively")]
        async with shared.running(models(*engines)) as watched:
            worker = await announced(watched, "lively")
            for name in ("calm", "lively"):
                await say(worker, "Hello", name)
            assert [m.engines for m in watched.pool.states()[0].models] == [("calm", "lively")]
        assert lines(log) == ["read"]

    shared.run(story())


def test_reload_keeps_models_warm(shared, tmp_path):
    """A reload keeps unchanged models warm."""

    async def story():
        log = tmp_path / "read"
        kept = hungry("kept", name="a/kept", read_log=str(log))
        before = models(kept, hungry("gone", name="a/gone"), hungry("same", rows=8))
        async with shared.running(before) as watched:
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
            await until_located(watched, dict.fromkeys(("a/kept", "a/hungry", "b/b"), "warm"))
            assert (await say(worker, "Hello", "kept")).payload
        assert lines(log) == ["read"]

    shared.run(story())


def test_moved_cache_keeps_model_warm(shared, tmp_path):
    """An engine is told a changed cache folder, and its model stays warm."""

    async def story():
        log = tmp_path / "read"
        before = models(hungry(read_log=str(log)))
        before = replace(before, resources=replace(before.resources, cache=str(tmp_path / "here")))
        async with shared.running(before) as watched:
            worker = await announced(watched)
            assert worker.engines["hungry"].identity.endswith(f"keeps in {tmp_path}/here")
            moved = replace(
                before, resources=replace(before.resources, cache=str(tmp_path / "there"))
            )
            await watched.pool.apply([moved])
            await watched.until(
                lambda: worker.engines["hungry"].identity.endswith(f"keeps in {tmp_path}/there")
            )
            assert (await say(worker, "Hello", "hungry")).payload
        assert lines(log) == ["read"]

    shared.run(story())


def test_idle_model_unloads_and_returns(shared, tmp_path):
    """An idle model leaves the device and comes back on demand."""

    async def story():
        log = tmp_path / "read"
        before = models(hungry(read_log=str(log)))
        async with shared.running(before) as watched:
            worker = await announced(watched)
            assert (await say(worker, "Hello", "hungry")).payload
            assert locations(watched)["a/hungry"] == "warm"
            await watched.pool.apply([models(hungry(read_log=str(log)), idle_unload_s=0.2)])
            await until_located(watched, {"a/hungry": "absent"})
            assert (await say(worker, "Hello", "hungry")).payload
        assert lines(log) == ["read", "read"]

    shared.run(story())


def test_lost_device_restarts_worker(shared):
    """A broken device restarts only its own worker; the next one knows the measured memory."""

    async def story():
        measured = hungry(name="a/measured", weights_mb=50, row_mb=60, rows=2)
        async with shared.running(models(measured), spec()) as watched:
            await watched.until(lambda: len(watched.pool.workers) == 2)
            lost = next(w for w in watched.pool.workers if "hungry" in w.engines)
            other = next(w for w in watched.pool.workers if w is not lost)
            async with asyncio.timeout(60):  # until two requests share a step
                while watched.pool.states()[0].models[0].working_bytes <= 110 * MB:
                    await asyncio.gather(*(say(lost, "Hello", "hungry") for _ in range(2)))
            (model,) = watched.pool.states()[0].models
            assert model.weights_bytes // MB == 50
            assert model.working_bytes < 180 * MB
            assert model.real_time_factor > 0 and 0 <= model.idle_s < 60
            with pytest.raises(WorkerLost, match="The device failed"):
                await say(lost, "LOST", "hungry")
            await watched.until(
                lambda: len({w.pid for w in watched.pool.workers} - {lost.pid}) == 2
            )
            fresh = next(w for w in watched.pool.workers if "hungry" in w.engines)
            assert {w.pid for w in watched.pool.workers} == {fresh.pid, other.pid}
            await until_located(watched, {"a/measured": "warm"})
            (again,) = watched.pool.states()[0].models
            assert again.weights_bytes // MB == 50
            assert (await say(fresh, "Hello", "hungry")).payload

    shared.run(story())


def test_unreadable_model_is_retried(shared, tmp_path):
    """An unreadable model makes its engine unavailable until it can be read."""

    async def story():
        broken = tmp_path / "broken"
        broken.touch()
        async with shared.running(models(hungry(broken=str(broken)), again_s=0.2)) as watched:
            await watched.until(lambda: watched.pool.unavailable("hungry"))
            assert "models verify a/hungry" in str(watched.pool.unavailable("hungry"))
            broken.unlink()
            worker = await announced(watched)
            assert (await say(worker, "Hello", "hungry")).payload

    shared.run(story())


def test_unreadable_reload_makes_wait(shared, tmp_path):
    """A model that becomes unreadable while unloaded makes its files wait."""

    async def story():
        broken = tmp_path / "broken"
        shown = models(hungry(broken=str(broken)), idle_unload_s=0.2, again_s=0.2)
        async with shared.running(shown) as watched:
            worker = await announced(watched)
            assert (await say(worker, "Hello", "hungry")).payload
            broken.touch()
            await until_located(watched, {"a/hungry": "absent"})
            with pytest.raises(EngineUnavailable, match="cannot be read"):
                await say(worker, "Hello", "hungry")
            broken.unlink()
            await announced(watched)

    shared.run(story())


def test_waiting_keeps_shared_model(shared, tmp_path):
    """A waiting engine does not take a shared model from a working one."""

    async def story():
        log = tmp_path / "read"
        engines = [
            hungry(name, name="a/shared", weights_mb=100, row_mb=80, rows=1, steps=4)
            for name in ("a", "b")
        ]
        engines = [replace(e, options={**e.options, "read_log": str(log)}) for e in engines]
        async with shared.running(models(*engines, memory_mb=200)) as watched:
            worker = await announced(watched, "b")
            answers = [say(worker, "Hello", name) for name in ("a", "b", "a", "b")]
            assert all(spoken.payload for spoken in await asyncio.gather(*answers))
        assert lines(log) == ["read"]

    shared.run(story())
