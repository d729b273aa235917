"""The messages on systemd's notification socket, read at its other end."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated import systemd_notify
from narrated.systemd_notify import ServiceNotifier


class Manager:
    """The other end of a notification socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(60)

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


def test_ready_with_status(manager: Manager, notifier: ServiceNotifier) -> None:
    """Readiness and its status are one datagram."""
    notifier.ready("Waiting for files.")
    assert manager.heard() == ["READY=1", "STATUS=Waiting for files."]


def test_status_is_utf_8(manager: Manager, notifier: ServiceNotifier) -> None:
    """A status in any writing system arrives as UTF-8."""
    notifier.ready("Lit « Près du café 日本語 🎧 », 40 %")
    assert manager.heard()[1] == "STATUS=Lit « Près du café 日本語 🎧 », 40 %"


def test_name_cannot_forge_status(manager: Manager, notifier: ServiceNotifier) -> None:
    """A file name with line ends cannot forge an assignment."""
    notifier.status("Reading a\nMAINPID=1\r\x1b[2J\udcff.md")
    assert manager.heard() == ["STATUS=Reading a\\nMAINPID=1\\r\\x1b[2J\\udcff.md"]


def test_long_status_is_cut(manager: Manager, notifier: ServiceNotifier) -> None:
    """A long status is cut between characters, and sent."""
    notifier.ready("é" * 10_000)
    ready, status = manager.heard()
    assert ready == "READY=1"
    assert 1000 < len(status.encode()) < 4096
    assert set(status.removeprefix("STATUS=")) == {"é"}


def test_reload_with_its_time(manager: Manager, notifier: ServiceNotifier) -> None:
    """A reload and its time are one datagram."""
    before = time.monotonic_ns() // 1000
    notifier.reloading()
    reloading, moment = manager.heard()
    assert reloading == "RELOADING=1"
    name, microseconds = moment.split("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(microseconds) <= time.monotonic_ns() // 1000


def test_other_notifications(manager: Manager, notifier: ServiceNotifier) -> None:
    """Stopping, extending and the watchdog use systemd's words."""
    notifier.stopping("Stopping.")
    notifier.extend(2.5)
    notifier.alive()
    assert manager.heard() == ["STOPPING=1", "STATUS=Stopping."]
    assert manager.heard() == ["EXTEND_TIMEOUT_USEC=2500000"]
    assert manager.heard() == ["WATCHDOG=1"]


def test_abstract_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A manager on an abstract socket is reached."""
    name = f"narrated-test-{os.getpid()}"
    manager = Manager("\0" + name)
    monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
    with ServiceNotifier() as notifier:
        notifier.status("here")
    assert manager.heard() == ["STATUS=here"]
    manager.socket.close()


def test_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without systemd nothing is sent."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = ServiceNotifier()
    notifier.ready("unheard")
    notifier.alive()
    assert notifier.watchdog_s is None


def test_manager_gone(manager: Manager, notifier: ServiceNotifier, tmp_path: Path) -> None:
    """A manager that is gone does not stop the daemon."""
    manager.socket.close()
    notifier.ready("unheard")
    (tmp_path / "notify").unlink()
    notifier.ready("unheard")


def test_manager_does_not_read(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manager that does not read blocks each notification for at most a second."""
    assert systemd_notify._SEND_S <= 1
    monkeypatch.setattr(systemd_notify, "_SEND_S", 0.01)
    queue = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    with ServiceNotifier() as notifier:
        for _ in range(queue + 2):  # the last ones find the queue full, and return all the same
            notifier.alive()


def test_watchdog_time() -> None:
    """The watchdog's time is only for the process that it names."""
    assert ServiceNotifier({"WATCHDOG_USEC": "30000000"}).watchdog_s == 30
    mine = {"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}
    assert ServiceNotifier(mine).watchdog_s == 0.5
    another = {"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert ServiceNotifier(another).watchdog_s is None


def test_import_does_no_work() -> None:
    """The import connects to nothing."""
    program = "import os; os.environ['NOTIFY_SOCKET'] = '/nowhere'; import narrated.systemd_notify"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
