"""Workers on boxes: their throughput together, and the daemon's CPU for a chunk of theirs."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

import measuring  # noqa: F401 # puts the tests on the path
from measuring.processes import own_processor_s, processor_s
from measuring.program import Figure
from narrated.engines.registry import EngineSpec
from narrated.workers.pool import WorkerPool
from narrated.workers.worker import RequestResult, WorkerSpec
from workers.boxes import Box, serving

HERE = str(Path(__file__).parent)
ENGINE = "paced"
CHUNK_S = 0.05
MEBIBYTE_CHARACTERS = 312
"""The paced engine speaks so many in 21.8 s: 1 MiB of PCM."""
SHORT_CHARACTERS = 40
GOALS = {2: 0.95, 4: 0.95, 8: 0.88}
"""Of N times the throughput of one box."""
MOST_CPU_MS = 2.0
MANY = 100
AT_ONCE = 8
"""Boxes that start together."""
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class FleetPlace:
    """Where to measure, and how much."""

    folder: Path
    is_quick: bool


@dataclass(frozen=True, slots=True)
class Throughput:
    """What some boxes did."""

    chunks_a_second: float
    daemon_ms: float
    """CPU of the daemon's process for a chunk."""
    boxes_ms: float
    """CPU of all processes of the boxes for a chunk."""


def sound(place: FleetPlace) -> list[Figure]:
    """1 MiB of PCM a chunk."""
    return _beside_one(place, "1 MiB of PCM", is_flac=False, has_goal=True)


def flac(place: FleetPlace) -> list[Figure]:
    """The same sound, encoded by the boxes, which here share the daemon's cores."""
    return _beside_one(place, "1 MiB of sound as FLAC", is_flac=True, has_goal=False)


def many(place: FleetPlace) -> list[Figure]:
    """A hundred boxes that sleep: the daemon's own part alone grows with them."""
    count = 10 if place.is_quick else MANY
    options = {"step_s": 1.0, "characters": SHORT_CHARACTERS, "is_flac": True}
    done = asyncio.run(_measured(place.folder, count, 5 * count, **options))
    share = done.chunks_a_second / count
    return [
        Figure(f"{count} boxes, a short chunk a second each", f"{share:.0%} of it", "", None),
        Figure("the daemon's CPU for a chunk", f"{done.daemon_ms:.2f} ms", "", None),
    ]


def _beside_one(place: FleetPlace, what: str, *, is_flac: bool, has_goal: bool) -> list[Figure]:
    figures: list[Figure] = []
    one = 0.0
    for count in (1, 2) if place.is_quick else (1, 2, 4, 8):
        chunks = count * (10 if place.is_quick else 60)
        options = {"step_s": CHUNK_S, "characters": MEBIBYTE_CHARACTERS, "is_flac": is_flac}
        done = asyncio.run(_measured(place.folder, count, chunks, **options))
        one = one or done.chunks_a_second
        share, goal = done.chunks_a_second / (count * one), GOALS.get(count)
        reached = share >= goal if goal and has_goal else None
        told = f"{done.chunks_a_second:.1f} chunks/s, {share:.0%} of {count} times one"
        aim = f"≥ {goal:.0%}" if goal and has_goal else ""
        figures.append(Figure(f"{what}, {count} boxes", told, aim, reached))
        cheap = done.daemon_ms <= MOST_CPU_MS if has_goal else None
        aim = f"≤ {MOST_CPU_MS:g} ms" if has_goal else ""
        figures.append(
            Figure(
                f"the daemon's CPU for a chunk, {count} boxes",
                f"{done.daemon_ms:.2f} ms",
                aim,
                cheap,
            )
        )
        told = f"{done.boxes_ms:.1f} ms"
        figures.append(Figure(f"the boxes' CPU for a chunk, {count} boxes", told, "", None))
    return figures


async def _measured(
    folder: Path, count: int, chunks: int, *, step_s: float, characters: int, is_flac: bool
) -> Throughput:
    async with boxes(folder, count, paced(step_s)) as specs:
        return await throughput(specs, chunks, characters=characters, is_flac=is_flac)


def paced(step_s: float) -> EngineSpec:
    """An engine that sleeps so long a chunk."""
    options = {"rows": 2, "slots": 1, "step_s": step_s, "steps": 1}
    return EngineSpec(ENGINE, "speech", "measuring.paced_engine", 400, options=options)


async def throughput(
    specs: Sequence[WorkerSpec], chunks: int, *, characters: int, is_flac: bool
) -> Throughput:
    """Have workers speak so many chunks, once all are there."""
    count = len(specs)
    changed = asyncio.Event()
    pool = WorkerPool((), changed.set)
    await pool.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            for last in range(AT_ONCE, count + AT_ONCE, AT_ONCE):  # they share two cores
                await pool.apply(specs[:last])
                while len(pool.workers) < min(last, count):
                    changed.clear()
                    await changed.wait()
        header = {"text": characters * "x", "voice": "paced", "flac": is_flac}
        await _fed(pool, header, 2 * count)  # warm
        began_s, cpu_s, boxes_s = time.monotonic(), time.process_time(), _boxes_s()
        await _fed(pool, header, chunks)
        took_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s
        boxes_s = _boxes_s() - boxes_s
    finally:
        await pool.stop()
    return Throughput(chunks / took_s, 1e3 * cpu_s / chunks, 1e3 * boxes_s / chunks)


def _boxes_s() -> float:
    """CPU of the boxes till now: they are this process's children, and theirs."""
    return processor_s(os.getpid()) - own_processor_s(os.getpid())


async def _fed(pool: WorkerPool, header: dict[str, object], chunks: int) -> None:
    """Have the workers speak so many chunks, each as soon as a slot is free."""
    pending: set[asyncio.Future[RequestResult]] = set()
    left = chunks
    while left or pending:
        for worker in pool.workers:
            while left and worker.free_slots(ENGINE):
                pending.add(worker.submit(ENGINE, header))
                left -= 1
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            assert each.result().payload


@asynccontextmanager
async def boxes(folder: Path, count: int, engine: EngineSpec) -> AsyncIterator[list[WorkerSpec]]:
    """So many boxes, with the engine in their own configuration."""
    command = worker_command(folder, engine)
    async with AsyncExitStack() as stack:
        specs = []
        for number in range(count):
            box = await stack.enter_async_context(serving(Box(folder, f"box{number}", command)))
            specs.append(WorkerSpec(f"box{number}", "", (engine,), socket=str(box.socket)))
        yield specs


def worker_command(folder: Path, engine: EngineSpec) -> tuple[str, ...]:
    """The command of a worker whose own configuration has the engine."""
    module = {"module": engine.module, "path": str(Path(HERE).parent)}
    config = folder / "box.yaml"
    folders = {name: str(folder / name) for name in ("inbox", "outbox", "state", "cache")}
    config.write_text(yaml.safe_dump({**folders, "engines": {ENGINE: module}}))
    return (sys.executable, "-m", "narrated.cli", "--config", str(config), "worker")
