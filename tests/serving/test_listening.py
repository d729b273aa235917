"""The sockets of `narrated serve`, and what it says where it cannot listen."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from narrated.errors import NarratedError
from narrated.serving.listening import bound_socket, passed_sockets
from support.served import PublishedOutbox, parsed, received


def test_taken_port_is_told() -> None:
    """A port that another program has is told, with the command that shows which."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(NarratedError, match=f"listens on 127.0.0.1:{port} already") as told:
            bound_socket("127.0.0.1", port)
    assert "ss -ltnp" in told.value.remedy
    assert "--port" in told.value.remedy


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid", "a b", "\udcff", "x" * 70])
def test_foreign_address_is_told(host: str) -> None:
    """An address that this machine does not have is told, with one that it has."""
    with pytest.raises(NarratedError) as told:
        bound_socket(host, 0)
    assert "--host" in told.value.remedy


def test_activated_server_answers(tmp_path: Path) -> None:
    """It answers on the socket that systemd listens on for it, whatever port it is told."""
    outbox = PublishedOutbox(tmp_path)
    outbox.publish("post", b"Sound")
    program = (
        "import os, sys\n"
        "from narrated.cli.main import main\n"
        "os.dup2(int(sys.argv[1]), 3)\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "main(sys.argv[2:])\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        given = str(listening.fileno())
        command = ["--config", str(outbox.config), "serve", "--host", "192.0.2.1"]
        process = subprocess.Popen(
            [sys.executable, "-c", program, given, *command],
            pass_fds=[listening.fileno()],
            env={**os.environ, "LISTEN_FDS": "1"},
            stderr=subprocess.DEVNULL,
        )
        try:
            with socket.create_connection(listening.getsockname(), timeout=60) as client:
                client.sendall(b"GET /post.mp3 HTTP/1.0\r\n\r\n")
                assert parsed(received(client)).body == b"Sound"
        finally:
            process.terminate()
            assert process.wait(60) == 0


def test_no_socket_is_passed() -> None:
    """Variables that are for another process, or no numbers, pass no socket, and go."""
    for count, process in (("1", "1"), ("x", str(os.getpid())), ("", "")):
        environment = {"LISTEN_FDS": count, "LISTEN_PID": process, "LISTEN_FDNAMES": "x"}
        assert passed_sockets(environment) == []
        assert environment == {}
