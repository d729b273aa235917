"""The client that asks servers nobody trusts: bounded in time, size and reach."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from narrated.server_check.http_client import HttpClient, NoAnswer
from support.podcast_server import serving_podcast

SHORT_S = 0.3
"""The client's own limit in these tests."""
HEAD = b"HTTP/1.1 200 OK\r\n"

Talk = Callable[[socket.socket], None]


def _drips(line: socket.socket) -> None:
    line.sendall(HEAD)
    while True:
        line.sendall(b"x")
        threading.Event().wait(0.02)


def _dripping_body(line: socket.socket) -> None:
    line.sendall(HEAD + b"\r\n")
    _drips(line)


def _silent(line: socket.socket) -> None:
    line.recv(1)


def _endless_interim(line: socket.socket) -> None:
    while True:
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def _endless_headers(line: socket.socket) -> None:
    line.sendall(HEAD)
    while True:
        line.sendall(b"a: b\r\n" * 1000)


def _endless_line(line: socket.socket) -> None:
    line.sendall(HEAD)
    while True:
        line.sendall(b"x" * 65536)


def _broken_chunks(line: socket.socket) -> None:
    line.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\nwords")


def _rubbish(line: socket.socket) -> None:
    line.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


@contextlib.contextmanager
def _talking(talk: Talk) -> Iterator[str]:
    """A server that says this to whoever asks."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = listener.accept()
                with line, contextlib.suppress(OSError):
                    line.recv(65536)
                    talk(line)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/a"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        (_silent, "in time"),
        (_drips, "in time"),
        (_dripping_body, "in time"),
        (_endless_interim, "in time"),
        (_endless_headers, "no HTTP: HTTPException"),
        (_endless_line, "no HTTP: LineTooLong"),
        (_rubbish, "no HTTP: BadStatusLine"),
        (_broken_chunks, "no HTTP: IncompleteRead"),
    ],
)
def test_hostile_answer_ends(talk: Talk, told: str) -> None:
    """A server that keeps silent, drips, or talks without end costs no more than the limit."""
    with _talking(talk) as address, HttpClient() as client, pytest.raises(NoAnswer, match=told):
        client.ask("GET", address, most_bytes=1 << 20, within_s=SHORT_S)


def test_endless_body_is_cut() -> None:
    """Of a body without an end only so much is read as was asked for, and the rest is refused."""

    def talk(line: socket.socket) -> None:
        line.sendall(HEAD + b"\r\n")
        while True:
            line.sendall(b"x" * 65536)

    with _talking(talk) as address, HttpClient() as client:
        answer = client.ask("GET", address, most_bytes=100_000)
        assert (len(answer.body), answer.is_cut) == (100_000, True)
        assert client.ask("GET", address, most_bytes=10).body == b"x" * 10


def test_absurd_length_is_none() -> None:
    """A length that no file can have counts as none."""
    with serving_podcast() as server, HttpClient() as client:
        server.files["/a"] = ("text/plain", b"words")
        for length, told in (("9" * 5000, None), ("5, 5", None), ("5", 5)):
            server.spoils = lambda asked, reply, length=length: reply.headers.update(
                {"content-length": length}
            )
            assert client.ask("HEAD", f"{server.address}/a").length == told


def test_connection_is_kept() -> None:
    """Questions to one server share a connection; one that it closed meanwhile is opened again."""
    with serving_podcast() as server, HttpClient() as client:
        server.files["/a"] = ("text/plain", b"words")
        for _ in range(3):
            assert client.ask("HEAD", f"{server.address}/a").status == 200
            assert client.ask("GET", f"{server.address}/a", most_bytes=9).body == b"words"
            assert client.ask("GET", f"{server.address}/none").status == 404
        assert len(server.lines) == 1
        server.spoils = lambda asked, reply: setattr(
            reply, "status", 0 if len(server.lines) == 1 else reply.status
        )
        assert client.ask("GET", f"{server.address}/a", most_bytes=9).body == b"words"


def test_private_network_is_not_asked() -> None:
    """For a feed of the internet no server of this machine is asked."""
    with serving_podcast() as server, HttpClient(public_only=True) as client:
        with pytest.raises(NoAnswer, match="from the internet to this machine"):
            client.ask("GET", f"{server.address}/a")
        assert server.asked == []


@pytest.mark.parametrize(
    "address",
    ["http://[::1/", "http://a b/", "http://a:b/", "http://a:99999/", "http://\udcff/", "http://x@a/",
     "http://" + "a" * 300 + "/", "http://a\0b/", "http://..../", "file:///etc/passwd", "data:,x"],
)  # fmt: skip
def test_no_address_is_told(address: str) -> None:
    """What is no address, or one that no player asks, gives no answer and no traceback."""
    with HttpClient() as client, pytest.raises(NoAnswer):
        client.ask("HEAD", address)


def test_odd_paths_are_quoted() -> None:
    """An address with letters beyond ASCII, or blanks, is asked for as players do."""
    with serving_podcast() as server, HttpClient() as client:
        client.ask("HEAD", f"{server.address}/Crème%20br û.mp3?q=ü#x")
        assert [asked.path for asked in server.asked] == ["/Cr%C3%A8me%20br%20%C3%BB.mp3?q=%C3%BC"]
