"""A real daemon whose loop's file calls are reported, and whose folders can hang."""

import signal
import subprocess
import sys
from pathlib import Path

from support.daemon import PATIENCE_S, Daemon, wait

WATCHDOG_S = 2.0


class WatchedDaemon(Daemon):
    """A daemon whose loop's file calls are reported, and whose folders can hang."""

    def __init__(self, home: Path, **settings: object) -> None:
        super().__init__(home, **settings)
        self.report, self.hung = home / "report", home / "hung"

    def begin(self, *, ready: bool = True) -> None:
        watchdog = str(int(WATCHDOG_S * 1e6))
        self.start(*self._launcher(), ready=ready, WATCHDOG_USEC=watchdog)

    def ask_hung(self, *arguments: str) -> str:
        """Return the output of a command for which the folder hangs as well."""
        command = [*self._launcher(), *self._command(*arguments)]
        return subprocess.run(
            command, capture_output=True, check=True, timeout=PATIENCE_S
        ).stdout.decode()

    def begin_once(self) -> subprocess.Popen[bytes]:
        """Start `narrated once --quiet`; its stderr is a pipe."""
        command = [*self._launcher(), *self._command("once", "--quiet")]
        return subprocess.Popen(command, stderr=subprocess.PIPE)

    def _launcher(self) -> tuple[str, ...]:
        path = f"{Path(__file__).parents[2] / 'daemon'}:{Path(__file__).parents[1]}"
        calls = (sys.executable, "-m", "support.file_calls", str(self.report), str(self.hung))
        return ("env", f"PYTHONPATH={path}", *calls)

    def hang(self, folder: Path) -> None:
        temporary = self.hung.with_suffix(".new")
        temporary.write_text(str(folder))
        temporary.rename(self.hung)

    def arm(self) -> None:
        self.signal(signal.SIGUSR1)
        wait(lambda: "armed" in self.report.read_text())

    @property
    def file_calls(self) -> list[str]:
        return [line for line in self.report.read_text().splitlines() if line != "armed"]
