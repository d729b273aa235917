"""The daemon's control socket: its address, its frames, and the server that answers on it."""

import asyncio
import hashlib
import json
import os
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec

from narrated.disk_threads import DiskThreads
from narrated.errors import NarratedError, StorageError

MOST_HEADER_BYTES = 2**20
MOST_PAYLOAD_BYTES = 256 * 2**20
"""Bound on the payloads of all requests at a time, until they are answered: one largest picture."""
MOST_SILENT = 32
"""Connections that have not sent their request; one more ends the oldest."""
MOST_ANSWERED = 32
"""Requests under way; one more is refused."""
MOST_TAKING = 32
"""Connections that have yet to take their answer; one more ends the oldest."""
MOST_SESSION_HEADER_BYTES = 2**16
"""Bound on the header of each further request of a session."""
MOST_ERROR_CHARACTERS = 4096
"""Bound on the problem and the remedy of an error: they may quote the request."""
REQUEST_S = 10.0
"""Time for a client to send its request."""
ANSWER_S = 60.0
"""Time for a client to take its answer."""
REMOVE_S = 0.5
"""Patience for the socket's file: a stop does not wait for a disk that hangs."""
SOCKET_PATH_BYTES = 100  # Linux takes 107

Handler = Callable[[dict[str, Any], bytes], Awaitable[tuple[Any, bytes]]]
"""Answers a request (a header and a payload) with a JSON value and a payload."""
Session = Callable[["FrameStream"], Awaitable[None]]
"""Serves a connection to its end. Errors: OSError, EOFError, ValueError; NarratedError first."""


def socket_path(state: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Choose the socket of a daemon on this state directory; the lock file names it to clients."""
    digest = hashlib.sha256(os.fsencode(state)).hexdigest()[:12]
    candidates = [state / "control.sock", Path(tempfile.gettempdir()) / f"narrated-{digest}.sock"]
    if runtime := environ.get("RUNTIME_DIRECTORY", "").split(":")[0]:
        candidates.insert(0, Path(runtime) / "control.sock")
    elif users := environ.get("XDG_RUNTIME_DIR"):
        candidates.insert(0, Path(users) / f"narrated-{digest}.sock")
    return next(
        path
        for path in candidates
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES and path.parent.is_dir()
    )


def socket_in_runtime_directory(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The socket of the daemon whose systemd unit runs this process; None outside of one."""
    runtime = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    path = Path(runtime) / "control.sock"
    return path if runtime and path.is_socket() else None


class _Phase:
    """The connections in one phase, the oldest first; one more than the bound ends the oldest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._writers: dict[asyncio.StreamWriter, None] = {}

    @contextmanager
    def hold(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        """Count a connection while it is in this phase."""
        if len(self._writers) >= self._most:
            oldest = next(iter(self._writers))
            del self._writers[oldest]
            oldest.transport.abort()
        self._writers[writer] = None
        try:
            yield
        finally:
            self._writers.pop(writer, None)


@dataclass(eq=False)
class ControlServer:
    """Answers one request per connection, for the daemon's account and group alone.

    Connections, requests and their time are bounded: a client that says nothing, or does not take
    its answer, keeps no descriptor that the work needs. Only the verbs of `_with_payload` take one.
    A verb of `_sessions` begins a session: a connection that stays, with bounds of its own.
    """

    _path: Path
    _handler: Handler
    _with_payload: Collection[str]
    _disk: DiskThreads
    _sessions: Mapping[str, Session] = field(default_factory=dict)
    _silent: _Phase = field(default_factory=lambda: _Phase(MOST_SILENT))
    _taking: _Phase = field(default_factory=lambda: _Phase(MOST_TAKING))
    _serving: set[asyncio.Task[None]] = field(default_factory=set)
    _answered: int = 0
    _payload_bytes: int = 0

    async def __aenter__(self) -> Self:
        listener, self._bound = await self._disk.run(_listener, self._path)
        begin = self._begin
        if sys.version_info >= (3, 13):  # it would look for the file, and remove it, in the loop
            self._server = await asyncio.start_unix_server(
                begin, sock=listener, backlog=MOST_SILENT, cleanup_socket=False
            )
        else:
            self._server = await asyncio.start_unix_server(
                begin, sock=listener, backlog=MOST_SILENT
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        with suppress(StorageError):  # its disk hangs: the next daemon removes it
            await self._disk.run(_remove, self._path, self._bound, patience_s=REMOVE_S)
        for task in self._serving:
            task.cancel()
        if self._serving:  # a request under way would go on with parts that are closed
            await asyncio.wait(set(self._serving))

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with ExitStack() as room:
                with self._silent.hold(writer):
                    async with asyncio.timeout(REQUEST_S):
                        header, payload = await self._read(reader, room)
                if session := self._sessions.get(str(header.get("do"))):
                    await self._hold_session(session, reader, writer)
                    return
                answer = await self._answer(header, payload)
                del header, payload
            with self._taking.hold(writer):
                writer.write(answer)
                del answer
                async with asyncio.timeout(ANSWER_S):
                    writer.close()
                    await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass  # the client has gone or is too slow, or sent no valid frame; or the daemon ends
        finally:
            writer.transport.abort()

    async def _hold_session(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        frames = FrameStream(reader, writer, self._room_for)
        try:
            await session(frames)
        except NarratedError as error:
            await frames.send({"failed": described(error)})

    async def _read(
        self, reader: asyncio.StreamReader, room: ExitStack
    ) -> tuple[dict[str, Any], bytes]:
        """Read a request; `room` holds the room of its payload. Errors: ValueError."""
        sizes = await reader.readexactly(8)
        header_bytes = int.from_bytes(sizes[:4], "big")
        payload_bytes = int.from_bytes(sizes[4:], "big")
        if header_bytes > MOST_HEADER_BYTES:
            raise ValueError("too long")
        header = _decoded(await reader.readexactly(header_bytes))
        if payload_bytes and header.get("do") not in self._with_payload:
            raise ValueError("takes no payload")
        room.enter_context(self._room_for(payload_bytes))
        return header, await reader.readexactly(payload_bytes)

    @contextmanager
    def _room_for(self, payload_bytes: int) -> Iterator[None]:
        if self._payload_bytes + payload_bytes > MOST_PAYLOAD_BYTES:
            raise ValueError("too long")
        self._payload_bytes += payload_bytes
        try:
            yield
        finally:
            self._payload_bytes -= payload_bytes

    async def _answer(self, header: dict[str, Any], payload: bytes) -> bytes:
        try:
            if self._answered >= MOST_ANSWERED:
                raise NarratedError("The daemon answers many commands already.", "Try again later.")
            self._answered += 1
            try:
                value, content = await self._handler(header, payload)
            finally:
                self._answered -= 1
        except NarratedError as error:
            return frame({"failed": described(error)}, b"")
        return frame({"answer": value}, content)


@dataclass(eq=False)
class FrameStream:
    """The frames of a session."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _room_for: Callable[[int], AbstractContextManager[None]]
    received: int = 0
    """The number of frames received."""

    async def receive(self, room: ExitStack) -> tuple[dict[str, Any], bytes]:
        """Wait for a frame; `room` then holds the room of its payload.

        Errors: OSError, EOFError, ValueError.
        """
        sizes = await self._reader.readexactly(8)
        header_bytes = int.from_bytes(sizes[:4], "big")
        payload_bytes = int.from_bytes(sizes[4:], "big")
        if header_bytes > MOST_SESSION_HEADER_BYTES:
            raise ValueError("too long")
        header = _decoded(await self._reader.readexactly(header_bytes))
        room.enter_context(self._room_for(payload_bytes))
        payload = await self._reader.readexactly(payload_bytes)
        self.received += 1
        return header, payload

    async def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Send a frame, and wait until the client has taken most of it. Errors: OSError."""
        self._writer.write(frame(header, payload))
        await self._writer.drain()

    def abort(self) -> None:
        """Close the connection at once; `receive` then raises."""
        self._writer.transport.abort()


def _listener(path: Path) -> tuple[socket.socket, int]:
    """Make the socket's file, and return the socket with the file's number. Errors: OSError."""
    path.unlink(missing_ok=True)  # the state lock is held, so no daemon listens there
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        path.chmod(0o660)
    except OSError:
        listener.close()
        raise
    return listener, _inode(path)


def _remove(path: Path, bound: int) -> None:
    """Remove the socket's file, unless it is that of a daemon which took our place."""
    if _inode(path) == bound:
        path.unlink(missing_ok=True)


def _inode(path: Path) -> int:
    """The number of a file; 0 if it is missing."""
    with suppress(OSError):
        return path.lstat().st_ino
    return 0


def described(error: NarratedError) -> dict[str, str]:
    """An error as a client gets it, bounded in length."""
    problem, remedy = _cut(error.problem), _cut(error.remedy)
    return {"problem": problem, "remedy": remedy, "kind": type(error).__name__}


def _cut(text: str) -> str:
    """Leave out the middle of a long text."""
    half = MOST_ERROR_CHARACTERS // 2
    return text if len(text) <= MOST_ERROR_CHARACTERS else f"{text[:half]} … {text[-half:]}"


def frame(header: Mapping[str, Any], payload: bytes) -> bytes:
    """Encode a message: the lengths of header and payload in 4 bytes each, then both."""
    # Not msgspec's JSON: file names may hold bytes that are not UTF-8, which `json` escapes.
    line = json.dumps(msgspec.to_builtins(header)).encode("ascii")
    return len(line).to_bytes(4, "big") + len(payload).to_bytes(4, "big") + line + payload


def _decoded(content: bytes) -> dict[str, Any]:
    """Decode a request's header. Errors: ValueError."""
    try:
        header = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(header, dict):
        raise ValueError("not an object")
    return header
