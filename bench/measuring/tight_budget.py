"""A real worker with less memory than all its models would take together.

The engines are the tests' own, which fill real memory and say nothing worth hearing, with a quarter
of each model's weights and work in a quarter of the budget: so any machine shows what is evicted,
for whom, and the worker's peak.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from measuring.model_memory import ModelMemory
from measuring.processes import peak_bytes, resident_bytes
from measuring.worker import running_worker
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import EngineSpec
from narrated.workers.worker import Worker

SCALE = 4
_MB = 10**6
_ENGINES = Path(__file__).parents[2] / "tests" / "engines"
_LOOK_S = 0.05


def work(models: Sequence[ModelMemory], memory_bytes: int) -> tuple[list[str], int]:
    """Have each engine work; gives the models' states after each, and the peak in full size."""
    return asyncio.run(_work(models, memory_bytes))


async def _work(models: Sequence[ModelMemory], memory_bytes: int) -> tuple[list[str], int]:
    resources = ModelResources(
        device="cpu", memory_bytes=memory_bytes // SCALE, warms_at_once=False
    )
    async with running_worker(resources, *map(_engine, models)) as worker:
        before = resident_bytes(worker.pid)
        lines = []
        for model in (*models, *models):
            await _speak(worker, model.name)
            lines.append(f"{model.name:12} speaks or describes: {await _warmth(worker)}")
        await asyncio.gather(*(_speak(worker, model.name) for model in models for _ in range(2)))
        lines.append(f"{'all at once':12} {await _warmth(worker)}")
        return lines, SCALE * (peak_bytes(worker.pid) - before)


def _engine(model: ModelMemory) -> EngineSpec:
    options = {
        "name": f"a/{model.name}",
        "weights_mb": model.weights // _MB // SCALE,
        "row_mb": model.working // _MB // SCALE,
        "rows": 1,
        "steps": 3,
    }
    return EngineSpec(
        model.name, "speech", "memory_hog", 0, True, path=str(_ENGINES), options=options
    )


async def _speak(worker: Worker, name: str) -> None:
    await worker.submit(name, {"text": "Hello", "voice": "toy"})


async def _warmth(worker: Worker) -> str:
    await asyncio.sleep(_LOOK_S)  # the worker reports it a moment later
    return ", ".join(f"{each.name.removeprefix('a/')} {each.warmth}" for each in worker.models())
