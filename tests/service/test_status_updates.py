"""The status note keeps up with the work."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from narrated.disk_threads import DiskThreads
from narrated.outbox.mount_guard import MountGuard
from narrated.service.housekeeping.status_updates import StatusUpdates
from narrated.service.status_report import DaemonState, ServiceNews, StatusReport


def _noted_at(home: Path, states: list[DaemonState]) -> list[str]:
    """What the note says after each look at a daemon in these states."""
    looks = iter(states)
    reporter: Any = SimpleNamespace(
        news=lambda: ServiceNews(0, False, ()),
        report=lambda: StatusReport(next(looks), "", "inbox", "outbox"),
    )
    notifier: Any = SimpleNamespace(status=lambda line: None)
    disk = DiskThreads("the outbox")
    updates = StatusUpdates(notifier, MountGuard(home, None), disk, reporter)
    noted: list[str] = []

    async def look() -> None:
        for _ in states:
            await updates.turn()
            noted.append((home / "narrated.status.txt").read_text().splitlines()[0])
        disk.close()

    asyncio.run(look())
    return noted


def test_work_is_noted_while_it_lasts(tmp_path: Path) -> None:
    """A note that says there is nothing to do is replaced soon after work began."""
    noted = _noted_at(tmp_path, ["idle", "working", "working", "idle"])
    assert "nothing to do" in noted[0]
    assert "reading aloud" in noted[2]
    assert "nothing to do" in noted[3]
