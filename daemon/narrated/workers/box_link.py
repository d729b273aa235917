"""The link between a daemon and a worker on another box: frames, greetings and heartbeats.

Each end greets the other with its versions, then sends a ping every PING_S. An end that receives no
byte for SILENT_S takes the other for gone.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from narrated import __version__
from narrated.workers.protocol import PREFIX, BadFrame, decode_header, decode_prefix, encode

PROTOCOL = 1
"""Version of the frames; another one cannot be talked to."""

PING_S = 2.0
SILENT_S = 8
"""Seconds without a byte: both ends notice a silence within 10 s, the look at it included."""

PAYLOAD_LIMIT_BYTES = 64 << 20
"""Of a frame from a box: ten minutes of sound are less."""

READ_AHEAD_BYTES = 1 << 20
_PIECE_BYTES = 1 << 18
_LOOK_S = 1.0


def greeting() -> dict[str, Any]:
    """Give the versions that an end tells the other."""
    return {"protocol": PROTOCOL, "version": __version__}


def same_version(theirs: Mapping[str, Any]) -> bool:
    """True if a greeting comes from the same version of narrated."""
    ours = greeting()
    return all(theirs.get(key) == value for key, value in ours.items())


class BoxLink:
    """One end of the link. Needs a running event loop."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit_bytes: int
    ) -> None:
        """`limit_bytes` limits the payload of a frame that is received."""
        self.silent = False
        """True if the link was closed because the other end was silent."""
        self._reader, self._writer = reader, writer
        self._limit_bytes = limit_bytes
        self._silent_looks = 0
        self._heartbeat = asyncio.create_task(self._beat())

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Queue a frame. If the other end is gone, `receive` tells."""
        frame = encode(header, payload)
        if not self._writer.is_closing():
            for part in frame:
                self._writer.write(part)

    async def drain(self) -> None:
        """Wait until most of what was sent is on its way."""
        with suppress(ConnectionError):
            await self._writer.drain()

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """Wait for the next frame; None if the other end is gone or silent. Raises BadFrame."""
        while (frame := await self._frame()) is not None:
            if "ping" not in frame[0]:
                return frame
        return None

    @property
    def is_open(self) -> bool:
        """True until either end has closed the link."""
        return not (self._reader.at_eof() or self._writer.is_closing())

    def close(self) -> None:
        """Close the link, once what was sent is on its way."""
        self._heartbeat.cancel()
        self._writer.close()

    def abort(self) -> None:
        """Close the link at once."""
        self._heartbeat.cancel()
        self._writer.transport.abort()

    async def _frame(self) -> tuple[dict[str, Any], bytes] | None:
        try:
            header_bytes, payload_bytes = decode_prefix(await self._exactly(PREFIX.size))
            if payload_bytes > self._limit_bytes:  # before it is received
                raise BadFrame(f"A frame's payload of {payload_bytes} bytes exceeds the limit.")
            header = decode_header(await self._exactly(header_bytes))
            return header, await self._exactly(payload_bytes)
        except ConnectionError:
            return None

    async def _exactly(self, size_bytes: int) -> bytes:
        """Read in pieces: on a slow link a large frame is no silence."""
        pieces: list[bytes] = []
        left_bytes = size_bytes
        while left_bytes:
            piece = await self._reader.read(min(left_bytes, _PIECE_BYTES))
            if not piece:
                raise ConnectionError
            self._silent_looks = 0
            pieces.append(piece)
            left_bytes -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _beat(self) -> None:
        """Send pings, and close the link once the other end is silent.

        It counts looks, not seconds: an end that was stopped itself first reads what has come.
        """
        looks = 0
        while self._silent_looks < SILENT_S / _LOOK_S:
            if looks % (PING_S / _LOOK_S) == 0:
                self.send({"ping": {}})
            await asyncio.sleep(_LOOK_S)
            looks += 1
            self._silent_looks += 1
        self.silent = True
        self._writer.transport.abort()
        self._reader.set_exception(ConnectionResetError())  # the way in may be another pipe
