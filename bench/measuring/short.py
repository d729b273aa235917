"""What a real worker does where there is less memory than all models would take together.

The engines are the tests' own, which fill real memory and say nothing worth hearing, with a
quarter of each model's weights and of what it takes at work, in a quarter of the budget: so any
machine shows what is evicted, for whom, and what the worker takes at most.
"""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from measuring.take import Take
from narrated.engines.engine_spec import EngineSpec
from narrated.engines.model_interface import ModelResources
from narrated.workers.pool import Worker, WorkerPool, WorkerSpec

SCALE = 4
_MB = 10**6
_ENGINES = Path(__file__).parents[2] / "tests" / "engines"
_LOOK_S = 0.05


def told(takes: Sequence[Take], memory_bytes: int) -> tuple[list[str], int]:
    """How the models stand after each engine's turn, and the most that was in use, in full size."""
    return asyncio.run(_story(takes, memory_bytes))


async def _story(takes: Sequence[Take], memory_bytes: int) -> tuple[list[str], int]:
    changed = asyncio.Event()
    home = ModelResources(device="cpu", memory_bytes=memory_bytes // SCALE, warms_at_once=False)
    pool = WorkerPool([WorkerSpec("models", "", tuple(map(_engine, takes)), home)], changed.set)
    await pool.start()
    try:
        while not pool.workers:
            changed.clear()
            await changed.wait()
        worker = pool.workers[0]
        before = _resident(worker.pid, "VmRSS")
        lines = []
        for take in (*takes, *takes):
            await _said(worker, take.name)
            lines.append(f"{take.name:12} speaks or describes: {await _standing(worker)}")
        await asyncio.gather(*(_said(worker, take.name) for take in takes for _ in range(2)))
        lines.append(f"{'all at once':12} {await _standing(worker)}")
        return lines, SCALE * (_resident(worker.pid, "VmHWM") - before)
    finally:
        await pool.stop()


def _engine(take: Take) -> EngineSpec:
    options = {
        "name": f"a/{take.name}",
        "weights_mb": take.weights // _MB // SCALE,
        "row_mb": take.working // _MB // SCALE,
        "rows": 1,
        "steps": 3,
    }
    return EngineSpec(take.name, "speech", "hungry", 0, True, path=str(_ENGINES), options=options)


async def _said(worker: Worker, name: str) -> None:
    await worker.submit(name, {"text": "Hello", "voice": "toy"})


async def _standing(worker: Worker) -> str:
    await asyncio.sleep(_LOOK_S)  # it is told a moment later
    return ", ".join(f"{each.name.removeprefix('a/')} {each.warmth}" for each in worker.models())


def _resident(pid: int, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{field}:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
