"""The wire carries any header and payload whole, and refuses what cannot be a frame."""

import os
import socket
import struct
import threading

import pytest

from narrated.workers.protocol import (
    HEADER_LIMIT_BYTES,
    PAYLOAD_LIMIT_BYTES,
    PREFIX,
    BadFrame,
    ChildChannel,
)


@pytest.fixture
def ends():
    left, right = socket.socketpair()
    wires = ChildChannel(left), ChildChannel(right)
    yield wires
    for wire in wires:
        wire.close()


@pytest.fixture
def raw_end():
    raw, other = socket.socketpair()
    wire = ChildChannel(other)
    yield raw, wire
    raw.close()
    wire.close()


def test_frame_arrives_unchanged(ends):
    """A frame arrives as it was sent."""
    left, right = ends
    header = {"id": "1", "text": "Grüße\n\0 🎉", "list": [1, 2.5, None, True]}
    left.send(header, b"\x00\xff" * 1000)
    assert right.receive() == (header, b"\x00\xff" * 1000)


def test_non_unicode_names_survive(ends):
    """Names that are not Unicode arrive unchanged."""
    left, right = ends
    left.send({"name": os.fsdecode(b"caf\xe9.txt")})
    header, _ = right.receive()
    assert os.fsencode(header["name"]) == b"caf\xe9.txt"


def test_large_payload_arrives_whole(ends):
    """A payload larger than any socket buffer arrives whole."""
    left, right = ends
    payload = os.urandom(1 << 20) * 20
    sender = threading.Thread(target=left.send, args=({"id": "big"}, payload))
    sender.start()
    assert right.receive() == ({"id": "big"}, payload)
    sender.join()


def test_ready_on_frame_and_end(ends):
    """`ready` is true for a frame and for the end."""
    left, right = ends
    assert not right.ready()
    left.send({})
    assert right.ready()
    right.receive()
    assert not right.ready(within_s=0.01)
    left.close()
    assert right.ready()
    assert right.receive() is None


def test_truncated_frame_is_end(raw_end):
    """A frame cut short by the end counts as the end."""
    raw, wire = raw_end
    raw.sendall(PREFIX.pack(2, 100) + b"{}" + b"only this")
    raw.shutdown(socket.SHUT_WR)
    assert wire.receive() is None


@pytest.mark.parametrize(
    "frame",
    [
        PREFIX.pack(HEADER_LIMIT_BYTES + 1, 0),
        PREFIX.pack(2, PAYLOAD_LIMIT_BYTES + 1),
        PREFIX.pack(3, 0) + b"no!",
        PREFIX.pack(2, 0) + b"[]",
        PREFIX.pack(2, 0) + b"\xff\xfe",
        struct.pack("<II", 200_000, 0) + b"[" * 200_000,
    ],
    ids=["header too large", "payload too large", "no JSON", "no object", "no text", "too deep"],
)
def test_invalid_frame_is_refused(raw_end, frame):
    """Bytes that are no frame are refused."""
    raw, wire = raw_end
    sender = threading.Thread(target=raw.sendall, args=(frame,))
    sender.start()
    with pytest.raises(BadFrame):
        wire.receive()
    sender.join()


def test_long_header_is_not_sent(ends):
    """A header beyond the limit is not sent."""
    left, right = ends
    with pytest.raises(BadFrame):
        left.send({"text": "x" * HEADER_LIMIT_BYTES})
    left.send({"after": 1})
    assert right.receive() == ({"after": 1}, b"")


def test_send_to_closed_end_raises(ends):
    """Sending to a closed end raises ConnectionError."""
    left, right = ends
    right.close()
    with pytest.raises(ConnectionError):
        left.send({})
