"""What models take of a card, read from its allocator, in one real worker."""

import asyncio
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from measuring import checkpoints
from measuring.take import Take, Together, pictures_of
from narrated.engines.model_interface import ModelResources, ModelStatus
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.workers.pool import Worker, WorkerPool, WorkerSpec

HOW = "read from the card, its context included"

_MODELS = {
    "bark": checkpoints.bark,
    "blip": checkpoints.blip,
    "florence-2": checkpoints.florence,
}
_LOOK_S = 0.01
_CONTEXT = 1 << 29  # CUDA's own, which no budget of models counts
_TEXT = "A sentence that is about as long as what a narrator says in one breath, and then goes on."


def together(names: Sequence[str], rows: int, bound: int) -> Together:
    """All at once in one worker, within the bound; the card's own figures, its context included."""
    with tempfile.TemporaryDirectory(prefix="narrated-") as folder:
        for name in names:
            place = Path(folder, str(BUILT_IN_ENGINES[name].options["model"]))
            if name == "tortoise":
                checkpoints.saved_tortoise(place)
            else:
                checkpoints.saved(_MODELS[name], place, torch.bfloat16)
        told, peak = asyncio.run(_worked(Path(folder), names, rows, bound))
    takes = [Take(each.engines[0], each.weights_bytes, each.working_bytes, 0) for each in told]
    return Together(takes, peak, "as its budget had them")


async def _worked(
    models: Path, names: Sequence[str], rows: int, bound: int
) -> tuple[Sequence[ModelStatus], int]:
    changed = asyncio.Event()
    engines = tuple(BUILT_IN_ENGINES[name] for name in names)
    home = ModelResources(models=str(models), device="cuda", memory_bytes=bound - _CONTEXT)
    before = _in_use()
    pool = WorkerPool([WorkerSpec("models", "", engines, home, silence_s=600)], changed.set)
    await pool.start()
    try:
        while not pool.workers:
            changed.clear()
            await changed.wait()
        worker = pool.workers[0]
        looking = asyncio.create_task(_most_in_use())
        await asyncio.gather(*(each for name in names for each in _asked(worker, name, rows)))
        looking.cancel()
        peak = await looking
        await asyncio.sleep(0.5)  # what was measured is told a moment later
        return worker.models(), peak - before
    finally:
        await pool.stop()


async def _most_in_use() -> int:
    """Until it is cancelled."""
    most = 0
    try:
        while True:
            most = max(most, _in_use())
            await asyncio.sleep(_LOOK_S)
    except asyncio.CancelledError:
        return most


def _in_use() -> int:
    free, total = torch.cuda.mem_get_info()
    return total - free


def _asked(worker: Worker, name: str, rows: int) -> list[asyncio.Future]:
    if BUILT_IN_ENGINES[name].kind == "speech":
        return [worker.submit(name, {"text": _TEXT, "voice": "", "seed": n}) for n in range(rows)]
    return [worker.submit(name, {}, _picture(n)) for n in range(pictures_of(name))]


def _picture(number: int) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((1200, 800 + number), 90).save(written, "PNG")
    return written.getvalue()
