"""Probes the configured engines in short-lived workers that warm no model."""

import asyncio
import contextlib
import dataclasses
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from narrated.engines.interface import EngineInfo
from narrated.workers.pool import WorkerPool, WorkerSnapshot, WorkerSpec

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class EngineProbe:
    """The engines that answered, by name, and the state of each worker."""

    engines: dict[str, EngineInfo]
    workers: list[WorkerSnapshot]


def probe_engines(specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]) -> EngineProbe:
    """Start the workers, collect their announcements, and stop them."""
    idle = [
        dataclasses.replace(spec, home=dataclasses.replace(spec.home, warms_at_once=False))
        for spec in specs
    ]
    return asyncio.run(_probe(idle, measured))


async def _probe(specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]) -> EngineProbe:
    changed = asyncio.Event()
    pool = WorkerPool(specs, changed.set, measured)
    await pool.start()
    try:
        # A worker that does not load gives up by itself, within `workers: load`.
        while any(state.state == "starting" for state in pool.states()):
            changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _POLL_S)
        loaded = {name: info for each in pool.workers for name, info in each.engines.items()}
        return EngineProbe(loaded, pool.states())
    finally:
        await pool.stop()
