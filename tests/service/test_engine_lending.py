"""Engines lent over the control socket: a command that reads takes nothing from the others."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from narrated.disk_threads import DiskThreads
from narrated.engines.engine_info import EngineInfo
from narrated.errors import EngineUnavailable, NarratedError
from narrated.service import engine_lending
from narrated.service.control_server import ControlServer, frame
from narrated.service.engine_lending import MOST_BORROWERS, EngineLending
from narrated.terminal.borrowed_engines import BorrowedEngines
from narrated.workers.request_matching import ScheduledRequest
from narrated.workers.worker import RequestResult


class Engines:
    """Engines that answer with the text itself; a text HOLD is answered once it is released."""

    def __init__(self) -> None:
        self.asked: list[ScheduledRequest] = []
        self.released = asyncio.Event()
        self.cancelled = 0
        self.measured: list[tuple] = []

    def learn(self, *figures) -> None:
        self.measured.append(figures)

    async def engine(self, name, voices=(), *, waits=True):
        if name != "toy":
            raise EngineUnavailable(f"No worker has the engine '{name}'.")
        return EngineInfo("toy", "speech", "toy-1", 22050, {}, rows=2)

    async def perform(self, request):
        self.asked.append(request)
        try:
            if request.header["text"] == "HOLD":
                await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        header = {"identity": "toy-1", "sample_rate": 22050, "elapsed_s": 0.1}
        return RequestResult(header, request.header["text"].encode())


Use = Callable[[Path, Engines], Awaitable[None]]


@pytest.fixture
def lend(tmp_path):
    """Run something while a server lends engines."""

    def run(use: Use) -> None:
        async def main() -> None:
            engines, path = Engines(), tmp_path / "control.sock"
            sessions = {"lend": EngineLending(engines, engines, lambda: None).serve}  # type: ignore[arg-type]

            async def refuse(header, payload):
                raise NarratedError("no")

            async with ControlServer(path, refuse, [], DiskThreads("the state"), sessions):
                await use(path, engines)

        asyncio.run(main())

    return run


def _request(text: str, payload: bytes = b"") -> ScheduledRequest:
    return ScheduledRequest(
        "key", "toy", 7, 1.0, {"text": text, "voice": "", "options": {}}, payload, "toy-1"
    )


async def _wait(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def test_requests_belong_to_no_job(lend):
    """Whatever a command names as job and key, its request is that of no job, by its content."""

    async def use(path, engines):
        async with BorrowedEngines(path) as borrowed:
            assert (await borrowed.engine("toy")).rows == 2
            results = [await borrowed.perform(_request(text)) for text in ("one", "two", "one")]
        assert [result.payload for result in results] == [b"one", b"two", b"one"]
        assert {request.job for request in engines.asked} == {0}
        keys = [request.key for request in engines.asked]
        assert keys[0] == keys[2] != keys[1]
        assert "key" not in keys
        assert engines.measured[0] == (("toy", "", {}), "toy-1", 3, 3 / 2 / 22050, 0.1)

    lend(use)


def test_errors_keep_their_kind(lend):
    """An error of an engine reaches the command as what it is, and ends no other request."""

    async def use(path, engines):
        async with BorrowedEngines(path) as borrowed:
            with pytest.raises(EngineUnavailable, match="No worker"):
                await borrowed.engine("none")
            assert (await borrowed.perform(_request("one"))).payload == b"one"

    lend(use)


def test_hang_up_cancels_requests(lend):
    """A command that goes leaves no request under way, nor does one that is cancelled."""

    async def use(path, engines):
        async with BorrowedEngines(path) as borrowed:
            held = [asyncio.create_task(borrowed.perform(_request("HOLD"))) for _ in range(2)]
            await _wait(lambda: len(engines.asked) == 2)
            held[0].cancel()
            await _wait(lambda: engines.cancelled == 1)
        await _wait(lambda: engines.cancelled == 2)
        await asyncio.wait(held)

    lend(use)


def test_engine_is_not_filled(lend):
    """A command has at most twice as many requests under way as the engine has slots."""

    async def use(path, engines):
        async with BorrowedEngines(path) as borrowed:
            await borrowed.engine("toy")
            held = [asyncio.create_task(borrowed.perform(_request("HOLD"))) for _ in range(20)]
            await _wait(lambda: len(engines.asked) == 4)
            await asyncio.sleep(0.05)
            assert len(engines.asked) == 4
            engines.released.set()
            await asyncio.gather(*held)

    lend(use)


def test_one_borrower_too_many(lend):
    """A command more than may read at a time is refused, and told why."""

    async def use(path, engines):
        borrowers = [BorrowedEngines(path) for _ in range(MOST_BORROWERS + 1)]
        for each in borrowers[:-1]:
            await each.perform(_request("one"))
        with pytest.raises(NarratedError, match="already"):
            await borrowers[-1].perform(_request("one"))
        for each in borrowers:
            await each.__aexit__()

    lend(use)


def test_idle_connection_is_closed(lend, monkeypatch):
    """A connection without requests is closed; the command opens another for its next request."""
    monkeypatch.setattr(engine_lending, "IDLE_S", 0.05)

    async def use(path, engines):
        async with BorrowedEngines(path) as borrowed:
            await borrowed.perform(_request("one"))
            await _wait(lambda: borrowed._writer.is_closing())
            assert (await borrowed.perform(_request("two"))).payload == b"two"

    lend(use)


REQUEST = {"do": "perform", "engine": "toy", "identity": "", "weight": 1, "header": {"text": "x"}}


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff" * 8,
        frame({"id": "one", **REQUEST}, b""),
        frame({"id": 1, **REQUEST, "header": 3}, b""),
        frame({"id": 1, "do": "perform"}, b""),
        frame({"id": 1, **REQUEST, "header": {"text": "x" * 70_000}}, b""),
        b"".join(frame({"id": 1, **REQUEST, "header": {"text": "HOLD"}}, b"") for _ in range(2)),
        b"".join(frame({"id": n, **REQUEST, "header": {"text": "HOLD"}}, b"") for n in range(200)),
    ],
    ids=["no frame", "no number", "no header", "no engine", "too long", "twice", "too many"],
)
def test_bad_borrower_is_hung_up(lend, sent):
    """What no command of ours sends ends its connection, and its requests."""

    async def use(path, engines):
        def talk() -> bytes:
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(str(path))
                line.settimeout(60)
                line.sendall(frame({"do": "lend"}, b"") + sent)
                with line.makefile("rb") as stream:
                    sizes = stream.read(8)
                    assert json.loads(stream.read(int.from_bytes(sizes[:4], "big")))
                    return stream.read()

        assert await asyncio.to_thread(talk) == b""
        await _wait(lambda: engines.cancelled == len(engines.asked))

    lend(use)
