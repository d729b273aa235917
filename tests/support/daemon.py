"""A real daemon in a process of its own, on folders of its own, with the toy engine by default."""

import contextlib
import fnmatch
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from narrated.errors import NarratedError
from narrated.service.state_lock import holder
from narrated.terminal.daemon_client import ask
from support.forked import Fork

TESTS = Path(__file__).parents[1]
MODELS = (
    "narrated.engines.bark.checkpoint",
    "narrated.engines.bark.engine",
    "narrated.engines.tortoise.checkpoint",
    "narrated.engines.tortoise.engine",
    "narrated.engines.captions.families",
    "narrated.engines.captions.engine",
)
"""What a worker imports for its models: it takes seven seconds."""
PATIENCE_S = 60.0
FIRST_LOOK_S, LATER_LOOKS_S = 0.02, 0.1
"""Between two looks, since a look costs the test and the daemon CPU."""


def toy(home: Path, **options: Any) -> dict[str, Any]:
    """Configuration that speaks with the toy and logs each text that it really speaks."""
    spoken = {"log": str(home / "spoken.txt"), "seconds_a_character": 0.005, **options}
    module = {"module": "toy", "path": str(TESTS / "engines"), "options": spoken}
    return {"speech": {"engine": "toy", "voice": "toy"}, "engines": {"toy": module}}


SPEAKING = ("", "espeak", "pico", "mumbling")
"""Engines whose takes sound like speech; those of others are not checked unless a test says so."""


class Daemon:
    """`narrated run` as a user's systemd would start it, READY and STATUS received.

    `imports` are modules that it and its workers find imported, such as MODELS.
    """

    def __init__(self, home: Path, *, imports: tuple[str, ...] = (), **settings: Any) -> None:
        self.home = home
        self._imports = imports
        self.inbox, self.outbox = home / "inbox", home / "outbox"
        self.inbox.mkdir(exist_ok=True, parents=True)
        self.outbox.mkdir(exist_ok=True)
        self.config = home / "narrated.yaml"
        self.configure(**settings)
        self.statuses: list[str] = []
        self.process: subprocess.Popen[bytes] | Fork | None = None

    def configure(self, **settings: Any) -> None:
        """Write the configuration again; options not given are the tests' defaults."""
        entries: dict[str, Any] = {
            "inbox": "inbox",
            "outbox": "outbox",
            "state": "state",
            "cache": "cache",
            "settle": "200ms",
            "log": "debug",
            **toy(self.home),
            **settings,
        }
        if entries["speech"].get("engine", "") not in SPEAKING:  # tones, or untrained models
            entries.setdefault("takes", {"check": "off"})
        self.config.write_text(yaml.safe_dump(entries, allow_unicode=True))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self, *launcher: str, ready: bool = True, as_anybody: bool = False, **environ: str
    ) -> None:
        """Start it, and by default wait until it says that it is ready.

        By a launcher, such as `env`, it is a process of its own from the first instruction;
        otherwise a fork, which costs a fifth. `as_anybody`: without root's rights to files.
        """
        self.statuses = []
        env = {**self._environ, "NOTIFY_SOCKET": str(self._listen()), **environ}
        with (self.home / "log").open("ab") as log:
            if launcher or "LD_PRELOAD" in env:
                command = [*launcher, *self._command("run")]
                self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
            else:
                command, streams = self._arguments("run"), (log.fileno(), log.fileno())
                self.process = Fork(
                    command, env, *streams, imports=self._imports, as_anybody=as_anybody
                )
        if ready:
            self.wait_told("READY=1")

    def launch(self, *arguments: str) -> Fork:
        """Run another command of `narrated` with this configuration, without waiting for it."""
        with (self.home / "log").open("ab") as log:
            return Fork(self._arguments(*arguments), self._environ, log.fileno(), log.fileno())

    def wait_told(self, message: str, since: int = 0, patience_s: float = PATIENCE_S) -> str:
        """The first notification that holds this message, among those that came after `since`."""

        def found() -> str:
            return next((told for told in self.statuses[since:] if message in told), "")

        wait(found, lambda: f"no {message}:\n{self.log}", patience_s)
        return found()

    def _listen(self) -> Path:
        """Take notifications as they come, as systemd does, until the next start."""
        path = self.home / "notify"
        path.unlink(missing_ok=True)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        line.bind(str(path))
        statuses = self.statuses

        def hear() -> None:
            with line:
                while told := line.recv(65536):
                    statuses.append(told.decode())

        threading.Thread(target=hear, daemon=True).start()
        return path

    def tell(self, message: str) -> None:
        """Send a notification as the daemon does: it is received after all earlier ones."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(message.encode(), str(self.home / "notify"))

    def _hang_up(self) -> None:
        """An empty message ends the thread that listens."""
        self.tell("")
        (self.home / "notify").unlink(missing_ok=True)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "narrated.cli.main", *self._arguments(*arguments)]

    def _arguments(self, *arguments: str) -> list[str]:
        return ["--config", str(self.config), *arguments]

    @property
    def _environ(self) -> dict[str, str]:
        own_state = str(self.home / "xdg-state")
        return {**os.environ, "XDG_STATE_HOME": own_state, "PYTHONPATH": _package_root()}

    def stop(self, patience_s: float = 15.0) -> float:
        """Stop it by SIGTERM; how long that took. A daemon that is gone already took no time."""
        began = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"it did not stop:\n{self.log}") from None
        self._hang_up()
        return time.monotonic() - began

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._hang_up()

    def drop(self, name: str, content: str | bytes) -> Path:
        """Put a file into the inbox as rsync does: a temporary name, then a rename."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name[:200]}.AbCdEf")
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        return temporary.rename(path)

    def manifest(self, stem: str, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The manifest that stands in the outbox, waiting for it."""
        path = self.outbox / f"{stem}.json"
        wait(path.exists, lambda: f"{path.name} was not published:\n{self.log}", patience_s)
        return dict(json.loads(path.read_text()))

    def published(self, stem: str, source: bytes | str) -> dict[str, Any]:
        """The manifest of exactly this content, waiting for it and for the ledger to say so."""
        content = source.encode() if isinstance(source, str) else source
        sha256 = hashlib.sha256(content).hexdigest()
        wait(
            lambda: self.manifest(stem)["source"]["sha256"] == sha256,
            lambda: f"{stem} was not published in this version:\n{self.log}",
        )
        manifest = self.manifest(stem)
        if holder(self.home / "state"):
            path = manifest["source"]["path"]
            wait(lambda: "publishing" not in self.history(path), lambda: self.log)
        return manifest

    def note(self, stem: str) -> str:
        """The error note of a source, waiting for it."""
        path = self.outbox / f"{stem}.error.txt"
        wait(path.exists, lambda: f"{path.name} was not written:\n{self.log}")
        return path.read_text()

    def history(self, path: str) -> list[str]:
        """The states of every version of a file, oldest first; none where it is not known."""
        try:
            if first := holder(self.home / "state"):
                versions, _ = ask(Path(first.socket), {"do": "history", "path": path})
                return [version["state"] for version in versions]
        except NarratedError:
            return []
        return [line.split()[3] for line in self.ask("history", path).stdout.splitlines()]

    @property
    def spoken(self) -> list[str]:
        """Every text that the toy really spoke, in order."""
        path = self.home / "spoken.txt"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def files(self) -> set[str]:
        """The outbox's files, without hidden files and the status note."""
        return files_below(self.outbox) - {"narrated.status.txt"}

    @property
    def log(self) -> str:
        path = self.home / "log"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    def ask(
        self, *arguments: str, as_anybody: bool = False, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `narrated` with this configuration. `as_anybody`: as in `start`."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as error:
            command, streams = self._arguments(*arguments), (output.fileno(), error.fileno())
            fork = Fork(command, {**self._environ, **environ}, *streams, as_anybody=as_anybody)
            try:
                code = fork.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                fork.kill()
                fork.wait()
                raise
            output.seek(0)
            error.seek(0)
            return subprocess.CompletedProcess(arguments, code, output.read(), error.read())

    def status(self) -> dict[str, Any]:
        """The answer of `narrated status --json`, asked without a process where a daemon runs."""
        if first := holder(self.home / "state"):
            return dict(ask(Path(first.socket), {"do": "status"})[0])
        return dict(json.loads(self.ask("status", "--json").stdout))

    def wait_idle(self) -> None:
        """Wait until nothing is being done or arriving."""

        def is_idle() -> bool:
            status = self.status()
            arriving = [path for path, why in status["arriving"] if not why.startswith("a link")]
            return status["state"] != "working" and not arriving

        wait(is_idle, lambda: f"it is still at work:\n{self.log}")


def wait(
    condition: Callable[[], object],
    why: Callable[[], str] = lambda: "it never came true",
    patience_s: float = PATIENCE_S,
) -> None:
    """Wait until a condition holds; its message says why that was a failure when it does not."""
    deadline = time.monotonic() + patience_s
    pause_s = FIRST_LOOK_S
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.1, LATER_LOOKS_S)


@contextlib.contextmanager
def running(home: Path, **settings: Any) -> Iterator[Daemon]:
    """A daemon that is ready, and stopped afterwards."""
    daemon = Daemon(home, **settings)
    with daemon:
        yield daemon


def files_below(root: Path) -> set[str]:
    """The files below a folder, though folders of it may be taken away meanwhile."""
    return {str(path.relative_to(root)) for path in paths_below(root)}


def paths_below(root: Path, pattern: str = "*") -> Iterator[Path]:
    """The same as paths, of those whose names match. `Path.rglob` fails on a folder taken away."""
    for folder, _, names in os.walk(root):
        yield from (Path(folder, name) for name in fnmatch.filter(names, pattern))


def as_anybody() -> list[str]:
    """A launcher that leaves root no more rights to files than anybody has."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv (util-linux), because root may read everything")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


def _package_root() -> str:
    import narrated

    return str(Path(narrated.__file__).parents[1])
