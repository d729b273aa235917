"""Clients that would hold `narrated serve` up: slow, silent, many, or with endless headers."""

import asyncio
import os
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from narrated.config.file import load
from narrated.serving import application, server
from narrated.serving.application import Application
from narrated.systemd_notify import ServiceNotifier
from support.daemon import PATIENCE_S, wait
from support.served import SOUND, PublishedOutbox, Server, received, serving

GET = b"GET /post.mp3 HTTP/1.1\r\nhost: localhost\r\n"


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> PublishedOutbox:
    """An outbox with a short file and a long one."""
    outbox = PublishedOutbox(tmp_path_factory.mktemp("bounds"))
    outbox.publish("post")
    outbox.publish("long", bytes(32 << 20))
    return outbox


@dataclass(frozen=True, slots=True)
class Impatient:
    """A server in this process: its port, and the connections that it holds."""

    port: int
    connections: Collection[object]

    def connected(self) -> socket.socket:
        """Open a connection that takes little before it is read."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", self.port))
        return client


@contextmanager
def impatient(outbox: PublishedOutbox, **limits: float) -> Iterator["Impatient"]:
    """Serve in a thread of this process, with limits of a moment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"_LOOK_S": 0.05, **limits}.items():
            for module in (server, application):
                if hasattr(module, name):
                    patch.setattr(module, name, value)
        with socket.create_server(("127.0.0.1", 0)) as listening, ServiceNotifier({}) as notifier:
            app = Application(load(outbox.config))
            running = server.make_server(app, notifier, "Serving")
            thread = threading.Thread(target=lambda: asyncio.run(running.serve([listening.dup()])))
            thread.start()
            try:
                yield Impatient(listening.getsockname()[1], running.server_state.connections)
            finally:
                running.should_exit = True
                thread.join(PATIENCE_S)
                assert not thread.is_alive()


def ended(client: socket.socket) -> bool:
    """True once the server has closed or reset the connection; what it sent is thrown away."""
    with suppress(ConnectionResetError):
        received(client)
    return True


@pytest.mark.parametrize(
    "beginning",
    [b"", b"GET", GET, GET + b"x: y", GET + b"\r\n",
     GET.replace(b"GET", b"POST") + b"content-length: 99999\r\n\r\nabc"],
    ids=["silent", "word", "headers", "header", "kept alive", "body"],
)  # fmt: skip
def test_silent_client_is_let_go(outbox: PublishedOutbox, beginning: bytes) -> None:
    """A client that sends no request, or not the rest of one, is let go after a time."""
    with impatient(outbox, _HEADER_S=0.3) as server, server.connected() as client:
        client.sendall(beginning)
        assert ended(client)


@pytest.mark.parametrize("path", ["long", "post"])
def test_client_that_takes_nothing_goes(outbox: PublishedOutbox, path: str) -> None:
    """A client that takes nothing is let go, in the middle of a file or with its end written."""
    asked = f"GET /{path}.mp3 HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
    with impatient(outbox, STALL_S=0.3) as server, server.connected() as client:
        client.sendall(asked * 20)
        assert client.recv(1)
        wait(lambda: not server.connections)


def test_slow_client_gets_it_all(outbox: PublishedOutbox) -> None:
    """A client that takes a little at a time gets the whole file: each piece gives it time."""
    with impatient(outbox, STALL_S=10.0) as server, server.connected() as client:
        client.sendall(GET + b"connection: close\r\n\r\n")
        got = b""
        while piece := client.recv(8192):
            got += piece
        assert got.endswith(SOUND)


def test_one_client_too_many_is_told(outbox: PublishedOutbox) -> None:
    """Where all places are taken, the next client is told to come back, and later it may."""
    with impatient(outbox, MOST_CLIENTS=2) as server, ExitStack() as clients:
        for _ in range(2):
            client = clients.enter_context(server.connected())
            client.sendall(GET + b"\r\n")
            assert b"200 OK" in client.recv(64)
        with server.connected() as client:
            client.sendall(GET + b"\r\n")
            assert b"503" in client.recv(64)
        clients.close()
        wait(lambda: not server.connections)
        with server.connected() as client:
            client.sendall(GET + b"\r\n")
            assert b"200 OK" in client.recv(64)


@pytest.fixture(scope="module")
def served(outbox: PublishedOutbox) -> Iterator[Server]:
    """A server in a process of its own."""
    with serving(outbox) as server:
        yield server


@pytest.mark.parametrize(
    "request_bytes",
    [
        GET + b"x: " + b"a" * 100_000 + b"\r\n\r\n",
        GET + b"".join(b"x%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
        GET + b"range: bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(4000)) + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),
        b"GET /caf\xc3\xa9.mp3 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /post.mp3 HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"GET /post.mp3 HTTP/1.1\r\n\r\n",
        b"GET /post.mp3 HTTP/9.9\r\nhost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        GET + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        GET + b" folded: x\r\n\r\n",
        GET + b"upgrade: websocket\r\nconnection: upgrade, close\r\n\r\n",
        GET.replace(b"GET", b"HEAD") + b"transfer-encoding: chunked\r\n\r\nno chunk\r\n",
        b"\r\n" * 2000,
        b"\0" * 2000,
    ],
    ids=["header", "headers", "path", "ranges", "tls", "raw", "hosts", "no host", "version",
         "http2", "star", "connect", "smuggled", "folded", "upgrade", "chunk", "lines", "zeros"],
)  # fmt: skip
def test_rubbish_is_refused(served: Server, request_bytes: bytes) -> None:
    """Rubbish, and what is too long, gets an answer or an end, and the next client its file."""
    with served.connected() as client:
        with suppress(OSError):
            client.sendall(request_bytes)
            client.shutdown(socket.SHUT_WR)
        assert ended(client)
    assert served.get("/post.mp3").body == SOUND
    assert "Traceback" not in served.log


def test_clients_that_go_leave_nothing(served: Server) -> None:
    """Clients that go in the middle of an answer leave no file open."""
    descriptors = Path(f"/proc/{served.process.pid}/fd")
    served.get("/post.mp3")
    before = len([*descriptors.iterdir()])
    for _ in range(100):
        with served.connected() as client:
            client.sendall(b"GET /long.mp3 HTTP/1.1\r\nhost: localhost\r\n\r\n")
            client.recv(1)
    wait(lambda: len([*descriptors.iterdir()]) <= before + 1)


def test_stop_ends_open_downloads(outbox: PublishedOutbox) -> None:
    """A stop does not wait for a client that takes nothing, and ends with code 0."""
    with serving(outbox) as server, server.connected() as client:
        client.sendall(b"GET /long.mp3 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert client.recv(1)
        server.process.send_signal(15)
        assert server.process.wait(PATIENCE_S) == 0
