"""A pause ends when its time is over, however the clock is set and the machine started again."""

import time
from pathlib import Path

import pytest

from narrated.ledger import pauses
from narrated.ledger.pauses import Pause
from narrated.ledger.store import Ledger

HOUR_S = 3600.0
NOON = 1_800_000_000.0


class Clocks:
    """The wall clock and the clock since the boot, each to be set."""

    wall_s = NOON
    boot_s = 1000.0

    def pass_s(self, seconds: float) -> None:
        self.wall_s += seconds
        self.boot_s += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Clocks that stand at noon, a quarter of an hour after the boot."""
    found = Clocks()
    monkeypatch.setattr(time, "time", lambda: found.wall_s)
    monkeypatch.setattr(pauses, "boot_clock_s", lambda: found.boot_s)
    return found


def _pause(duration_s: float | None = 2 * HOUR_S, boot: str = "one") -> Pause:
    return Pause.beginning_now(duration_s, boot, unloads=False)


def test_pause_counts_what_passes(clocks: Clocks) -> None:
    """A pause of two hours has one left after one, and none after three."""
    pause = _pause()
    clocks.pass_s(HOUR_S)
    assert pause.left_s("one") == HOUR_S
    clocks.pass_s(2 * HOUR_S)
    assert pause.left_s("one") == 0


@pytest.mark.parametrize("step_s", [30 * 86400.0, -30 * 86400.0])
def test_set_clock_changes_no_pause(clocks: Clocks, step_s: float) -> None:
    """Within one boot the clock may be set as anybody likes, also while no daemon runs."""
    pause = _pause()
    clocks.pass_s(HOUR_S)
    clocks.wall_s += step_s
    assert pause.left_s("one") == HOUR_S


def test_reboot_ends_by_the_clock(clocks: Clocks) -> None:
    """After a reboot the wall clock counts, with the time in which the machine was off."""
    pause = _pause()
    clocks.pass_s(HOUR_S)
    clocks.boot_s = 30.0
    assert pause.left_s("two") == HOUR_S
    clocks.pass_s(HOUR_S)
    assert pause.left_s("two") == 0


def test_clock_of_1970_ends_it_too(clocks: Clocks) -> None:
    """A machine that starts in 1970 ends a pause once it has run for longer than that."""
    pause = _pause()
    clocks.wall_s, clocks.boot_s = 100.0, 30.0
    assert pause.left_s("two") == 2 * HOUR_S - 30.0
    clocks.pass_s(2 * HOUR_S)
    assert pause.left_s("two") == 0


def test_clock_set_after_a_reboot(clocks: Clocks) -> None:
    """Once such a clock is set right, the pause ends when it was told to."""
    pause = _pause()
    clocks.wall_s, clocks.boot_s = 100.0, 30.0
    clocks.wall_s = NOON + 1.5 * HOUR_S
    assert pause.left_s("two") == HOUR_S / 2


def test_unnamed_boot_counts_as_well(clocks: Clocks) -> None:
    """A service that may not read the boot's name ends a pause neither early nor never."""
    pause = _pause(boot="process-1")
    clocks.pass_s(HOUR_S)
    assert pause.left_s("process-2") == HOUR_S
    clocks.pass_s(HOUR_S)
    assert pause.left_s("process-2") == 0


def test_pause_without_end_has_none(clocks: Clocks) -> None:
    """A pause without a duration lasts until somebody resumes."""
    pause = _pause(duration_s=None)
    clocks.pass_s(900 * HOUR_S)
    assert pause.left_s("one") is None
    assert pause.left_s("two") is None


@pytest.mark.usefixtures("clocks")
def test_last_pause_is_kept(tmp_path: Path) -> None:
    """The ledger keeps one pause, the last, until it is ended."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert ledger.pauses.current() is None
    last = Pause.beginning_now(None, "one", unloads=True)
    for each in (_pause(), last):
        ledger.pauses.record(each)
        assert ledger.pauses.current() == each
    ledger.pauses.end()
    assert ledger.pauses.current() is None
    ledger.close()
