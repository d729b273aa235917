"""Measures a request to a warm worker against a new process for each file.

    python bench/warm.py [--requests N]

A short note of two seconds, spoken by Bark: its full size on a CUDA card, two layers of 32
elsewhere, where the full size would speak for a minute. Both ways run the same worker; the new
process loads its model for one note. Needs torch, transformers, numpy and pillow. Exits with 1 if
warm is not five times as fast.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from statistics import median

import torch

from measuring import checkpoints
from measuring.program import argument_parser, scratch_folder
from measuring.worker import running_worker
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.workers.worker import Worker

GOAL = 5.0
SEMANTIC_TOKENS = 100  # two seconds
NOTE = "The kettle is on, and I am back at four."


def main() -> int:
    parser = argument_parser(__doc__, sized=False)
    parser.add_argument("--requests", type=int, default=5, help="number of each")
    count = parser.parse_args().requests
    on_card = torch.cuda.is_available()
    with scratch_folder() as models:
        _write_checkpoint(models, on_card)
        cold = [asyncio.run(_times_s(models, 0))[0] for _ in range(count)]
        first, *warm = asyncio.run(_times_s(models, count))
    size = f"full size on {torch.cuda.get_device_name()}" if on_card else "tiny, on the processor"
    ratio = median(cold) / median(warm)
    print(f"a note of two seconds, Bark ({size}), medians of {count}")
    print(f"  new process a file   {median(cold):6.2f} s")
    print(f"  warm, the first      {first:6.2f} s from the worker's start")
    print(f"  warm, each following {median(warm):6.2f} s: {ratio:.1f} times as fast")
    print(f"  at least {GOAL:g}: {'reached' if ratio >= GOAL else 'NOT REACHED'}")
    return int(ratio < GOAL)


def _write_checkpoint(models: Path, on_card: bool) -> None:
    model = checkpoints.bark if on_card else checkpoints.tiny_bark
    dtype = torch.bfloat16 if on_card else torch.float32
    folder = checkpoints.save(model, models / "suno/bark", dtype)
    written = folder / "generation_config.json"
    settings = json.loads(written.read_text())
    settings["semantic_config"]["max_new_tokens"] = SEMANTIC_TOKENS
    written.write_text(json.dumps(settings))


async def _times_s(models: Path, more: int) -> list[float]:
    """Seconds of the first note, from the worker's start, and of each that follows."""
    began_s = time.monotonic()
    resources = ModelResources(models=str(models))
    async with running_worker(resources, BUILT_IN_ENGINES["bark"]) as worker:
        await _speak(worker, 0)
        times_s = [time.monotonic() - began_s]
        for seed in range(1, more + 1):
            began_s = time.monotonic()
            await _speak(worker, seed)
            times_s.append(time.monotonic() - began_s)
        return times_s


async def _speak(worker: Worker, seed: int) -> None:
    result = await worker.submit("bark", {"text": NOTE, "voice": "", "seed": seed})
    assert len(result.payload) > 48_000, "the note is too short"


if __name__ == "__main__":
    sys.exit(main())
