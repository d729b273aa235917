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
from typing import Any

from narrated.errors import NarratedError

PREFIX = struct.Struct("<II")
HEADER_LIMIT_BYTES = 1 << 20
LONGEST_WAIT_S = 3600.0
"""poll(2) counts milliseconds in an int."""
PAYLOAD_LIMIT_BYTES = 256 << 20

PARENT_VARIABLE = "NARRATED_PARENT_PID"
"""Holds the parent's pid: without it a child could not tell that it is already an orphan."""

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
        prefix = self._exactly(PREFIX.size)
        if prefix is None:
            return None
        header_bytes, payload_bytes = decode_sizes(prefix)
        body = self._exactly(header_bytes + payload_bytes)
        if body is None:
            return None
        return decode_header(body[:header_bytes]), bytes(body[header_bytes:])

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        """Write one frame. Raises ConnectionError if the daemon is gone."""
        self._socket.sendall(encode_header(header, len(payload)))
        if payload:
            self._socket.sendall(payload)

    def ready(self, within_s: float = 0.0) -> bool:
        """True if `receive` would not block: a frame has come, or the daemon is gone."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(min(within_s, LONGEST_WAIT_S) * 1000))

    def close(self) -> None:
        """Close the socket."""
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


def encode_header(header: dict[str, Any], payload_bytes: int) -> bytes:
    """Encode a frame up to its payload; BadFrame if it exceeds a limit."""
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    _check(len(text), payload_bytes)
    return PREFIX.pack(len(text), payload_bytes) + text


def decode_sizes(prefix: bytes | memoryview) -> tuple[int, int]:
    """Decode the lengths of header and payload in bytes; BadFrame if one exceeds its limit."""
    header_bytes, payload_bytes = PREFIX.unpack(prefix)
    _check(header_bytes, payload_bytes)
    return header_bytes, payload_bytes


def decode_header(text: bytes | memoryview) -> dict[str, Any]:
    """Decode a header from JSON; BadFrame if it is no object."""
    try:
        header = json.loads(bytes(text))
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


def _check(header_bytes: int, payload_bytes: int) -> None:
    if header_bytes > HEADER_LIMIT_BYTES:
        raise BadFrame(f"A frame's header of {header_bytes} bytes exceeds the limit.")
    if payload_bytes > PAYLOAD_LIMIT_BYTES:
        raise BadFrame(f"A frame's payload of {payload_bytes} bytes exceeds the limit.")
