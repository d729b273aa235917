"""Whether the engines load, tried in workers of our own beside the daemon's."""

import asyncio
import contextlib
from collections.abc import Iterator

from narrated.config.staff import worker_specs
from narrated.config.values import Config
from narrated.doctor.finding import Finding, well, wrong
from narrated.workers.pool import Pool, WorkerState

_LOOK_S = 0.2


def engines(config: Config) -> Iterator[Finding]:
    """Start the configured workers, see what they announce, and stop them again."""
    states = {state.name: state for state in asyncio.run(_decided_states(config))}
    for spec in worker_specs(config):
        state = states[spec.name]
        for engine in spec.engines:
            yield _judged(engine.name, state)


def _judged(engine: str, state: WorkerState) -> Finding:
    if engine in state.engines:
        return well(f"engine {engine}", f"{engine} is loaded and answers.")
    return wrong(
        f"engine {engine}",
        f"{engine} cannot be had: {state.problem or 'its worker does not answer'}",
        "Mend that, or name another engine in the configuration; its files wait meanwhile.",
    )


async def _decided_states(config: Config) -> list[WorkerState]:
    changed = asyncio.Event()
    pool = Pool(worker_specs(config), changed.set)
    await pool.start()
    try:
        # A worker gives up, or never comes, by itself: within `workers: load`.
        while any(state.state == "starting" for state in pool.states()):
            changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _LOOK_S)
        return pool.states()
    finally:
        await pool.stop()
