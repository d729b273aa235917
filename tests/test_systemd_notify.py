"""What goes over systemd's notification socket, read at its other end."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.systemd_notify import ServiceNotifier


class Manager:
    """The other end of a notification socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(5)

    def heard(self) -> list[str]:
        """The assignments of the next datagram."""
        return self.socket.recv(65536).decode().split("\n")


@pytest.fixture
def notifier(manager: Manager) -> Iterator[ServiceNotifier]:
    with ServiceNotifier() as notifier:
        yield notifier


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    address = str(tmp_path / "notify")
    manager = Manager(address)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    yield manager
    manager.socket.close()


def test_readiness_and_its_status_come_in_one_datagram(
    manager: Manager, notifier: ServiceNotifier
) -> None:
    notifier.ready("Waiting for files.")
    assert manager.heard() == ["READY=1", "STATUS=Waiting for files."]


def test_a_status_in_any_script_arrives_as_utf_8(
    manager: Manager, notifier: ServiceNotifier
) -> None:
    notifier.ready("Lit « Près du café 日本語 🎧 », 40 %")
    assert manager.heard()[1] == "STATUS=Lit « Près du café 日本語 🎧 », 40 %"


def test_a_file_name_with_line_ends_cannot_forge_an_assignment(
    manager: Manager, notifier: ServiceNotifier
) -> None:
    notifier.status("Reading a\nMAINPID=1\r\x1b[2J\udcff.md")
    assert manager.heard() == ["STATUS=Reading a\\nMAINPID=1\\r\\x1b[2J\\udcff.md"]


def test_a_long_status_is_cut_between_characters_and_still_sent(
    manager: Manager, notifier: ServiceNotifier
) -> None:
    notifier.ready("é" * 10_000)
    ready, status = manager.heard()
    assert ready == "READY=1"
    assert 1000 < len(status.encode()) < 4096
    assert set(status.removeprefix("STATUS=")) == {"é"}


def test_a_reload_carries_its_time_in_the_same_datagram(
    manager: Manager, notifier: ServiceNotifier
) -> None:
    before = time.monotonic_ns() // 1000
    notifier.reloading()
    reloading, moment = manager.heard()
    assert reloading == "RELOADING=1"
    name, microseconds = moment.split("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(microseconds) <= time.monotonic_ns() // 1000


def test_stopping_extending_and_the_watchdog_are_told_in_systemds_words(
    manager: Manager, notifier: ServiceNotifier
) -> None:
    notifier.stopping("Stopping.")
    notifier.extend(2.5)
    notifier.alive()
    assert manager.heard() == ["STOPPING=1", "STATUS=Stopping."]
    assert manager.heard() == ["EXTEND_TIMEOUT_USEC=2500000"]
    assert manager.heard() == ["WATCHDOG=1"]


def test_an_abstract_socket_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"narrated-test-{os.getpid()}"
    manager = Manager("\0" + name)
    monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
    with ServiceNotifier() as notifier:
        notifier.status("here")
    assert manager.heard() == ["STATUS=here"]
    manager.socket.close()


def test_outside_of_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = ServiceNotifier()
    notifier.ready("unheard")
    notifier.alive()
    assert notifier.watchdog_s is None


def test_a_manager_that_went_away_does_not_stop_the_daemon(
    manager: Manager, notifier: ServiceNotifier, tmp_path: Path
) -> None:
    manager.socket.close()
    notifier.ready("unheard")
    (tmp_path / "notify").unlink()
    notifier.ready("unheard")


def test_a_manager_that_does_not_read_holds_the_daemon_for_moments_only(
    manager: Manager, notifier: ServiceNotifier
) -> None:
    began = time.monotonic()
    queue = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    for _ in range(queue + 2):  # the last ones find the queue full
        notifier.alive()
    assert time.monotonic() - began < 10


def test_the_watchdogs_time_holds_for_the_process_it_names() -> None:
    assert ServiceNotifier({"WATCHDOG_USEC": "30000000"}).watchdog_s == 30
    mine = {"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}
    assert ServiceNotifier(mine).watchdog_s == 0.5
    another = {"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert ServiceNotifier(another).watchdog_s is None


def test_importing_it_does_no_work() -> None:
    program = "import os; os.environ['NOTIFY_SOCKET'] = '/nowhere'; import narrated.systemd_notify"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
