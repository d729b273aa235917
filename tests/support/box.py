"""A box for tests: a booted machine on which narrated is installed as docs/install.md says."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from support.booted import HERE, Machine, booted, until

PROGRAM = "/opt/narrated/bin/narrated"
PYTHON = "/opt/narrated/bin/python"
SPOKEN = Path("/var/lib/narrated/spoken.txt")
_BELOW = "\n# Configured by a test:\n"
_VERDICT = re.compile("configuration is (reloaded|refused)")
_KEPT = """
import sqlite3, sys
ledger = sqlite3.connect("/var/lib/narrated/ledger.sqlite", timeout=60)
kept = (
    "SELECT count(*) FROM chunks JOIN takes USING (key) JOIN jobs ON jobs.id = chunks.job"
    " WHERE jobs.path = CAST(? AS BLOB)"
)
print(*ledger.execute(kept, (sys.argv[1],)).fetchone())
"""


def toy(**options: Any) -> dict[str, Any]:
    """Configuration that speaks with the toy and logs each text that it really speaks."""
    spoken = {"log": str(SPOKEN), "rows": 2, "seconds_a_character": 0.005, **options}
    module = {"module": "toy", "path": "/opt/checkout/tests/engines", "options": spoken}
    speech = {"engine": "toy", "voice": "toy"}
    return {"speech": speech, "engines": {"toy": module}, "takes": {"check": "off"}}


class Box(Machine):
    """The service, as root and as the account that syncs see it."""

    @property
    def inbox(self) -> Path:
        return self.root / "srv/narrated/inbox"

    @property
    def outbox(self) -> Path:
        return self.root / "srv/narrated/outbox"

    @property
    def config(self) -> Path:
        return self.root / "etc/narrated/narrated.yaml"

    @property
    def systemd(self) -> str:
        """Its systemd's version, as a figure says it."""
        return " ".join(self.run("systemctl", "--version").split()[:2])

    @property
    def main_pid(self) -> str:
        return self.shows("narrated", "MainPID")

    @property
    def status(self) -> str:
        """The status that the daemon last told systemd."""
        return self.shows("narrated", "StatusText")

    @property
    def is_active(self) -> bool:
        return self.shows("narrated", "ActiveState") == "active"

    @property
    def process(self) -> Path:
        """The daemon's own folder in the machine's /proc."""
        return self.root / "proc" / self.main_pid

    @property
    def processes(self) -> list[Path]:
        """The folders, in this side's /proc, of the daemon and its workers."""
        group = self.root / "sys/fs/cgroup/system.slice/narrated.service/cgroup.procs"
        return [Path("/proc", pid) for pid in group.read_text().split()] if group.exists() else []

    @property
    def log(self) -> str:
        return self.journal("-u", "narrated")

    def as_laptop(self, script: str) -> str:
        """Run a line of shell by the account that syncs, with the umask that most have."""
        account = ["setpriv", "--reuid=laptop", "--regid=laptop", "--init-groups"]
        return self.run(*account, "sh", "-c", f"umask 022; {script}")

    def drop(self, name: str, text: str = "One line.") -> None:
        """Drop a file as a synchroniser does: under a dot-name first, then renamed."""
        final = Path("/srv/narrated/inbox", name)
        write = f"cd {final.parent} && echo '{text}' > .x.tmp && mv .x.tmp '{final.name}'"
        self.as_laptop(f"mkdir -p {final.parent} && {write}")

    def heard(self, stem: str, within_s: float = 60) -> dict[str, Any]:
        """Wait for a narration's manifest."""
        manifest = self.outbox / f"{stem}.json"
        try:
            until(manifest.exists, within_s)
        except AssertionError as error:
            raise AssertionError(self.log) from error
        return dict(json.loads(manifest.read_text()))

    def published(self, stem: str) -> set[str]:
        """The outbox's files under this name, hidden ones too."""
        return {path.name for path in self.outbox.iterdir() if stem in path.name}

    @property
    def spoken(self) -> list[str]:
        """Every text that the toy really spoke, in order."""
        path = self.root / str(SPOKEN)[1:]
        return path.read_text().splitlines() if path.exists() else []

    def kept(self, name: str) -> int:
        """The number of an open job's chunks in the cache: these need not be spoken again."""
        # Inside: SQLite follows links by their text, and this side's way in is one that has none.
        return int(self.run(PYTHON, "-I", "-S", "-c", _KEPT, name))

    def configure(self, **entries: Any) -> None:
        """Write the configuration that was installed, with these entries and no others."""
        shipped = self.config.read_text().partition(_BELOW)[0]
        self.config.write_text(shipped + _BELOW + (yaml.safe_dump(entries) if entries else ""))

    def reload(self) -> str:
        """Reload the configuration, and wait for what the daemon says of it."""
        before = self._verdicts()
        self.run("systemctl", "reload", "narrated")
        until(lambda: len(self._verdicts()) > len(before) and self.is_active)
        return self._verdicts()[-1]

    def refused_reload(self) -> str:
        """Reload the configuration, which must fail; what `systemctl reload` prints."""
        told = self.run("sh", "-c", "systemctl reload narrated && echo accepted", check=False)
        assert "accepted" not in told
        return told

    @contextlib.contextmanager
    def drop_in(self, *settings: str) -> Iterator[None]:
        """With these settings of the service from its next start on; later without."""
        path = self.root / "run/systemd/system/narrated.service.d/90-test.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["[Service]", *settings, ""]))
        self.run("systemctl", "daemon-reload")
        try:
            yield
        finally:
            path.unlink()
            self.run("systemctl", "daemon-reload")

    def _verdicts(self) -> list[str]:
        return [line for line in self.log.splitlines() if _VERDICT.search(line)]


@contextlib.contextmanager
def installed(root: Path = HERE, **entries: Any) -> Iterator[Box]:
    """A box with a laptop's account, and the service started with these entries configured."""
    with booted(root) as machine:
        box = Box(machine.pid)
        box.run(PROGRAM, "install")
        box.configure(**entries)
        box.run("useradd", "--groups", "narrated", "--create-home", "laptop")
        box.run("systemctl", "enable", "--now", "narrated")
        yield box
