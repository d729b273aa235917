"""Frames between the daemon and its children: a JSON header, then raw bytes, over one socket.

A frame is two little-endian u32 (header length, payload length), the header, the payload.
Only the standard library is used: a child may run in an engine's own interpreter.
"""

import ctypes
import json
import os
import select
import signal
import socket
import struct
import threading
from typing import Any

from narrated.errors import NarratedError

PREFIX = struct.Struct("<II")
HEADER_LIMIT_BYTES = 1 << 20
LONGEST_WAIT_S = 3600.0
"""poll(2) counts milliseconds in an int."""
PAYLOAD_LIMIT_BYTES = 256 << 20

PARENT_VARIABLE = "NARRATED_PARENT_PID"
"""Names the parent to its child, which could not tell otherwise that it is already orphaned."""

_PR_SET_PDEATHSIG = 1


class BadFrame(NarratedError):
    """What stands on the wire is not a frame, or a frame would be too large for it."""


class ChildChannel:
    """The child's end: blocking, one reader, any number of writing threads."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sending = threading.Lock()

    @classmethod
    def inherited(cls, fd: int) -> "ChildChannel":
        """The wire on a descriptor the parent left open; it is not passed on to grandchildren."""
        os.set_inheritable(fd, False)
        return cls(socket.socket(fileno=fd))

    def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """The next frame, waiting for it; None when the other side is gone."""
        prefix = self._exactly(PREFIX.size)
        if prefix is None:
            return None
        header_bytes, payload_bytes = sizes(prefix)
        body = self._exactly(header_bytes + payload_bytes)
        if body is None:
            return None
        return parsed(body[:header_bytes]), bytes(body[header_bytes:])

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        """Write one frame whole, whatever other threads write; ConnectionError: nobody reads."""
        begin = beginning(header, len(payload))
        with self._sending:
            self._socket.sendall(begin)
            if payload:
                self._socket.sendall(payload)

    def ready(self, within_s: float = 0.0) -> bool:
        """Whether `receive` has something to take: a frame, or the other side's end."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(min(within_s, LONGEST_WAIT_S) * 1000))

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _exactly(self, size_bytes: int) -> memoryview | None:
        received = memoryview(bytearray(size_bytes))
        filled = 0
        while filled < size_bytes:
            try:
                count = self._socket.recv_into(received[filled:], 0, socket.MSG_WAITALL)
            except ConnectionError:
                return None
            if count == 0:
                return None
            filled += count
        return received


def beginning(header: dict[str, Any], payload_bytes: int) -> bytes:
    """A frame up to its payload; BadFrame when it would pass a bound of the wire."""
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    _check(len(text), payload_bytes)
    return PREFIX.pack(len(text), payload_bytes) + text


def sizes(prefix: bytes | memoryview) -> tuple[int, int]:
    """The lengths of header and payload in bytes; BadFrame when they cannot be meant."""
    header_bytes, payload_bytes = PREFIX.unpack(prefix)
    _check(header_bytes, payload_bytes)
    return header_bytes, payload_bytes


def parsed(text: bytes | memoryview) -> dict[str, Any]:
    """The header in its JSON text; BadFrame when it is not an object."""
    try:
        header = json.loads(bytes(text))
    except (ValueError, RecursionError):
        raise BadFrame("A frame's header is not JSON.") from None
    if not isinstance(header, dict):
        raise BadFrame("A frame's header is not an object.")
    return header


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, so that no orphan holds a GPU."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died before the line above; then no signal ever comes.
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None and os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGKILL)


def _check(header_bytes: int, payload_bytes: int) -> None:
    if header_bytes > HEADER_LIMIT_BYTES:
        raise BadFrame(f"A frame's header of {header_bytes} bytes passes the wire's bound.")
    if payload_bytes > PAYLOAD_LIMIT_BYTES:
        raise BadFrame(f"A frame's payload of {payload_bytes} bytes passes the wire's bound.")
