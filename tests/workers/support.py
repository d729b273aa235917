"""Real workers for tests: a pool that can be waited for."""

import asyncio
import os
import select
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from narrated.engines.registry import EngineSpec
from narrated.workers.pool import WorkerPool
from narrated.workers.worker import Worker, WorkerSpec

ENGINES = str(Path(__file__).parents[1] / "engines")


def toy(name="toy", kind="speech", **options):
    return EngineSpec(name, kind, "toy", 400, path=ENGINES, options={"kind": kind, **options})


def spec(*engines, name="engines", python="", **more):
    patience = {"silence_s": 30.0, "load_s": 30.0, "again_s": 60.0, **more}
    return WorkerSpec(name, python, engines or (toy(),), **patience)


class Watched:
    """A pool, and waiting for its changes."""

    def __init__(self, *specs: WorkerSpec) -> None:
        self._changed = asyncio.Event()
        self.pool = WorkerPool(specs, self._changed.set)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def worker(self, other_than: int | None = None) -> Worker:
        """The first worker that takes work, once there is one with another pid."""
        await self.until(lambda: [w for w in self.pool.workers if w.pid != other_than])
        return next(worker for worker in self.pool.workers if worker.pid != other_than)


async def eventually(condition: Callable[[], object]) -> None:
    """Poll for a state that nobody announces; fails after half a minute."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(*specs: WorkerSpec) -> AsyncIterator[Watched]:
    watched = Watched(*specs)
    await watched.pool.start()
    try:
        yield watched
    finally:
        await watched.pool.stop()


def say(worker, text, engine="toy", **more):
    return worker.submit(engine, {"text": text, "voice": "toy", **more})


def ends_within(pid: int, limit_s: float) -> bool:
    """True if a process, not necessarily a child of ours, ends within the time."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], limit_s)[0])
    finally:
        os.close(fd)
