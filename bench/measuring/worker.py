"""A real worker for models, without a daemon."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import EngineSpec
from narrated.workers.pool import WorkerPool
from narrated.workers.worker import RequestResult, Worker, WorkerSpec


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


async def fed(
    worker: Worker, engine: str, requests: Sequence[tuple[Mapping[str, Any], bytes]]
) -> list[RequestResult]:
    """Send requests as the daemon does, one for each slot that is free; their results in order."""
    waiting = list(enumerate(requests))[::-1]
    sent: dict[asyncio.Future[RequestResult], int] = {}
    results: dict[int, RequestResult] = {}
    while len(results) < len(requests):
        while waiting and worker.free_slots(engine):
            number, (header, payload) = waiting.pop()
            sent[worker.submit(engine, header, payload)] = number
        done, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        results |= {sent.pop(each): each.result() for each in done}
    return [results[number] for number in range(len(requests))]
