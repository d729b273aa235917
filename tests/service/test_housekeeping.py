"""Housekeeping turns, or systemd is told nothing more."""

import asyncio
import threading
from pathlib import Path

import pytest

from narrated import disk_threads
from narrated.disk_threads import DiskThreads
from narrated.ledger.store import Ledger
from narrated.service.housekeeping import duty
from narrated.service.housekeeping.duty import Duty, Housekeeping


class Stuck(Duty):
    """A duty that begins a turn and never ends it."""

    has_begun = False

    async def turn(self) -> None:
        self.has_begun = True
        await asyncio.Event().wait()


class Idle(Duty):
    """A duty with nothing to do."""

    async def turn(self) -> float:
        return 0.0


@pytest.mark.parametrize(("duties", "turns"), [([Idle()], True), ([Idle(), Stuck()], False)])
def test_stuck_duty_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, duties: list[Duty], turns: bool
) -> None:
    """A duty that is kept in one turn means that housekeeping stands still."""
    monkeypatch.setattr(duty, "LATE_S", 0.5)

    async def look() -> bool:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        housekeeping = Housekeeping(duties, ledger, lambda: None)
        async with housekeeping:
            for _ in range(10):
                await asyncio.sleep(0.1)
        ledger.close()
        return housekeeping.is_turning

    assert asyncio.run(look()) is turns


@pytest.mark.parametrize("waits_for_it", [True, False])
def test_hung_disk_excuses_its_duties(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits_for_it: bool
) -> None:
    """A disk that hangs excuses the duties that wait for it, and no other one."""
    monkeypatch.setattr(duty, "LATE_S", 0.0)  # one that has begun is late at once
    monkeypatch.setattr(disk_threads, "_SLOW_S", 0.0)
    stuck, disk, answer = Stuck(), DiskThreads("the outbox"), threading.Event()

    async def look() -> bool:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        call = asyncio.create_task(disk.run(answer.wait))
        duties = [stuck.on(disk) if waits_for_it else stuck]
        async with Housekeeping(duties, ledger, lambda: None) as housekeeping:
            while not (stuck.has_begun and disk.is_slow):
                await asyncio.sleep(0.01)
            turns = housekeeping.is_turning
        answer.set()
        await call
        disk.close()
        ledger.close()
        return turns

    assert asyncio.run(look()) is waits_for_it
