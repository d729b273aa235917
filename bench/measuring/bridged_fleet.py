"""Workers of a Ray cluster by the bridge, beside as many boxes: throughput, and what it costs."""

import asyncio
import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from measuring.fleet import (
    CHUNK_S,
    MANY,
    MEBIBYTE_CHARACTERS,
    SHORT_CHARACTERS,
    FleetPlace,
    Throughput,
    boxes,
    paced,
    throughput,
    worker_command,
)
from measuring.processes import own_processor_s
from measuring.program import Figure
from narrated.engines.registry import EngineSpec
from narrated.workers.worker import WorkerSpec

ROOT = Path(__file__).parents[2]
SHARE = {4: 0.75}
"""Of what as many boxes do by sockets of their own."""
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """A chunk: the length of its text, and how its sound crosses."""

    characters: int
    is_flac: bool


def flac(place: FleetPlace) -> list[Figure]:
    """50 ms and 1 MiB of sound a chunk, encoded by the workers as the daemon asks of boxes."""
    return _by_both_ways(place, "as FLAC", is_flac=True)


def pcm(place: FleetPlace) -> list[Figure]:
    """The same as PCM: the whole MiB crosses, where FLAC of the bench's tone has 0.43 MiB."""
    return _by_both_ways(place, "as PCM", is_flac=False)


def _by_both_ways(place: FleetPlace, how: str, *, is_flac: bool) -> list[Figure]:
    """The bridge and sockets of their own, in turn."""
    figures: list[Figure] = []
    for count in (1, 2) if place.is_quick else (1, 2, 4, 8):
        chunks = count * (10 if place.is_quick else 60)
        said = Said(MEBIBYTE_CHARACTERS, is_flac)
        by_socket = asyncio.run(_by_sockets(place.folder, count, chunks, said))
        bridged, bridge_ms = _bridged(place.folder, count, chunks, CHUNK_S, said)
        share, goal = bridged.chunks_a_second / by_socket.chunks_a_second, SHARE.get(count)
        figures += [
            Figure(
                f"1 MiB of sound {how}, {count} actors by the bridge",
                f"{bridged.chunks_a_second:.1f} chunks/s, {share:.2f} x that of {count} sockets, "
                f"{bridged.chunks_a_second * CHUNK_S / count:.0%} of ideal "
                f"({by_socket.chunks_a_second * CHUNK_S / count:.0%})",
                f"at least {goal:g} x" if goal else "",
                share >= goal if goal else None,
            ),
            Figure(
                f"CPU for a chunk {how}, {count} actors",
                f"daemon {bridged.daemon_ms:.2f} ms ({by_socket.daemon_ms:.2f} by sockets), "
                f"bridge {bridge_ms:.2f} ms",
                "",
                None,
            ),
        ]
    return figures


def many(place: FleetPlace) -> list[Figure]:
    """A hundred actors that sleep a second for a short chunk."""
    count = 10 if place.is_quick else MANY
    bridged, bridge_ms = _bridged(place.folder, count, 5 * count, 1.0, Said(SHORT_CHARACTERS, True))
    return [
        Figure(
            f"{count} actors, a short chunk a second each",
            f"{bridged.chunks_a_second / count:.0%} of it; CPU for a chunk: "
            f"daemon {bridged.daemon_ms:.2f} ms, bridge {bridge_ms:.2f} ms",
            "",
            None,
        )
    ]


async def _by_sockets(folder: Path, count: int, chunks: int, said: "Said") -> Throughput:
    async with boxes(folder, count, paced(CHUNK_S)) as specs:
        return await throughput(specs, chunks, characters=said.characters, is_flac=said.is_flac)


def _bridged(
    folder: Path, count: int, chunks: int, step_s: float, said: "Said"
) -> tuple[Throughput, float]:
    """The throughput by the bridge, and the bridge's own CPU for a chunk, in ms."""
    engine = paced(step_s)
    with _cluster(count) as address, _bridge(folder, address, count, engine) as (pid, path):
        one = WorkerSpec("actor", "", (engine,), socket=str(path))
        specs = [replace(one, name=f"actor{number}") for number in range(count)]
        began_s = own_processor_s(pid)
        speaking = throughput(specs, chunks, characters=said.characters, is_flac=said.is_flac)
        done = asyncio.run(speaking)
        # The start of the workers is in it: some milliseconds each.
        return done, 1e3 * (own_processor_s(pid) - began_s) / chunks


@contextlib.contextmanager
def _cluster(count: int) -> Iterator[str]:
    """The address of a cluster of three nodes, with enough places for so many workers."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.pop("PYTHONPATH", None)
    from ray.cluster_utils import Cluster

    node = {"num_cpus": count, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        for _ in range(2):
            cluster.add_node(**node)
        yield str(cluster.address)
    finally:
        cluster.shutdown()


@contextlib.contextmanager
def _bridge(
    folder: Path, address: str, count: int, engine: EngineSpec
) -> Iterator[tuple[int, Path]]:
    """The bridge's process, and its socket."""
    path, log = folder / "bridge.sock", folder / "bridge.log"
    needs = ("--gpus", "0", "--cpus", "1", "--workers", str(count), "--socket", str(path))
    there = ("env", f"PYTHONPATH={ROOT / 'daemon'}", *worker_command(folder, engine))
    ours = (sys.executable, "-m", "narrated.cli", "bridge", "ray", "--address", address, *needs)
    env = {**os.environ, "PYTHONPATH": str(ROOT / "daemon")}
    with log.open("wb") as file:
        process = subprocess.Popen(
            (*ours, "--worker", shlex.join(there)), stderr=file, stdout=file, env=env
        )
    try:
        deadline_s = time.monotonic() + _START_S
        while "workers connect to" not in log.read_text():
            assert time.monotonic() < deadline_s and process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield process.pid, path
    finally:
        process.terminate()
        process.wait()
