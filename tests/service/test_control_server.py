"""The control socket: whoever may connect cannot keep the daemon from its work."""

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from narrated.disk_threads import DiskThreads
from narrated.errors import NarratedError
from narrated.service import control_server
from narrated.service.control_server import (
    MOST_ANSWERED,
    MOST_ERROR_CHARACTERS,
    MOST_SILENT,
    MOST_TAKING,
    ControlServer,
    frame,
)
from narrated.terminal.daemon_client import ask

_DESCRIPTORS = Path("/proc/self/fd")


async def _echo(header: dict[str, Any], payload: bytes) -> tuple[Any, bytes]:
    return header, payload


def serving(path: Path, use: Callable[[], Coroutine[Any, Any, None]], handler: Any = _echo) -> None:
    """Run something while the server listens; no error may reach the loop."""
    errors: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: errors.append(about))
        async with ControlServer(path, handler, ["echo"], DiskThreads("the state")):
            await use()

    asyncio.run(run())
    assert errors == []


def connected(path: Path, stack: ExitStack) -> socket.socket:
    line = stack.enter_context(socket.socket(socket.AF_UNIX))
    line.connect(str(path))
    return line


async def asked(path: Path, payload: bytes = b"") -> Any:
    return await asyncio.to_thread(ask, path, {"do": "echo"}, payload)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def test_silent_clients_lose_their_turn(path: Path) -> None:
    """A client that asks is answered, however many others say nothing; few of them stay."""

    async def use() -> None:
        before = len(list(_DESCRIPTORS.iterdir()))  # those of other tests of this process, too
        with ExitStack() as stack:
            for _ in range(10):
                for _ in range(MOST_SILENT):
                    await asyncio.to_thread(connected, path, stack)
                assert await asked(path) == ({"do": "echo"}, b"")
            assert len(list(_DESCRIPTORS.iterdir())) - before < 12 * MOST_SILENT

    serving(path, use)


def test_silent_client_is_hung_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends half a request loses its connection after a while."""
    monkeypatch.setattr(control_server, "REQUEST_S", 0.05)

    async def use() -> None:
        with ExitStack() as stack:
            line = connected(path, stack)
            line.sendall(b"\0")
            assert await asyncio.to_thread(line.recv, 1) == b""

    serving(path, use)


def test_client_that_takes_no_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not take its answer loses its connection after a while."""
    monkeypatch.setattr(control_server, "ANSWER_S", 0.05)

    async def use() -> None:
        with ExitStack() as stack:
            line = connected(path, stack)
            await asyncio.to_thread(line.sendall, frame({"do": "echo"}, bytes(8 << 20)))
            taken = len(await asyncio.to_thread(line.recv, 1 << 16))
            await asyncio.sleep(0.2)
            while content := await asyncio.to_thread(_received, line):
                taken += len(content)
            assert 0 < taken < 8 << 20

    serving(path, use)


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(1 << 16)
    except ConnectionResetError:
        return b""


def _framed(header: bytes) -> bytes:
    return len(header).to_bytes(4, "big") + bytes(4) + header


@pytest.mark.parametrize(
    "request_",
    [
        _framed(b"[" * 100_000),
        _framed(b'{"a":' * 100_000),
        _framed(b"[]"),
        _framed(b"5"),
        _framed(b"\xff"),
        b"\xff" * 8,
        b"\0\0\0\x02\xff\xff\xff\xff{}",
    ],
    ids=["deep list", "deep object", "list", "number", "binary", "long header", "long payload"],
)
def test_bad_request_is_hung_up(path: Path, request_: bytes) -> None:
    """A request that is none ends its connection, and nothing else."""

    async def use() -> None:
        with ExitStack() as stack:
            line = connected(path, stack)
            await asyncio.to_thread(line.sendall, request_)
            assert await asyncio.to_thread(_received, line) == b""
        assert await asked(path) == ({"do": "echo"}, b"")

    serving(path, use)


def test_payloads_share_their_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announced payloads count together, so that many cannot fill the memory."""
    monkeypatch.setattr(control_server, "MOST_PAYLOAD_BYTES", 1000)

    async def use() -> None:
        with ExitStack() as stack:
            first, second = connected(path, stack), connected(path, stack)
            whole = frame({"do": "echo"}, bytes(600))
            first.sendall(whole[:-1])
            await asyncio.sleep(0)
            second.sendall(whole[:-1])
            assert await asyncio.to_thread(_received, second) == b""
            first.sendall(whole[-1:])
            assert await asyncio.to_thread(_received, first)

    serving(path, use)


def test_untaken_answers_lose_turns(path: Path) -> None:
    """A client that asks is answered, however many others do not take theirs; few of them stay."""
    whole = frame({"do": "echo", "path": "x" * 900_000}, b"")

    async def use() -> None:
        before = len(list(_DESCRIPTORS.iterdir()))
        with ExitStack() as stack:
            lines = []
            for _ in range(5 * MOST_TAKING):
                lines.append(connected(path, stack))
                await asyncio.to_thread(lines[-1].sendall, whole)
                assert await asyncio.to_thread(lines[-1].recv, 1, socket.MSG_PEEK)
            assert await asked(path) == ({"do": "echo"}, b"")
            assert len(list(_DESCRIPTORS.iterdir())) - before < 7 * MOST_TAKING

    serving(path, use)


def test_error_does_not_echo_request(path: Path) -> None:
    """An error that quotes a long request is cut, at both ends readable."""

    async def refuse(header: dict[str, Any], _payload: bytes) -> tuple[Any, bytes]:
        raise NarratedError(f"The file {header['path']} is not known.", "Look again.")

    async def use() -> None:
        request = {"do": "history", "path": "x" * 900_000}
        with pytest.raises(NarratedError) as refused:
            await asyncio.to_thread(ask, path, request)
        assert refused.value.problem.startswith("The file xxx")
        assert refused.value.problem.endswith("xxx is not known.")
        assert len(refused.value.problem) < MOST_ERROR_CHARACTERS + 10

    serving(path, use, refuse)


def test_room_is_held_until_answered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A payload counts as long as its request is under way, not only while it is sent."""
    monkeypatch.setattr(control_server, "MOST_PAYLOAD_BYTES", 1000)
    began, free = asyncio.Event(), asyncio.Event()

    async def hold(header: dict[str, Any], payload: bytes) -> tuple[Any, bytes]:
        began.set()
        await free.wait()
        return header, payload

    async def use() -> None:
        whole = frame({"do": "echo"}, bytes(600))
        with ExitStack() as stack:
            first, second = connected(path, stack), connected(path, stack)
            first.sendall(whole)
            await began.wait()
            second.sendall(whole)
            assert await asyncio.to_thread(_received, second) == b""
            free.set()
            assert await asyncio.to_thread(_received, first)
        assert await asked(path, bytes(600)) == ({"do": "echo"}, bytes(600))

    serving(path, use, hold)


def test_payload_nobody_takes(path: Path) -> None:
    """A payload for a request that takes none ends the connection before it is read."""

    async def use() -> None:
        with ExitStack() as stack:
            line = connected(path, stack)
            line.sendall(frame({"do": "say"}, bytes(600))[:-600])
            assert await asyncio.to_thread(_received, line) == b""

    serving(path, use)


def test_many_commands_are_refused(path: Path) -> None:
    """Of many requests under way at once, those beyond the bound are told to come again."""
    free = asyncio.Event()
    begun = 0

    async def wait_for_all(header: dict[str, Any], payload: bytes) -> tuple[Any, bytes]:
        nonlocal begun
        begun += 1
        await free.wait()
        return header, payload

    async def use() -> None:
        with ExitStack() as stack:
            lines = []
            for _ in range(MOST_ANSWERED):
                lines.append(connected(path, stack))
                lines[-1].sendall(frame({}, b""))
                while begun < len(lines):
                    await asyncio.sleep(0.001)
            last = connected(path, stack)
            last.sendall(frame({}, b""))
            told = await asyncio.to_thread(last.recv, 4096)
            assert "many commands" in json.loads(told[8:])["failed"]["problem"]
            free.set()
            for line in lines:
                assert await asyncio.to_thread(_received, line)

    serving(path, use, wait_for_all)


def test_request_ends_with_the_server(path: Path) -> None:
    """A request that is under way ends before the parts that it works with are closed."""
    began, ended = asyncio.Event(), asyncio.Event()

    async def work(_header: dict[str, Any], _payload: bytes) -> tuple[Any, bytes]:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    async def run() -> None:
        with ExitStack() as stack:
            async with ControlServer(path, work, [], DiskThreads("the state")):
                line = await asyncio.to_thread(connected, path, stack)
                line.sendall(frame({"do": "work"}, b""))
                await began.wait()
            assert ended.is_set()

    asyncio.run(run())
