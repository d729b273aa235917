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
from collections.abc import Mapping
from typing import Any

from narrated.errors import NarratedError

PREFIX = struct.Struct("<II")
HEADER_LIMIT_BYTES = 1 << 20
PAYLOAD_LIMIT_BYTES = 512 << 20  # the largest picture, and the lexicons of many folders
_COPIED_BYTES = 1 << 18
_LONGEST_WAIT_S = 3600.0  # poll(2) counts milliseconds in an int

PARENT_VARIABLE = "NARRATED_PARENT_PID"
"""Holds the parent's pid: without it a child could not tell that it is already an orphan."""

_COMPACT = json.JSONEncoder(separators=(",", ":"))
_PR_SET_PDEATHSIG = 1


class BadFrame(NarratedError):
    """The bytes received are no frame, or a frame to send is too large."""


class ChildChannel:
    """The child's end of the socket: blocking, and used by one thread."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    @classmethod
    def inherited(cls, fd: int) -> "ChildChannel":
        """Open the channel on a descriptor from the parent; grandchildren do not inherit it."""
        os.set_inheritable(fd, False)
        return cls(socket.socket(fileno=fd))

    def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """Wait for the next frame; None if the daemon is gone."""
        try:
            header_bytes, payload_bytes = decode_prefix(self._exactly(PREFIX.size))
            body = self._exactly(header_bytes + payload_bytes)
        except ConnectionError:
            return None
        return decode_header(body[:header_bytes]), bytes(body[header_bytes:])

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        """Write one frame. Raises ConnectionError if the daemon is gone."""
        for part in encode(header, payload):
            self._socket.sendall(part)

    def ready(self, within_s: float = 0.0) -> bool:
        """True if `receive` would not block: a frame has come, or the daemon is gone."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(min(within_s, _LONGEST_WAIT_S) * 1000))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _exactly(self, size_bytes: int) -> memoryview:
        received = memoryview(bytearray(size_bytes))
        filled = 0
        while filled < size_bytes:
            count = self._socket.recv_into(received[filled:], 0, socket.MSG_WAITALL)
            if count == 0:
                raise ConnectionError
            filled += count
        return received


def encode(header: Mapping[str, Any], payload: bytes) -> tuple[bytes, ...]:
    """Encode a frame in parts, a large payload uncopied; BadFrame if it exceeds a limit."""
    text = _COMPACT.encode(dict(header)).encode("ascii")
    head = PREFIX.pack(*_checked(len(text), len(payload))) + text
    # Each part costs both ends a system call, and may wake the other end by itself.
    return (head + payload,) if len(payload) <= _COPIED_BYTES else (head, payload)


def decode_prefix(prefix: bytes | memoryview) -> tuple[int, int]:
    """Decode the lengths of header and payload in bytes; BadFrame if one exceeds its limit."""
    return _checked(*PREFIX.unpack(prefix))


def _checked(header_bytes: int, payload_bytes: int) -> tuple[int, int]:
    if header_bytes > HEADER_LIMIT_BYTES:
        raise BadFrame(f"A frame's header of {header_bytes} bytes exceeds the limit.")
    if payload_bytes > PAYLOAD_LIMIT_BYTES:
        raise BadFrame(f"A frame's payload of {payload_bytes} bytes exceeds the limit.")
    return header_bytes, payload_bytes


def decode_header(text: bytes | memoryview) -> dict[str, Any]:
    """Decode a header from JSON; BadFrame if it is no object."""
    try:
        header = json.loads(str(text, "utf-8"))
    except (ValueError, RecursionError):
        raise BadFrame("A frame's header is not JSON.") from None
    if not isinstance(header, dict):
        raise BadFrame("A frame's header is not an object.")
    return header


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies: no orphan may hold a GPU."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died before the line above; then no signal ever comes.
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None and os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGKILL)
