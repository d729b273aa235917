"""Measures a request to a warm worker against a new process for each file.

    python bench/warm.py [--requests N]

A short note of two seconds, spoken by Bark: its full size on a CUDA card, two layers of 32
elsewhere, where the full size would speak for a minute. Both ways run the same worker; the new
process loads its model for one note. Needs torch, transformers, numpy and pillow, and the source
root on the path. Exits with 1 when warm is not five times as fast.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import torch

from measuring import checkpoints
from narrated.engines.model_interface import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.workers.pool import Worker, WorkerPool, WorkerSpec

TO_REACH = 5.0
SEMANTIC_TOKENS = 100  # two seconds
NOTE = "The kettle is on, and I am back at four."


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=5, help="how many of each")
    count = parser.parse_args().requests
    on_card = torch.cuda.is_available()
    with tempfile.TemporaryDirectory(prefix="narrated-") as name:
        models = Path(name)
        _laid_out(models, on_card)
        cold = [asyncio.run(_cold(models)) for _ in range(count)]
        first, warm = asyncio.run(_warm(models, count))
    size = f"full size on {torch.cuda.get_device_name()}" if on_card else "tiny, on the processor"
    ratio = statistics.median(cold) / statistics.median(warm)
    print(f"a note of two seconds, Bark ({size}), medians of {count}")
    print(f"  new process a file   {statistics.median(cold):6.2f} s")
    print(f"  warm, the first      {first:6.2f} s from the worker's start")
    print(f"  warm, each following {statistics.median(warm):6.2f} s: {ratio:.1f} times as fast")
    print(f"  at least {TO_REACH:g}: {'reached' if ratio >= TO_REACH else 'NOT REACHED'}")
    return int(ratio < TO_REACH)


def _laid_out(models: Path, on_card: bool) -> None:
    model = checkpoints.bark if on_card else checkpoints.tiny_bark
    dtype = torch.bfloat16 if on_card else torch.float32
    folder = checkpoints.saved(model, models / "suno/bark", dtype)
    written = folder / "generation_config.json"
    settings = json.loads(written.read_text())
    settings["semantic_config"]["max_new_tokens"] = SEMANTIC_TOKENS
    written.write_text(json.dumps(settings))


async def _cold(models: Path) -> float:
    """From the start of a process to the end of its one note."""
    begin = time.monotonic()
    async with _worker(models) as worker:
        await _said(worker, 0)
        return time.monotonic() - begin


async def _warm(models: Path, count: int) -> tuple[float, list[float]]:
    """The first note, from the worker's start, and those that follow."""
    begin = time.monotonic()
    async with _worker(models) as worker:
        await _said(worker, 0)
        first = time.monotonic() - begin
        return first, [await _timed(worker, seed) for seed in range(1, count + 1)]


async def _timed(worker: Worker, seed: int) -> float:
    begin = time.monotonic()
    await _said(worker, seed)
    return time.monotonic() - begin


async def _said(worker: Worker, seed: int) -> None:
    result = await worker.submit("bark", {"text": NOTE, "voice": "", "seed": seed})
    assert len(result.payload) > 48_000, "the note is too short to be what was asked for"


@asynccontextmanager
async def _worker(models: Path) -> AsyncIterator[Worker]:
    changed = asyncio.Event()
    spec = WorkerSpec(
        "models", "", (BUILT_IN_ENGINES["bark"],), ModelResources(models=str(models)), silence_s=600
    )
    pool = WorkerPool([spec], changed.set)
    await pool.start()
    try:
        while not pool.workers:
            changed.clear()
            await changed.wait()
        yield pool.workers[0]
    finally:
        await pool.stop()


if __name__ == "__main__":
    sys.exit(main())
