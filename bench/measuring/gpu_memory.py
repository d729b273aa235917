"""Memory of models on a card, read from its allocator, in one real worker."""

import asyncio
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from measuring import checkpoints
from measuring.model_memory import ModelMemory, ModelSet, picture_slots, take_slots
from measuring.worker import running_worker
from narrated.engines.model_resources import ModelResources, ModelStatus
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.workers.worker import Worker

HOW = "read from the card, its context included"

_MODELS = {
    "bark": checkpoints.bark,
    "blip": checkpoints.blip,
    "florence-2": checkpoints.florence,
    "whisper-base": checkpoints.whisper,
}
_LOOK_S = 0.01
_CONTEXT = 1 << 29  # CUDA's own, which no budget of models counts
_TEXT = "A sentence that is about as long as a narrator speaks in one breath, and then goes on."


def measure(names: Sequence[str], texts: int, bound: int) -> ModelSet:
    """Have all models work at once in one worker, within the bound."""
    with tempfile.TemporaryDirectory(prefix="narrated-bench-") as folder:
        for name in names:
            place = Path(folder, str(BUILT_IN_ENGINES[name].options["model"]))
            if name == "tortoise":
                checkpoints.save_tortoise(place)
            else:
                checkpoints.save(_MODELS[name], place, torch.bfloat16)
        statuses, peak = asyncio.run(_work(folder, names, texts, bound))
    models = [
        ModelMemory(each.engines[0], each.weights_bytes, each.working_bytes, 0) for each in statuses
    ]
    return ModelSet(models, peak, "as its budget had them")


async def _work(
    folder: str, names: Sequence[str], texts: int, bound: int
) -> tuple[Sequence[ModelStatus], int]:
    resources = ModelResources(models=folder, device="cuda", memory_bytes=bound - _CONTEXT)
    before = _in_use()
    async with running_worker(resources, *(BUILT_IN_ENGINES[name] for name in names)) as worker:
        looking = asyncio.create_task(_most_in_use())
        await asyncio.gather(*(each for name in names for each in _requests(worker, name, texts)))
        looking.cancel()
        peak = await looking
        await asyncio.sleep(0.5)  # the worker reports its models a moment later
        return worker.models(), peak - before


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


def _requests(worker: Worker, name: str, texts: int) -> list[asyncio.Future]:
    kind = BUILT_IN_ENGINES[name].kind
    if kind == "speech":
        return [worker.submit(name, {"text": _TEXT, "voice": "", "seed": n}) for n in range(texts)]
    if kind == "hearing":
        asked = {"sample_rate": 16_000, "language": "en"}
        return [worker.submit(name, asked, _noise(n)) for n in range(take_slots(name))]
    return [worker.submit(name, {}, _picture(n)) for n in range(picture_slots(name))]


def _picture(number: int) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((1200, 800 + number), 90).save(written, "PNG")
    return written.getvalue()


def _noise(number: int) -> bytes:
    """A take that fills Whisper's window, and is none."""
    return np.random.default_rng(number).integers(-9000, 9000, 29 * 16_000, "<i2").tobytes()
