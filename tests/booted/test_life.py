"""The service's life under a real systemd: started, reloaded, killed, hung, stopped in a book."""

import json
import time
from collections.abc import Callable

import pytest

from support.booted import until
from support.box import PROGRAM, Box, toy
from support.published import narration

LINES = 24
ROWS = 2
DELAY_S = 0.2
"""What a line of a book takes; so many are spoken at once. It has a middle to do harm in."""
LOAD_S = 8
HELD = "/srv/narrated/held"
"""While this file is there, no line is spoken to its end."""
CONFIGURATION = toy(delay_s=DELAY_S, rows=ROWS, held=HELD)


def book(name: str) -> str:
    """A text that takes seconds, no line of which is in another one."""
    lines = (f"This is line {number} of {name}." for number in range(1, LINES))
    return "\n\n".join([f"# The book of {name}", *lines])


def lines_of(box: Box, name: str) -> list[str]:
    """The lines spoken of a book, as often as they were spoken."""
    return [line for line in box.spoken if f"of {name}" in line]


def in_the_middle_of(box: Box, name: str) -> None:
    """Drop a book, and wait until some of it is kept."""
    box.drop(f"{name}.md", book(name))
    until(lambda: box.kept(f"{name}.md") >= 4)
    assert not (box.outbox / f"{name}.json").exists()


def narrated_once(box: Box, name: str) -> bool:
    """True if a book stands whole in the outbox, and was published there once."""
    assert box.heard(name)["source"]["path"] == f"{name}.md"
    assert box.published(name) == narration(name)
    return len(published_records(box, f"{name}.md")) == 1


def published_records(box: Box, name: str) -> list[str]:
    """The journal's records of a file's being published."""
    until(lambda: "is narrated" in box.journal("-u", "narrated", f"NARRATED_FILE={name}"))
    records = box.journal("-u", "narrated", f"NARRATED_FILE={name}").splitlines()
    return [record for record in records if "is narrated" in record]


def is_back(box: Box, gone: str) -> bool:
    """True if systemd has started it again."""
    return box.is_active and box.main_pid not in ("0", gone)


def seconds_to_ready(box: Box) -> float:
    """The duration of the last start, by systemd's clock."""
    began, ready = (
        int(box.shows("narrated", f"{moment}TimestampMonotonic"))
        for moment in ("ExecMainStart", "ActiveEnter")
    )
    return (ready - began) / 1e6


def test_service_reports_ready(box: Box, figure: Callable[[str], None]) -> None:
    """It is up and says so."""
    assert box.is_active
    assert box.shows("narrated", "SubState") == "running"
    assert box.shows("narrated", "Type") == "notify"
    assert box.status == "idle"
    assert box.run("systemctl", "--failed", "--plain", "--no-legend") == ""
    figure(f"{box.systemd}: ready {seconds_to_ready(box):.1f} s after its start")


def test_status_names_any_script(box: Box) -> None:
    """Its status shows the name of what is read in any script."""
    name = "日本語の本, كتاب, hörbuch 🎧"
    box.drop(f"{name}.md", book(name))
    until(lambda: box.status.startswith(f"reading {name}.md: "))
    shown = box.run("systemctl", "status", "--no-pager", "narrated")
    assert f'Status: "reading {name}.md: ' in shown
    assert narrated_once(box, name)
    until(lambda: box.status == "idle")


def test_journal_finds_records_by_file(box: Box) -> None:
    """The journal finds a files records by its name."""
    for name in ("logged.md", "記録.md"):
        box.drop(name, f"Logged as {name}.")
        assert published_records(box, name)
        records = box.journal("-u", "narrated", f"NARRATED_FILE={name}", output="json")
        *_, last = map(json.loads, records.splitlines())
        assert last["SYSLOG_IDENTIFIER"] == "narrated"
        assert last["_SYSTEMD_UNIT"] == "narrated.service"
        assert last["NARRATED_ENGINE"] == "toy"
        assert float(last["NARRATED_RTF"]) > 0
        assert "\n" not in last["MESSAGE"]


def test_reload_mid_book_affects_next(box: Box) -> None:
    """A reload in the middle of a book gives the next one the new voice."""
    before = box.main_pid
    in_the_middle_of(box, "begun")
    box.run("touch", HELD)
    box.configure(**CONFIGURATION | {"speech": {"engine": "toy", "voice": "other"}})
    try:
        assert "is reloaded" in box.reload()
        assert not (box.outbox / "begun.json").exists()
        box.run("rm", HELD)
        box.drop("next.md", "In the new voice.")
        assert box.heard("next")["voice"] == "other"
        assert box.heard("begun")["voice"] == "toy"
        assert narrated_once(box, "begun")
        assert len(lines_of(box, "begun")) == LINES
        assert box.main_pid == before
    finally:
        box.run("rm", "--force", HELD)
        box.configure(**CONFIGURATION)
        box.reload()


def test_reload_refuses_broken_config(box: Box) -> None:
    """A reload of a broken configuration fails, and the daemon keeps the old one."""
    good, before = box.config.read_text(), box.main_pid
    in_the_middle_of(box, "unmoved")
    box.config.write_text("inbox: [\n")
    try:
        assert "failed" in box.refused_reload()
        assert "narrated: /etc/narrated/narrated.yaml is not valid YAML" in box.log
        assert "status=3" in box.log
        assert "is refused, and the old one kept" in box.log
        assert "is not valid YAML" in box.run(PROGRAM, "reload", check=False)
        box.drop("meanwhile.md", "By the old configuration.")
        assert box.heard("meanwhile")["engine"] == "toy"
        assert narrated_once(box, "unmoved")
        assert len(lines_of(box, "unmoved")) == LINES
        assert box.is_active
        assert box.main_pid == before
    finally:
        box.config.write_text(good)
        box.reload()


def test_fixed_key_fails_the_reload(box: Box) -> None:
    """A reload that only a restart can follow fails, and names the restart."""
    good, before = box.config.read_text(), box.main_pid
    box.configure(**CONFIGURATION | {"state": "/var/lib/narrated/elsewhere"})
    try:
        assert "failed" in box.refused_reload()
        assert "`state` changed, and a running daemon cannot follow" in box.log
        assert box.main_pid == before
    finally:
        box.config.write_text(good)
        box.reload()


def test_older_unit_reloads_by_signal(box: Box) -> None:
    """The unit of an earlier version, which sends SIGHUP, still reloads."""
    before = box.main_pid
    with box.drop_in("ExecReload=", "ExecReload=/bin/kill -HUP $MAINPID"):
        assert "is reloaded" in box.reload()
    assert box.main_pid == before


def test_broken_config_fails_start_once(box: Box) -> None:
    """A start with a broken configuration fails and is not tried again."""
    good = box.config.read_text()
    box.config.write_text("inbox: [\n")
    try:
        box.run("systemctl", "restart", "narrated", check=False)
        assert box.shows("narrated", "ActiveState") == "failed"
        assert box.shows("narrated", "ExecMainStatus") == "3"
        assert "narrated.yaml" in box.journal("-u", "narrated", "-n", "20")
    finally:
        box.config.write_text(good)
        box.run("systemctl", "restart", "narrated")


def test_killed_mid_book_goes_on(box: Box, figure: Callable[[str], None]) -> None:
    """Killed in the middle of a book it comes back and goes on."""
    before = box.main_pid
    in_the_middle_of(box, "killed")
    box.run("kill", "-9", before)
    began = time.monotonic()
    spoken = len(lines_of(box, "killed"))
    box.drop("dropped.md", "Dropped while it was dead.")
    until(lambda: is_back(box, before))
    back_s = time.monotonic() - began
    assert narrated_once(box, "killed")
    assert narrated_once(box, "dropped")
    assert len(set(lines_of(box, "killed"))) == LINES
    again = len(lines_of(box, "killed")) - LINES
    figure(
        f"{box.systemd}: killed after {spoken} of {LINES} lines, active again in {back_s:.1f} s, "
        f"{again} lines spoken twice"
    )
    assert again <= ROWS, "what was in flight, and nothing that was kept"


@pytest.mark.parametrize("folder", ["/var/lib/narrated", "/var/cache/narrated"])
def test_removed_folder_is_made_again(box: Box, folder: str) -> None:
    """A state or cache that somebody removes is noticed, and systemd starts it with a new one."""
    box.drop("before.md", "Before it went.")
    box.heard("before")
    before = box.main_pid
    box.run("sh", "-c", f"until rm -rf {folder}; do :; done")  # it may write there meanwhile
    until(lambda: is_back(box, before))
    assert box.run("stat", "-c", "%U %a", folder) == "narrated 750"
    assert "status=5" in box.log
    name = "after-" + folder.split("/")[2]
    box.drop(f"{name}.md", "After it went.")
    box.heard(name)
    assert box.shows("narrated", "Result") == "success"


def test_watchdog_ends_hang(box: Box, figure: Callable[[str], None]) -> None:
    # The shipped times are for a loaded box; their mechanism is what is tried here.
    """A hang is ended by the watchdog and the book goes on."""
    with box.drop_in("WatchdogSec=3", "TimeoutAbortSec=1"):
        box.run("systemctl", "restart", "narrated")
        in_the_middle_of(box, "hung")
        before = box.main_pid
        box.run("kill", "-STOP", before)
        began = time.monotonic()
        until(lambda: is_back(box, before))
        back_s = time.monotonic() - began
        figure(f"{box.systemd}: hung with WatchdogSec=3, active again in {back_s:.1f} s")
        assert "Watchdog timeout" in box.log
        assert narrated_once(box, "hung")


def test_slow_load_extends_start(box: Box, figure: Callable[[str], None]) -> None:
    """A voice that loads longer than a start may take extends it."""
    box.configure(**CONFIGURATION | toy(delay_s=DELAY_S, rows=ROWS, load_s=LOAD_S))
    try:
        with box.drop_in(f"TimeoutStartSec={LOAD_S}"):
            box.run("systemctl", "restart", "narrated")
            took_s = seconds_to_ready(box)
            figure(f"{box.systemd}: a start of {took_s:.1f} s, of {LOAD_S} allowed")
            assert took_s > LOAD_S
            assert box.shows("narrated", "Result") == "success"
            box.drop("at-last.md", "Loaded at last.")
            box.heard("at-last")
    finally:
        box.configure(**CONFIGURATION)
        box.reload()


def test_stopped_mid_book_goes_on(box: Box, figure: Callable[[str], None]) -> None:
    """Stopped in the middle of a book it goes on with what was not spoken."""
    in_the_middle_of(box, "stopped")
    assert box.processes
    began = time.monotonic()
    box.run("systemctl", "stop", "narrated")
    took_s = time.monotonic() - began
    assert box.shows("narrated", "Result") == "success"
    assert box.processes == []
    kept, spoken = box.kept("stopped.md"), len(lines_of(box, "stopped"))
    assert kept < LINES
    box.run("systemctl", "start", "narrated")
    assert narrated_once(box, "stopped")
    figure(
        f"{box.systemd}: stopped in {took_s:.1f} s with {kept} of {LINES} lines kept, "
        f"{len(lines_of(box, 'stopped')) - spoken} spoken after the next start"
    )
    assert len(lines_of(box, "stopped")) - spoken == LINES - kept
