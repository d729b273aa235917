"""The socket between the command line and a running daemon."""

import asyncio
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from narrated.errors import NarratedError

MOST_HEADER_BYTES = 16 * 2**20
MOST_PAYLOAD_BYTES = 1 << 31
SOCKET_PATH_BYTES = 100  # Linux takes 107

Handler = Callable[[dict[str, Any], bytes], Awaitable[tuple[Any, bytes]]]
"""Answers a request (a header and a payload) with a JSON value and a payload."""


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


class ControlServer:
    """Answers one request per connection, for the daemon's account and group alone."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._path.unlink(missing_ok=True)  # the state lock is held, so no daemon listens there
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        self._path.chmod(0o660)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            header, payload = await _read(reader)
            writer.write(await self._answer(header, payload))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass  # the client has gone, or sent no valid frame
        finally:
            writer.close()

    async def _answer(self, header: dict[str, Any], payload: bytes) -> bytes:
        try:
            value, content = await self._handler(header, payload)
        except NarratedError as error:
            return _frame({"failed": {"problem": error.problem, "remedy": error.remedy}}, b"")
        return _frame({"answer": value}, content)


def ask(path: Path, header: Mapping[str, Any], payload: bytes = b"") -> tuple[Any, bytes]:
    """Send a request to the daemon at a socket; NarratedError if it refuses or is not there."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(os.fspath(path))
            line.sendall(_frame(dict(header), payload))
            return _answered(line)
    except OSError as error:
        raise NarratedError(
            f"The daemon does not answer at {path}: {error.strerror or error}.",
            "See `systemctl status narrated`; you need to be in the group `narrated`.",
        ) from error


def _answered(line: socket.socket) -> tuple[Any, bytes]:
    with line.makefile("rb") as stream:
        sizes = stream.read(8)
        if len(sizes) < 8:
            raise NarratedError("The daemon stopped before it answered.", "Try again.")
        header = json.loads(stream.read(int.from_bytes(sizes[:4], "big")))
        payload = stream.read(int.from_bytes(sizes[4:], "big"))
    if failed := header.get("failed"):
        raise NarratedError(failed["problem"], failed["remedy"])
    return header["answer"], payload


def _frame(header: dict[str, Any], payload: bytes) -> bytes:
    # Not msgspec's JSON: file names may hold bytes that are not UTF-8, which `json` escapes.
    line = json.dumps(msgspec.to_builtins(header)).encode("ascii")
    return len(line).to_bytes(4, "big") + len(payload).to_bytes(4, "big") + line + payload


async def _read(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    sizes = await reader.readexactly(8)
    header_bytes = int.from_bytes(sizes[:4], "big")
    payload_bytes = int.from_bytes(sizes[4:], "big")
    if header_bytes > MOST_HEADER_BYTES or payload_bytes > MOST_PAYLOAD_BYTES:
        raise ValueError("too long")
    header = json.loads(await reader.readexactly(header_bytes))
    return dict(header), await reader.readexactly(payload_bytes)
