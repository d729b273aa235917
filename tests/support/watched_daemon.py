"""A real daemon whose loop's file calls are reported, and whose folders can hang."""

import signal
import sys
from pathlib import Path

from support.daemon import Daemon, wait

WATCHDOG_S = 2.0


class WatchedDaemon(Daemon):
    """A daemon whose loop's file calls are reported, and whose folders can hang."""

    def __init__(self, home: Path, **settings: object) -> None:
        super().__init__(home, **settings)
        self.report, self.hung = home / "report", home / "hung"

    def begin(self, *, ready: bool = True) -> None:
        command = (sys.executable, "-m", "support.file_calls", str(self.report), str(self.hung))
        path = f"{Path(__file__).parents[2] / 'daemon'}:{Path(__file__).parents[1]}"
        watchdog = str(int(WATCHDOG_S * 1e6))
        self.start("env", f"PYTHONPATH={path}", *command, ready=ready, WATCHDOG_USEC=watchdog)

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
