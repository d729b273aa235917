"""A roll-call: what the configured engines announce, in workers of our own that warm no model."""

import asyncio
import contextlib
import dataclasses
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from narrated.engines.interface import EngineInfo
from narrated.workers.pool import WorkerPool, WorkerSnapshot, WorkerSpec

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class EngineProbe:
    """Who answered, by the engine's name, and how each worker fared."""

    engines: dict[str, EngineInfo]
    workers: list[WorkerSnapshot]


def called(specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]) -> EngineProbe:
    """Start the workers, hear what they announce, and stop them again."""
    idle = [
        dataclasses.replace(spec, home=dataclasses.replace(spec.home, warms_at_once=False))
        for spec in specs
    ]
    return asyncio.run(_heard(idle, measured))


async def _heard(specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]) -> EngineProbe:
    changed = asyncio.Event()
    pool = WorkerPool(specs, changed.set, measured)
    await pool.start()
    try:
        # A worker gives up, or never comes, by itself: within `workers: load`.
        while any(state.state == "starting" for state in pool.states()):
            changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _LOOK_S)
        loaded = {name: info for each in pool.workers for name, info in each.engines.items()}
        return EngineProbe(loaded, pool.states())
    finally:
        await pool.stop()
