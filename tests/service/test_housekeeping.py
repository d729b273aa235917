"""Housekeeping turns, or systemd is told nothing more."""

import asyncio
from pathlib import Path

import pytest

from narrated.ledger.store import Ledger
from narrated.service.housekeeping import duty
from narrated.service.housekeeping.duty import Duty, Housekeeping


class Stuck(Duty):
    """A duty that begins a turn and never ends it."""

    async def turn(self) -> None:
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
