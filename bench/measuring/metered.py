"""What models take of a card, read from its allocator, in one real worker."""

import asyncio
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from measuring import checkpoints
from measuring.take import Take, pictures_of
from narrated.engines.base import REGISTRY, Home, ModelNow
from narrated.workers.pool import Pool, Worker, WorkerSpec

HOW = "read from the card's allocator"

_MODELS = {
    "bark": checkpoints.bark,
    "blip": checkpoints.blip,
    "florence-2": checkpoints.florence,
}
_TEXT = "A sentence that is about as long as what a narrator says in one breath, and then goes on."


def taken(names: Sequence[str], rows: int) -> list[Take]:
    """Each model after a batch through all of them, in one worker."""
    with tempfile.TemporaryDirectory(prefix="narrated-") as folder:
        for name in names:
            place = Path(folder, str(REGISTRY[name].options["model"]))
            if name == "tortoise":
                checkpoints.saved_tortoise(place)
            else:
                checkpoints.saved(_MODELS[name], place, torch.bfloat16)
        told = asyncio.run(_worked(Path(folder), names, rows))
    return [Take(each.engines[0], each.weights_bytes, each.working_bytes, 0) for each in told]


async def _worked(models: Path, names: Sequence[str], rows: int) -> Sequence[ModelNow]:
    changed = asyncio.Event()
    engines = tuple(REGISTRY[name] for name in names)
    home = Home(models=str(models), device="cuda")
    pool = Pool([WorkerSpec("models", "", engines, home, silence_s=600)], changed.set)
    await pool.start()
    try:
        while not pool.workers:
            changed.clear()
            await changed.wait()
        worker = pool.workers[0]
        for name in names:
            await asyncio.gather(*_asked(worker, name, rows))
        await asyncio.sleep(0.5)  # what was measured is told a moment later
        return worker.models()
    finally:
        await pool.stop()


def _asked(worker: Worker, name: str, rows: int) -> list[asyncio.Future]:
    if REGISTRY[name].kind == "speech":
        return [worker.submit(name, {"text": _TEXT, "voice": "", "seed": n}) for n in range(rows)]
    return [worker.submit(name, {}, _picture(n)) for n in range(pictures_of(name))]


def _picture(number: int) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((1200, 800 + number), 90).save(written, "PNG")
    return written.getvalue()
