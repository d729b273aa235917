"""The program that is measured, as a user starts it, on folders of its own."""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from measuring.figure import Failed
from narrated.service.control_socket import ask
from narrated.service.state_lock import holder

ENGINES = Path(__file__).parents[2] / "tests" / "engines"
_STOP_S = 30.0
_POLL_S = 0.1


def fast_engine(**options: Any) -> dict[str, Any]:
    """The part of a configuration that has the tests' engine stand in for the voice."""
    entry = {"module": "toy", "path": str(ENGINES), "options": options}
    return {"speech": {"engine": "toy", "voice": "toy"}, "engines": {"toy": entry}}


class Subject:
    """A home with inbox, outbox, state and cache, and at most one daemon on it."""

    def __init__(self, home: Path, *, launcher: Sequence[str] = (), **settings: Any) -> None:
        self.home = home
        self._launcher = tuple(launcher)
        self.inbox, self.outbox = home / "inbox", home / "outbox"
        self.state, self.cache = home / "state", home / "cache"
        self.config, self.log = home / "narrated.yaml", home / "log"
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.configure(**settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._told: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()

    def configure(self, **settings: Any) -> None:
        """Write its configuration; what is not given is the program's own default."""
        folders = {name: name for name in ("inbox", "outbox", "state", "cache")}
        self.config.write_text(yaml.safe_dump({**folders, **settings}))

    def once(self) -> float:
        """Run `narrated once` on the inbox; how long that took, its start included."""
        began_s = time.monotonic()
        with self.log.open("ab") as log:
            code = subprocess.run(self._command("once", "--quiet"), stdout=log, stderr=log)
        took_s = time.monotonic() - began_s
        if code.returncode:
            raise Failed(f"`narrated once` ended with {code.returncode}: {self.last_words}")
        return took_s

    def start(self, patience_s: float = 120.0) -> float:
        """Start `narrated run`; how long until it said READY."""
        line = self._listen()
        began_s = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command("run"),
                env={**os.environ, "NOTIFY_SOCKET": line},
                stdout=log,
                stderr=log,
            )
        return self._wait_told(patience_s) - began_s

    def _wait_told(self, patience_s: float) -> float:
        """Wait for READY; when it came (monotonic)."""
        began_s = time.monotonic()
        while True:
            left_s = began_s + patience_s - time.monotonic()
            try:
                at_s, told = self._told.get(timeout=max(0.01, left_s))
            except queue.Empty:
                raise Failed(f"not READY within {patience_s:.0f} s: {self.last_words}") from None
            if "READY=1" in told:
                return at_s

    def stop(self) -> None:
        """Stop the daemon, if there is one, as systemd does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failed(f"it did not stop within {_STOP_S:.0f} s") from None
        finally:
            self._line.close()

    def kill(self) -> None:
        """`kill -9`."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._process = None
        self._line.close()

    def signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal."""
        os.kill(self.pid, number)

    def reload(self, patience_s: float = 120.0) -> None:
        """SIGHUP, until the configuration was read; a refused one is no failure here."""
        while not self._told.empty():
            self._told.get_nowait()
        self.signal(signal.SIGHUP)
        self._wait_told(patience_s)

    def ask(self, verb: str, **request: Any) -> Any:
        """Have the daemon do what a command of `narrated` asks of it; NarratedError as there."""
        first = holder(self.state)
        if first is None:
            raise Failed(f"nobody listens for process {self.pid}: {self.last_words}")
        return ask(Path(first.socket), {"do": verb, **request})[0]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        if self._process is None or self._process.poll() is not None:
            code = None if self._process is None else self._process.returncode
            raise Failed(f"the daemon is not running ({code}): {self.last_words}")
        return self._process.pid

    @property
    def last_words(self) -> str:
        """The end of its log."""
        said = self.log.read_text(errors="replace") if self.log.exists() else ""
        return " / ".join(said.splitlines()[-3:])

    def takes(self) -> set[str]:
        """The names of everything spoken so far."""
        return {path.name for path in self.cache.rglob("*.flac")}

    def published(self, folder: str = "") -> int:
        """How many narrations stand in a folder of the outbox: their manifests are counted."""
        try:
            with os.scandir(self.outbox / folder) as entries:
                return sum(entry.name.endswith(".json") for entry in entries)
        except FileNotFoundError:
            return 0

    def wait(self, condition: Callable[[], bool], what: str, patience_s: float) -> float:
        """Wait until something holds; the time when it did (monotonic)."""
        deadline_s = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline_s:
                raise Failed(f"{what} within {patience_s:.0f} s: {self.last_words}")
            if self._process is not None and self._process.poll() is not None:
                raise Failed(f"the daemon is not running: {self.last_words}")
            time.sleep(_POLL_S)
        return time.monotonic()

    def _command(self, *arguments: str) -> list[str]:
        program = [sys.executable, "-m", "narrated.cli.main", "--config", str(self.config)]
        return [*self._launcher, *program, *arguments]

    def _listen(self) -> str:
        """Stand in for systemd; like it, take every notification as it comes."""
        path = self.home / "notify"
        path.unlink(missing_ok=True)
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(path))
        self._told = queue.SimpleQueue()
        threading.Thread(target=_follow, args=(self._line, self._told), daemon=True).start()
        return str(path)


def _follow(line: socket.socket, told: "queue.SimpleQueue[tuple[float, str]]") -> None:
    try:
        while message := line.recv(65536):
            told.put((time.monotonic(), message.decode(errors="replace")))
    except OSError:
        pass  # the line was closed
