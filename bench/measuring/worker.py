"""A real worker for models, without a daemon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import EngineSpec
from narrated.workers.pool import WorkerPool
from narrated.workers.worker import Worker, WorkerSpec


@asynccontextmanager
async def running_worker(resources: ModelResources, *engines: EngineSpec) -> AsyncIterator[Worker]:
    """A worker with these engines, ready for requests; it is stopped after the block."""
    changed = asyncio.Event()
    spec = WorkerSpec("models", "", engines, resources, silence_s=600)
    pool = WorkerPool([spec], changed.set)
    await pool.start()
    try:
        while not pool.workers:
            changed.clear()
            await changed.wait()
        yield pool.workers[0]
    finally:
        await pool.stop()
