"""Carries bytes between the daemon's connections and workers in a cluster.

A worker connects to the bridge itself, and what they say passes through it unread: no frame becomes
an object of the cluster. The cluster places workers, and is asked for nothing else.
"""

import asyncio
import logging
import secrets
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from narrated.bridge.cluster import Cluster, ClusterSeat, NoSeat
from narrated.workers.box_link import PING_S
from narrated.workers.protocol import encode

Value = TypeVar("Value")

PLACED_S = 6.0
"""A connection waits so long for a seat; the daemon asks again within 10 s, and finds it then."""
CONNECTED_S = 15.0
"""A worker has connected by then, or its seat counts as lost."""
IDLE_S = 60.0
"""A seat that nobody asks for is given back by then."""
ENDED_S = 10.0
_TOKEN_BYTES = 32
_PIECE_BYTES = 1 << 18
_LIMIT_BYTES = 1 << 20

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

log = logging.getLogger("narrated.bridge")


class Bridge:
    """Gives each connection of the daemon a worker in the cluster, as long as it has places."""

    def __init__(self, cluster: Cluster, most: int) -> None:
        self._cluster = cluster
        self._most = most
        self._lent = 0
        self._idle: list[tuple[ClusterSeat, asyncio.TimerHandle]] = []
        """Seats that nobody uses, with or without a place, and when each is given back."""
        self._awaited: dict[bytes, asyncio.Future[Streams]] = {}
        self._address = ("", 0)

    async def serve(self, listening: socket.socket, host: str = "", port: int = 0) -> None:
        """Serve the daemon's socket until cancelled. Workers connect to `host` and `port`."""
        host = host or self._cluster.own_address
        workers = await asyncio.start_server(self._come_in, host, port, limit=_LIMIT_BYTES)
        self._address = workers.sockets[0].getsockname()[:2]
        daemon = await asyncio.start_unix_server(self._lend, sock=listening, limit=_LIMIT_BYTES)
        log.info("workers connect to %s port %d", *self._address)
        try:
            await asyncio.Event().wait()
        finally:  # to wait until a server is closed would wait for all connections
            for server in (workers, daemon):
                server.close()

    async def _lend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the daemon."""
        self._lent += 1
        daemon = Caller(reader, writer)
        try:
            if self._lent > self._most:
                raise NoSeat(f"all its {self._most} workers are lent")
            seat = await daemon.while_waiting(self._seat())
            await self._serve(seat, daemon)
        except NoSeat as why:
            writer.writelines(encode({"ended": {"how": str(why), "lines": ()}}, b""))
        except ConnectionError:
            log.info("the daemon hung up before it had a worker")
        finally:
            self._lent -= 1
            writer.close()

    async def _seat(self) -> ClusterSeat:
        """Take an idle seat, or a new one, and wait for its place. Errors: NoSeat."""
        seat = self._idle_seat() or self._cluster.seat()
        try:
            async with asyncio.timeout(PLACED_S):
                await seat.placed()
        except TimeoutError:
            self._keep(seat)
            raise NoSeat(f"the cluster has no place for {self._cluster.wanted} yet") from None
        except asyncio.CancelledError:  # the daemon hung up; the next connection takes it
            self._keep(seat)
            raise
        log.info("a worker on %s", seat.node)
        return seat

    def _idle_seat(self) -> ClusterSeat | None:
        """Take an idle seat, one with a place if there is any."""
        self._idle.sort(key=lambda kept: bool(kept[0].node))
        while self._idle:
            seat, giving_back = self._idle.pop()
            giving_back.cancel()
            if not seat.is_gone:
                return seat
        return None

    def _keep(self, seat: ClusterSeat) -> None:
        """Keep a seat for the next connection, and give it back if none comes."""
        if not seat.is_gone:
            later = asyncio.get_running_loop().call_later(IDLE_S, seat.give_back)
            self._idle.append((seat, later))

    async def _serve(self, seat: ClusterSeat, daemon: "Caller") -> None:
        token = secrets.token_bytes(_TOKEN_BYTES)
        arrival = self._awaited[token] = asyncio.get_running_loop().create_future()
        work = asyncio.create_task(seat.work(self._address, token))
        try:
            worker = await daemon.while_waiting(_first_of(arrival, work))
            if not await daemon.joined(worker):
                await asyncio.wait({work}, timeout=ENDED_S)
                raise NoSeat(work.result() if work.done() else "its worker said nothing")
        except NoSeat as why:
            seat.give_back()
            raise NoSeat(f"the seat on {seat.node} is lost: {why}") from None
        finally:
            self._awaited.pop(token, None)
            if arrival.done():
                arrival.result()[1].close()
            await self._end(seat, work)

    async def _end(self, seat: ClusterSeat, work: "asyncio.Task[str]") -> None:
        """Wait for the end of its worker; the seat is kept for a while if it is there."""
        try:
            async with asyncio.timeout(ENDED_S):
                words = await asyncio.shield(work)
        except TimeoutError:
            seat.give_back()
            return
        if words:
            log.info("the worker on %s ended: %s", seat.node, words)
        self._keep(seat)

    async def _come_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let in a worker that knows a token that is waited for."""
        token = b""
        with suppress(asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            async with asyncio.timeout(CONNECTED_S):
                token = await reader.readexactly(_TOKEN_BYTES)
        arrival = self._awaited.pop(token, None)
        if arrival is None or arrival.done():
            writer.close()
            return
        arrival.set_result((reader, writer))


class Caller:
    """A connection of the daemon: what it says before it has a worker is kept for that one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._said = bytearray()

    async def while_waiting(self, waited: Coroutine[Any, Any, Value]) -> Value:
        """Wait for something, and let the daemon know that it is waited for.

        Raises ConnectionError if the daemon hangs up meanwhile, and what `waited` raises.
        """
        waiting = asyncio.create_task(waited)
        keeping = asyncio.create_task(self._keep())
        pinging = asyncio.create_task(self._ping())
        try:
            await asyncio.wait({waiting, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise ConnectionResetError
            return waiting.result()
        finally:
            for each in (waiting, keeping, pinging):
                each.cancel()
            await asyncio.gather(waiting, keeping, pinging, return_exceptions=True)

    async def joined(self, worker: Streams) -> bool:
        """Carry bytes both ways until either end has closed; False if the worker ended mute."""
        worker[1].write(bytes(self._said))
        there = asyncio.create_task(_carried(self._reader, worker[1]))
        back = asyncio.create_task(_carried(worker[0], self._writer))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            return not back.done() or back.result()
        finally:
            for each in (there, back):
                each.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            worker[1].close()

    async def _keep(self) -> None:
        """Keep what the daemon says; returns once it has hung up."""
        with suppress(ConnectionError):
            while len(self._said) < _LIMIT_BYTES and (piece := await self._reader.read(1 << 16)):
                self._said += piece

    async def _ping(self) -> None:
        while True:
            self._writer.writelines(encode({"ping": {}}, b""))
            await asyncio.sleep(PING_S)


async def _first_of(arrival: "asyncio.Future[Streams]", work: "asyncio.Task[str]") -> Streams:
    """Wait for a worker. Raises NoSeat if it ends or is late instead."""
    either: set[asyncio.Future[Any]] = {arrival, work}
    await asyncio.wait(either, timeout=CONNECTED_S, return_when=asyncio.FIRST_COMPLETED)
    if arrival.done():
        return arrival.result()
    raise NoSeat(work.result() if work.done() else "its worker did not connect")


async def _carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Carry bytes until the reader's end has closed; True if there were any."""
    came = False
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE_BYTES):
            came = True
            writer.write(piece)
            await writer.drain()
    return came
