"""The bridge by itself: who is let in, and what becomes of a connection that has no worker."""

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.ray_cluster import worker_command
from narrated.bridge.bridge import Bridge
from narrated.bridge.cluster import NoSeat
from narrated.bridge.seat import Seat
from workers.support import running, say, spec

REFUSED = "its actor did not start: no such interpreter"


class LocalSeat:
    """A seat on this machine, without a cluster."""

    is_gone = False

    def __init__(self, command: list[str], problem: str) -> None:
        self._seat, self._problem = Seat(command), problem
        self.node = "" if problem else "here"

    async def placed(self) -> None:
        if self._problem:
            self.is_gone = True
            raise NoSeat(self._problem)

    async def work(self, address: tuple[str, int], token: bytes) -> str:
        self.address = address
        try:
            return await asyncio.to_thread(self._seat.work, address, token)
        except OSError as error:
            return str(error)

    def give_back(self) -> None:
        self.is_gone = True


class LocalCluster:
    """Gives as many seats as are asked for."""

    own_address, wanted = "127.0.0.1", "1 GPU"

    def __init__(self, command: list[str], problem: str = "") -> None:
        self._command, self._problem = command, problem
        self.seats: list[LocalSeat] = []

    def seat(self) -> LocalSeat:
        self.seats.append(LocalSeat(self._command, self._problem))
        return self.seats[-1]


@asynccontextmanager
async def bridged(folder: Path, cluster: LocalCluster, most: int = 1) -> AsyncIterator[str]:
    path = folder / "bridge.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        serving = asyncio.create_task(Bridge(cluster, most).serve(listening))
        try:
            yield str(path)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def _of(path: str, name: str = "studio") -> object:
    return replace(spec(), name=name, socket=path)


def test_worker_comes_through_bridge(tmp_path: Path) -> None:
    """A worker behind the bridge is one like others, and its seat serves the next connection."""

    async def story() -> None:
        cluster = LocalCluster(worker_command(tmp_path))
        async with bridged(tmp_path, cluster) as path:
            for _ in range(2):
                async with running(_of(path)) as watched:
                    assert (await say(await watched.worker(), "Hello")).payload
            assert len(cluster.seats) == 1

    asyncio.run(story())


def test_more_workers_are_refused(tmp_path: Path) -> None:
    """A connection beyond the workers that the bridge lends is told so."""

    async def story() -> None:
        cluster = LocalCluster(worker_command(tmp_path))
        async with (
            bridged(tmp_path, cluster) as path,
            running(_of(path, "one"), _of(path, "two")) as watched,
        ):
            await watched.until(lambda: any("lent" in s.problem for s in watched.pool.states()))
            assert len((await watched.worker()).engines) == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    ("command", "problem", "told"),
    [
        (["/nobody/has/this"], "", "the seat on here is lost: .*No such file"),
        (
            [sys.executable, "-c", "import sys; sys.exit('no narrated')"],
            "",
            "here is lost: no narrated",
        ),
        ([], REFUSED, REFUSED),
    ],
)
def test_lost_seat_says_why(tmp_path: Path, command: list[str], problem: str, told: str) -> None:
    """A seat that has no worker is named to the daemon, with the reason."""

    async def story() -> None:
        async with (
            bridged(tmp_path, LocalCluster(command, problem)) as path,
            running(_of(path)) as watched,
        ):
            await watched.until(lambda: watched.pool.states()[0].restarts)
            assert re.search(told, watched.pool.states()[0].problem)

    asyncio.run(story())


def test_stranger_is_not_let_in(tmp_path: Path) -> None:
    """Who connects to the bridge without its token is hung up on, and disturbs nobody."""

    async def story() -> None:
        cluster = LocalCluster(worker_command(tmp_path))
        async with bridged(tmp_path, cluster) as path, running(_of(path)) as watched:
            worker = await watched.worker()
            reader, writer = await asyncio.open_connection(*cluster.seats[0].address)
            writer.write(b"\0" * 32)
            assert await reader.read() == b""
            writer.close()
            assert (await say(worker, "Hello")).payload

    asyncio.run(story())
