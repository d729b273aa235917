"""A listener in a thread, one in a process of its own, and a writer that keeps its file open."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox.events import Event, ScanFinished
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.inbox import Inbox
from narrated.inbox.readiness import ignore_sigio
from narrated.inbox.watcher import HintCause

PATIENCE_S = 60.0
PROGRAM = Path(__file__).with_name("listener.py")


@pytest.fixture(autouse=True)
def _sigio_ignored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGIO)
    ignore_sigio()
    yield
    signal.signal(signal.SIGIO, before)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    return inbox


class InboxListener:
    """An inbox that runs in a thread, and what it has told."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.told: list[Event] = []
        self._events: queue.Queue[Event] = queue.Queue()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        for event in self.inbox.events():
            self._events.put(event)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, long before the inbox's next scan or try."""
        self.inbox.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def expect(self, kind: type[Any], path: str | None = None) -> Any:
        """Wait for an event of this kind (and path); what else comes meanwhile is kept in told."""
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                event = self._events.get(timeout=max(0.0, until_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__} {path}; told: {self.told[-5:]}") from None
            self.told.append(event)
            if isinstance(event, kind) and path in (None, getattr(event, "path", None)):
                return event

    def scanned(self) -> list[Event]:
        """Scan once more, and give everything told up to the end of that scan."""
        began = len(self.told)
        while not self._events.empty():
            self.told.append(self._events.get())
        self.scan()
        self.expect(ScanFinished)
        return [event for event in self.told[began:] if not isinstance(event, ScanFinished)]

    def scan(self) -> None:
        """Make a scan due, and wake the inbox."""
        self.inbox._interval.scan_now()
        self.inbox._hints.put(HintCause.ROOT)

    def kinds(self, kind: type[Any]) -> list[str]:
        """Give the paths of all events of this kind that were told."""
        return [event.path for event in self.told if isinstance(event, kind)]


Listen = Callable[..., InboxListener]


@pytest.fixture
def listen(root: Path) -> Iterator[Listen]:
    """Start listening; by default it settles fast and scans only when asked or in doubt."""
    with ExitStack() as running:

        def start(known: dict[str, FileSignature] | None = None, **options: Any) -> InboxListener:
            defaults = {"settle_s": 0.15, "second_look_s": 0.3, "scan_s": 600.0}
            first_scan = options.pop("first_scan", True)
            listener = InboxListener(Inbox(root, known or {}, **(defaults | options)))
            listener.start()
            running.callback(listener.stop)
            if first_scan:
                listener.expect(ScanFinished)
            return listener

        yield start


def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition that no event announces."""
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until_s, "the condition never came to hold"
        time.sleep(0.005)


@pytest.fixture(name="until")
def _until() -> Callable[..., None]:
    return until


Writer = subprocess.Popen[str]


@contextmanager
def writer(path: Path, text: str = "half ") -> Iterator[Writer]:
    """Another process that has written something and keeps the file open; a line ends it."""
    program = (
        "import sys; f = open(sys.argv[1], 'a'); f.write(sys.argv[2]); f.flush();"
        "print('open', flush=True); f.write(sys.stdin.readline().strip()); f.close();"
        "print('closed', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(path), text]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.communicate()


@pytest.fixture(name="writer")
def _writer() -> Callable[..., Any]:
    return writer


def finish(process: Writer, rest: str = "") -> None:
    """Let a writer write the rest and close its file."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(rest + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "closed\n"


@pytest.fixture(name="finish")
def _finish() -> Callable[..., None]:
    return finish


class Program:
    """A listener in a process of its own, perhaps of another user."""

    def __init__(self, process: Writer) -> None:
        self.process = process
        self.told: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def expect(self, kind: str, path: str | None = None) -> dict[str, Any]:
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, until_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {kind} {path}; told: {self.told[-20:]}") from None
            event = json.loads(line)
            self.told.append(event)
            if event["event"] == kind and path in (None, event.get("path")):
                return dict(event)

    def close(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def started(folder: Path, *options: str) -> Iterator[Program]:
    """Run `listener.py` on a folder."""
    command = [sys.executable, str(PROGRAM), str(folder), *options]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    listener = Program(process)
    try:
        yield listener
    finally:
        listener.close()


@pytest.fixture(scope="session", name="started")
def _started() -> Callable[..., AbstractContextManager[Program]]:
    return started


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """Run `listener.py` on a folder until the test ends."""
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(started(*arguments))
