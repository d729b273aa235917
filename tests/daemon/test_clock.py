"""The clock set back or ahead by a year: nothing is missed, nothing is taken for gone too early."""

import signal
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from support.clock import Clock
from support.daemon import Daemon, toy, wait

YEAR = 365
LONG_S = 40.0


def _post(text: str) -> str:
    return f"# Post\n\n{text}\n"


def _settings(clock: Clock, withdraw_after: str) -> dict[str, Any]:
    settings = toy(clock.python.parent, delay_s=0.1, rows=2)
    settings["engines"]["toy"]["python"] = str(clock.python)
    return {**settings, "removed": "withdraw", "withdraw_after": withdraw_after}


def _narrate(daemon: Daemon, **texts: str) -> None:
    for stem, text in texts.items():
        daemon.drop(f"{stem}.md", _post(text))
    for stem, text in texts.items():
        daemon.published(stem, _post(text))


def _year_in(daemon: Daemon, stem: str) -> int:
    return int(daemon.manifest(stem)["published"][:4])


def test_clock_jump_changes_dates_only(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A clock set while the daemon runs changes the dates and nothing else."""
    clock = Clock(tmp_path)
    daemon = Daemon(tmp_path, **_settings(clock, withdraw_after="1h"))
    daemon.start(**clock.environ)
    try:
        _narrate(daemon, gone="It is gone.", old="It stays.")
        _narrate(daemon, **{f"late-{stem}": f"It goes {stem}." for stem in ("ahead", "back")})
        year = _year_in(daemon, "old")
        (daemon.inbox / "gone.md").unlink()
        wait(lambda: "gone.md is gone" in daemon.log, lambda: daemon.log)
        for stem, days in (("ahead", YEAR), ("back", -YEAR)):
            book = "# Post\n\n" + "\n\n".join(f"{stem}, part {n}." for n in range(12)) + "\n"
            daemon.drop(f"{stem}.md", book)
            before = len(daemon.spoken)
            wait(lambda before=before: len(daemon.spoken) > before + 3, lambda: daemon.log)
            clock.set_days(days)
            (daemon.inbox / f"late-{stem}.md").unlink()  # before anybody saw that it was set
            began = time.monotonic()
            sign = "+" if days > 0 else "-"
            told = f"the clock was set by {sign}"
            wait(lambda told=told: told in daemon.log, lambda: daemon.log)
            noticed_s = time.monotonic() - began
            daemon.published(stem, book)
            figure(
                f"set by {days} days: noticed after {noticed_s:.1f} s, the book that was being "
                f"read is there after {time.monotonic() - began:.1f} s"
            )
            _narrate(daemon, new=f"It is new, and {stem}.", old=f"It stays, and is {stem}.")
            assert _year_in(daemon, "new") - year in (days // YEAR, days // YEAR + 1)
            spoken = len(daemon.spoken)
            (daemon.inbox / f"{stem}.md").rename(daemon.inbox / f"{stem}-moved.md")
            wait(lambda stem=stem: daemon.files.isdisjoint({f"{stem}.mp3", f"{stem}.json"}))
            assert f"{stem}-moved.mp3" in daemon.files
            daemon.wait_idle()
            assert len(daemon.spoken) == spoken
            assert {"gone.mp3", f"late-{stem}.mp3"} <= daemon.files
        assert not [path for path in daemon.outbox.iterdir() if path.name.startswith(".")]
    finally:
        daemon.stop()


def test_clock_jump_withdraws_nothing(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A clock set between two runs withdraws nothing before its time."""
    clock = Clock(tmp_path)
    daemon = Daemon(tmp_path, **_settings(clock, withdraw_after="1h"))
    daemon.start(**clock.environ)
    try:
        _narrate(daemon, gone="It is gone.", old="It stays.")
        (daemon.inbox / "gone.md").unlink()
        wait(lambda: "gone.md is gone" in daemon.log, lambda: daemon.log)
        for days in (YEAR, -YEAR):
            daemon.stop()
            clock.set_days(days)
            daemon.start(**clock.environ, WATCHDOG_USEC="1500000")
            for _ in range(3):  # it is fed as often as there are turns that could withdraw
                daemon.wait_told("WATCHDOG=1", len(daemon.statuses))
            assert "gone.mp3" in daemon.files
        daemon.configure(**_settings(clock, withdraw_after="1s"))
        daemon.signal(signal.SIGHUP)
        began = time.monotonic()
        wait(lambda: "gone.mp3" not in daemon.files, lambda: daemon.log, LONG_S)
        figure(
            "kept through two years of clock; withdrawn "
            f"{time.monotonic() - began:.1f} s after that was to happen within 1 s"
        )
        _narrate(daemon, old="It stays, and is another.")
    finally:
        daemon.stop()


def test_clock_jump_ends_no_pause(tmp_path: Path) -> None:
    """A clock set in a pause, with the daemon or without, neither ends nor prolongs it."""
    clock = Clock(tmp_path)
    daemon = Daemon(tmp_path, **_settings(clock, withdraw_after="1h"))
    daemon.start(**clock.environ)
    try:
        daemon.ask("pause", "1h")
        began_s = daemon.status()["goes_on_at"]
        for days in (YEAR, -YEAR):
            clock.set_days(days)
            wait(lambda days=days: _is_told(daemon, began_s, days), lambda: daemon.log)
            assert daemon.process is not None
            killed = daemon.process.pid
            daemon.kill()
            clock.forget(killed)
            daemon.start(**clock.environ)
            assert _is_told(daemon, began_s, days)
        daemon.ask("resume")
        _narrate(daemon, post="It goes on.")
    finally:
        daemon.stop()


def _is_told(daemon: Daemon, end_s: float, days: int) -> bool:
    """True if the pause ends at the same instant, told by a clock that is so many days off."""
    status = daemon.status()
    assert status["state"] == "paused"
    return bool(abs(status["goes_on_at"] - end_s - days * 86400) < 86400)


def test_date_comes_by_the_clock(tmp_path: Path) -> None:
    """A post of a date to come is narrated when the clock says so: at work, set, or started."""
    clock = Clock(tmp_path)
    daemon = Daemon(tmp_path, **_settings(clock, withdraw_after="1h"))
    daemon.start(**clock.environ)
    try:
        today = date.today()
        soon, later = today + timedelta(days=3), today + timedelta(days=30)
        daemon.drop("soon.md", f"---\ndate: {soon}\n---\nIt comes soon.\n")
        daemon.drop(f"{later}-later.md", "It comes later.\n")
        wait(lambda: daemon.status()["held_back_count"] == 2, lambda: daemon.log)
        clock.set_days(5)
        daemon.manifest("soon")
        assert [path for path, _ in daemon.status()["held_back"]] == [f"{later}-later.md"]
        daemon.stop()
        clock.set_days(40)
        daemon.start(**clock.environ)
        daemon.manifest(f"{later}-later")
        assert daemon.status()["held_back_count"] == 0
        clock.set_days(0)
        _narrate(daemon, last="It came last, with the clock set back.")
        assert {"soon.mp3", f"{later}-later.mp3"} <= daemon.files
    finally:
        daemon.stop()
