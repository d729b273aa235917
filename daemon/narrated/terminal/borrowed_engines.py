"""The engines of a running daemon, as a command that reads uses them over the control socket."""

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from narrated import errors
from narrated.engines.engine_info import EngineInfo
from narrated.errors import EngineNotHeld, EnginesResting, NarratedError
from narrated.service.control_server import frame
from narrated.terminal.daemon_client import no_answer
from narrated.workers.request_matching import ScheduledRequest
from narrated.workers.worker import RequestResult

MOST_REQUESTS = 64
"""Requests under way at most, however many slots an engine has."""
_READ_AHEAD_BYTES = 2**20
_AGAIN = "Run the same command again: what is spoken so far is kept."

Answer = tuple[Any, bytes]


@dataclass(eq=False)
class BorrowedEngines:
    """Has a daemon speak and describe; an async context manager.

    It connects at the first request, and again if the daemon closed an idle connection.
    Errors of all: NarratedError if the daemon refuses, stops or does not answer.
    """

    _socket: Path
    _writer: asyncio.StreamWriter | None = None
    _reading: asyncio.Task[None] | None = None
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _waiting: dict[int, asyncio.Future[Answer]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _slots: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(2))
    )
    """Of each engine: twice its rows keep it busy, and leave room for others."""

    async def __aenter__(self) -> "BorrowedEngines":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer is not None:
            await _closed(self._writer)
        if self._reading is not None:
            await asyncio.wait({self._reading})

    async def engine(
        self, name: str, voices: Collection[str] = (), *, waits: bool = True
    ) -> EngineInfo:
        """Return what an engine announced of itself; it waits while the engine loads."""
        asked = {"do": "engine", "engine": name, "voices": sorted(voices)}
        try:
            info = msgspec.convert((await self._ask(asked))[0], EngineInfo)
        except EngineNotHeld as error:
            error.engine = name
            raise
        if name not in self._slots:
            self._slots[name] = asyncio.Semaphore(min(MOST_REQUESTS, 2 * info.rows))
        return info

    async def perform(self, request: ScheduledRequest) -> RequestResult:
        """Run a request, ahead of the daemon's posts."""
        asked = {
            "do": "perform",
            "engine": request.engine,
            "identity": request.identity,
            "weight": request.weight,
            "header": request.header,
        }
        async with self._slots[request.engine]:
            header, payload = await self._ask(asked, request.payload)
        return RequestResult(header, payload)

    @asynccontextmanager
    async def performing(self, request: ScheduledRequest) -> AsyncIterator[RequestResult]:
        """Run a request."""
        yield await self.perform(request)

    async def _ask(self, header: dict[str, Any], payload: bytes = b"") -> Answer:
        writer = await self._connected()
        id = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[id] = answer
        try:
            writer.write(frame({**header, "id": id}, payload))
            with suppress(ConnectionError):  # its end fails the answer
                await writer.drain()
            return await answer
        except asyncio.CancelledError:
            writer.write(frame({"do": "cancel", "id": id}, b""))
            raise
        finally:
            self._waiting.pop(id, None)

    async def _connected(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is None or self._writer.is_closing():
                self._writer = await self._connect()
            return self._writer

    async def _connect(self) -> asyncio.StreamWriter:
        try:
            reader, writer = await asyncio.open_unix_connection(
                self._socket, limit=_READ_AHEAD_BYTES
            )
        except ConnectionRefusedError as error:  # a daemon that was killed leaves its socket
            raise _gone() from error
        except OSError as error:
            raise no_answer(self._socket, error) from error
        try:
            writer.write(frame({"do": "lend"}, b""))
            _unpacked(*await _received(reader))
        except BaseException as error:
            await _closed(writer)
            if isinstance(error, OSError | EOFError):
                raise _gone() from error
            raise
        self._reading = asyncio.create_task(self._read(reader, writer))
        return writer

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Settle the answers as they come; the end of the connection fails those that wait."""
        try:
            while True:
                header, payload = await _received(reader)
                answer = self._waiting.get(header["id"])
                if answer is not None and not answer.done():
                    _settle(answer, header, payload)
        except EnginesResting as why:  # those in flight would keep the others from being told
            self._fail(why)
        except (OSError, EOFError, ValueError, KeyError):
            self._fail(_gone())
        finally:
            writer.transport.abort()

    def _fail(self, why: NarratedError) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(why)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def _received(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    sizes = await reader.readexactly(8)
    header = json.loads(await reader.readexactly(int.from_bytes(sizes[:4], "big")))
    return header, await reader.readexactly(int.from_bytes(sizes[4:], "big"))


def _settle(answer: asyncio.Future[Answer], header: dict[str, Any], payload: bytes) -> None:
    """Settle an answer. Errors: EnginesResting, which concerns all."""
    try:
        answer.set_result(_unpacked(header, payload))
    except EnginesResting:
        raise
    except NarratedError as error:
        answer.set_exception(error)


def _unpacked(header: Mapping[str, Any], payload: bytes) -> Answer:
    """The value of an answer. Errors: the NarratedError that it tells, of the same kind."""
    if failed := header.get("failed"):
        kind = getattr(errors, str(failed["kind"]), NarratedError)
        is_known = isinstance(kind, type) and issubclass(kind, NarratedError)
        raise (kind if is_known else NarratedError)(failed["problem"], failed["remedy"])
    return header["answer"], payload


def _gone() -> NarratedError:
    return NarratedError("The daemon stopped before everything was spoken.", _AGAIN)
