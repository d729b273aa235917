"""The clock set back or ahead by a year: nothing is missed, nothing is taken for gone too early."""

import re
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize("days", [-YEAR, YEAR], ids=["back", "ahead"])
def test_a_clock_set_by_a_year_while_it_runs_changes_nothing_but_the_dates(
    tmp_path: Path, days: int
) -> None:
    clock = Clock(tmp_path)
    daemon = Daemon(tmp_path, **_settings(clock, withdraw_after="1h"))
    daemon.start(**clock.environ)
    try:
        _narrate(daemon, gone="It is gone.", old="It stays.", moving="It will move.")
        year = _year_in(daemon, "old")
        (daemon.inbox / "gone.md").unlink()
        wait(lambda: "gone.md is gone" in daemon.log, lambda: daemon.log)
        book = "# Post\n\n" + "\n\n".join(f"Paragraph {n} of the book." for n in range(12)) + "\n"
        daemon.drop("book.md", book)
        wait(lambda: len(daemon.spoken) > 8, lambda: daemon.log)
        clock.set_days(days)
        wait(lambda: re.search(r"the clock was set by [+-]\d+ s", daemon.log), lambda: daemon.log)
        daemon.published("book", book)
        _narrate(daemon, new="It is new.", old="It stays, and changed.")
        assert _year_in(daemon, "new") - year in (days // YEAR, days // YEAR + 1)
        spoken = len(daemon.spoken)
        (daemon.inbox / "moving.md").rename(daemon.inbox / "moved.md")
        wait(lambda: "moved.mp3" in daemon.files and "moving.mp3" not in daemon.files)
        daemon.wait_idle()
        assert len(daemon.spoken) == spoken
        assert "gone.mp3" in daemon.files
        assert "is withdrawn" not in daemon.log
        assert not [path for path in daemon.outbox.iterdir() if path.name.startswith(".")]
    finally:
        daemon.stop()


@pytest.mark.parametrize("days", [-YEAR, YEAR], ids=["back", "ahead"])
def test_a_clock_set_by_a_year_between_two_runs_withdraws_nothing_before_its_time(
    tmp_path: Path, days: int
) -> None:
    clock = Clock(tmp_path)
    daemon = Daemon(tmp_path, **_settings(clock, withdraw_after="1h"))
    daemon.start(**clock.environ)
    _narrate(daemon, gone="It is gone.", old="It stays.")
    (daemon.inbox / "gone.md").unlink()
    wait(lambda: "gone.md is gone" in daemon.log, lambda: daemon.log)
    daemon.stop()
    clock.set_days(days)
    daemon.start(**clock.environ)
    try:
        _narrate(daemon, new="It is new.", old="It stays, and changed.")
        daemon.wait_idle()
        assert "gone.mp3" in daemon.files
        daemon.stop()
        daemon.configure(**_settings(clock, withdraw_after="1s"))
        daemon.start(**clock.environ)
        wait(lambda: "gone.mp3" not in daemon.files, lambda: daemon.log, LONG_S)
        (daemon.inbox / "old.md").unlink()
        wait(lambda: "old.mp3" not in daemon.files, lambda: daemon.log, LONG_S)
        assert "new.mp3" in daemon.files
    finally:
        daemon.stop()
