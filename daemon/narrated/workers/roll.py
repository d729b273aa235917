"""A roll-call: what the configured engines announce, in workers of our own that warm no model."""

import asyncio
import contextlib
import dataclasses
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from narrated.engines.base import EngineInfo
from narrated.workers.pool import Pool, WorkerSpec, WorkerState

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Roll:
    """Who answered, by the engine's name, and how each worker fared."""

    engines: dict[str, EngineInfo]
    workers: list[WorkerState]


def called(specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]) -> Roll:
    """Start the workers, hear what they announce, and stop them again."""
    idle = [
        dataclasses.replace(spec, home=dataclasses.replace(spec.home, warms_at_once=False))
        for spec in specs
    ]
    return asyncio.run(_heard(idle, measured))


async def _heard(specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]) -> Roll:
    changed = asyncio.Event()
    pool = Pool(specs, changed.set, measured)
    await pool.start()
    try:
        # A worker gives up, or never comes, by itself: within `workers: load`.
        while any(state.state == "starting" for state in pool.states()):
            changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _LOOK_S)
        loaded = {name: info for each in pool.workers for name, info in each.engines.items()}
        return Roll(loaded, pool.states())
    finally:
        await pool.stop()
