"""Lends the daemon's engines to a command that reads: one connection, many requests.

The command reads and parses its own document, and has its own cache and file; the daemon speaks
chunks and describes pictures for it. So a warm model is used, and none is loaded twice.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from narrated.engines.engine_info import EngineInfo
from narrated.errors import NarratedError
from narrated.jobs.plan import json_digest
from narrated.ledger.engine_rates import EngineRates, rate_identity
from narrated.service.control_server import FrameStream, described
from narrated.workers.request_dispatch import Scheduler
from narrated.workers.request_matching import ScheduledRequest
from narrated.workers.worker import RequestResult

MOST_BORROWERS = 8
"""Commands that read at a time; one more is refused."""
MOST_REQUESTS = 128
"""Requests of one command under way; one more, which none of ours sends, ends its connection."""
IDLE_S = 600.0
"""Time without any request after which a connection is closed; the command may open another."""
TAKE_S = 60.0
"""Time for a command to take an answer."""
LENT = "lent-"
"""The key of a request begins with it, so that no job shares its result."""


@dataclass(eq=False)
class EngineLending:
    """Serves those who borrow engines; their requests belong to no job, as those of a note."""

    _scheduler: Scheduler
    _rates: EngineRates
    _refuse_in_break: Callable[[], None]
    """Raises the error of whoever asks an engine in a break."""
    _borrowers: int = 0

    async def serve(self, frames: FrameStream) -> None:
        """Serve one connection until it closes; a command that has gone cancels its requests.

        Errors: OSError, asyncio.IncompleteReadError, ValueError; NarratedError, before it began.
        """
        if self._borrowers >= MOST_BORROWERS:
            raise NarratedError(
                f"The daemon speaks for {MOST_BORROWERS} commands already.", "Try again later."
            )
        self._borrowers += 1
        borrower = _Borrower(self._scheduler, self._rates, self._refuse_in_break, frames)
        try:
            await frames.send({"answer": {}})
            await borrower.serve()
        finally:
            self._borrowers -= 1
            borrower.cancel_all()


@dataclass(eq=False)
class _Borrower:
    """One connection, and its requests under way."""

    _scheduler: Scheduler
    _rates: EngineRates
    _refuse_in_break: Callable[[], None]
    _frames: FrameStream
    _engines: dict[str, EngineInfo] = field(default_factory=dict)
    """The engines that the command asked for, as it was told of them."""
    _requests: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def serve(self) -> None:
        idle = asyncio.create_task(self._close_idle())
        try:
            while True:
                with ExitStack() as room:
                    header, payload = await self._frames.receive(room)
                    self._take(header, payload, room.pop_all())
        finally:
            idle.cancel()

    def cancel_all(self) -> None:
        for task in self._requests.values():
            task.cancel()

    def _take(self, header: dict[str, Any], payload: bytes, room: ExitStack) -> None:
        """Begin a request, or cancel one. Errors: ValueError."""
        with room:
            id = header.get("id")
            if not isinstance(id, int):
                raise ValueError("no number")
            if header.get("do") == "cancel":
                if task := self._requests.get(id):
                    task.cancel()
                return
            if id in self._requests:
                raise ValueError("a number twice")
            if len(self._requests) >= MOST_REQUESTS:
                raise ValueError("too many requests")
            held = room.pop_all()
        task = asyncio.create_task(self._answer(id, header, payload))
        self._requests[id] = task
        task.add_done_callback(lambda _: self._forget(id, held))

    def _forget(self, id: int, held: ExitStack) -> None:
        del self._requests[id]
        held.close()

    async def _answer(self, id: int, header: dict[str, Any], payload: bytes) -> None:
        try:
            value, content = await self._performed(header, payload)
            answer: dict[str, Any] = {"id": id, "answer": value}
        except NarratedError as error:
            answer, content = {"id": id, "failed": described(error)}, b""
        except (KeyError, TypeError, ValueError, msgspec.ValidationError):
            self._frames.abort()  # no command of ours
            return
        with suppress(OSError, TimeoutError):  # it has gone, as `receive` tells
            async with self._sending, asyncio.timeout(TAKE_S):
                await self._frames.send(answer, content)
                return
        self._frames.abort()

    async def _performed(self, header: dict[str, Any], payload: bytes) -> tuple[Any, bytes]:
        self._refuse_in_break()  # the scheduler would wait for workers that are unloaded
        name = str(header["engine"])
        if header["do"] == "engine":
            voices = [str(each) for each in header["voices"]]
            self._engines[name] = await self._scheduler.engine(name, voices)
            return self._engines[name], b""
        request = _request(name, header, payload)
        result = await self._scheduler.perform(request)
        if engine := self._engines.get(name):
            self._learn(engine, request, result)
        return dict(result.header), result.payload

    def _learn(self, engine: EngineInfo, request: ScheduledRequest, result: RequestResult) -> None:
        """Measure the engine by what it spoke, as by what it speaks for a narration."""
        if engine.kind != "speech":
            return
        asked = request.header
        usual = engine.usual_options.items()
        options = {
            key: value for key, value in asked["options"].items() if (key, value) not in usual
        }
        self._rates.learn(
            (engine.name, str(asked["voice"]), options),
            rate_identity(result.header["identity"], engine.usual_options),
            len(str(asked["text"])),
            result.duration_s,
            float(result.header["elapsed_s"]),
        )

    async def _close_idle(self) -> None:
        while True:
            heard = self._frames.received
            await asyncio.sleep(IDLE_S)
            if not self._requests and heard == self._frames.received:
                self._frames.abort()


def _request(engine: str, header: dict[str, Any], payload: bytes) -> ScheduledRequest:
    """Build a request of no job. Its key is of its content, so that nobody else's is shared."""
    asked = msgspec.convert(header["header"], dict[str, Any])
    identity, weight = str(header["identity"]), float(header["weight"])
    key = LENT + json_digest([engine, identity, asked, sha256(payload).hexdigest()])
    return ScheduledRequest(key, engine, 0, weight, asked, payload, identity)
