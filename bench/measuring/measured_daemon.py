"""The daemon that a bench measures, as a user starts it."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from narrated.service.state_lock import holder
from narrated.terminal.daemon_client import ask
from support.daemon import Daemon
from support.published import is_manifest

_START_S = 120.0
_POLL_S = 0.1


class MeasuredDaemon(Daemon):
    """The tests' daemon in a process of its own, with the program's defaults."""

    def __init__(self, home: Path, *, launcher: Sequence[str] = (), **settings: Any) -> None:
        self._launcher = launcher or ("env",)
        self.state, self.cache, self.log_file = home / "state", home / "cache", home / "log"
        super().__init__(home, **settings)

    def configure(self, **settings: Any) -> None:
        """Write its configuration; a setting that is not given has the program's default.

        The toy's tones are no speech: they are checked at their usual cost, and not spoken again.
        """
        if "toy" in settings.get("engines", {}):
            settings.setdefault("takes", {"most": 1})
        folders = {name: name for name in ("inbox", "outbox", "state", "cache")}
        self.config.write_text(yaml.safe_dump({**folders, **settings}))

    def start(self, *launcher: str, ready: bool = True, **environ: str) -> None:
        """Start it, and by default wait until it is ready."""
        super().start(*(launcher or self._launcher), ready=False, **environ)
        if ready:
            self.wait_told("READY=1", patience_s=_START_S)

    def once(self) -> float:
        """Run `narrated once` on the inbox; seconds, its start included."""
        began_s = time.monotonic()
        with self.log_file.open("ab") as log:
            command = [*self._launcher, *self._command("once", "--quiet")]
            done = subprocess.run(command, env=self._environ, stdout=log, stderr=log)
        took_s = time.monotonic() - began_s
        assert not done.returncode, f"`narrated once` ended with {done.returncode}: {self.log}"
        return took_s

    def reload(self) -> None:
        """Send SIGHUP, and wait until the configuration was read, or refused."""
        since = len(self.statuses)
        self.signal(signal.SIGHUP)
        self.wait_told("READY=1", since, _START_S)

    def request(self, verb: str, **details: Any) -> Any:
        """Ask the daemon for what a command of `narrated` asks; NarratedError as there."""
        first = holder(self.state)
        assert first is not None, f"nobody listens for process {self.pid}: {self.log}"
        return ask(Path(first.socket), {"do": verb, **details})[0]

    @property
    def pid(self) -> int:
        """The process id of the running daemon."""
        assert self.process is not None
        assert self.process.poll() is None, f"the daemon ended: {self.log}"
        return self.process.pid

    @property
    def takes(self) -> set[str]:
        """The names of all takes in the cache."""
        return {path.name for path in self.cache.rglob("*.flac")}

    def manifests(self, folder: str = "") -> int:
        """Number of manifests, and so of narrations, in a folder of the outbox."""
        try:
            with os.scandir(self.outbox / folder) as entries:
                return sum(is_manifest(entry.name) for entry in entries)
        except FileNotFoundError:
            return 0

    def wait_published(self, folder: str, count: int, patience_s: float) -> float:
        """Wait until so many narrations stand in a folder; the instant (monotonic)."""
        deadline_s = time.monotonic() + patience_s
        while (published := self.manifests(folder)) < count:
            assert time.monotonic() < deadline_s, f"{published} of {count} published: {self.log}"
            assert self.pid
            time.sleep(_POLL_S)
        return time.monotonic()
