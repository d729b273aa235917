"""A ledger that is damaged or lost is made anew from the outbox: nothing is spoken again."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from support.daemon import Daemon, running, wait

POST = "# Post\n\nThe first words.\n\nThe second words.\n\n![A desk](desk.png)\n"
DESK = Path(__file__).parents[2] / "docs/sample/desk.png"
PAGE = 4096


def _ledger(daemon: Daemon) -> Path:
    return daemon.home / "state/ledger.sqlite"


def _header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"garbage" * 20)


def _truncated(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 // PAGE * PAGE)


def _emptied_page(path: Path) -> None:
    """A page in the middle, which holds what was narrated."""
    with sqlite3.connect(path) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'jobs'").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(bytes(PAGE))


def _nonsense(path: Path) -> None:
    path.write_bytes(b"no database at all\n" * 1000)


@pytest.fixture
def narrated(tmp_path: Path) -> Daemon:
    """A daemon, stopped, that has narrated a post with a picture and two others."""
    daemon = Daemon(tmp_path)
    daemon.drop("desk.png", DESK.read_bytes())
    daemon.drop("blog/.narrated.yaml", "album: Blog\n")
    for name, text in (
        ("post.md", POST),
        ("blog/two.md", "# Two\n\nOf two.\n"),
        ("three.md", "Three."),
    ):
        daemon.drop(name, text)
    assert daemon.ask("once", "--quiet").returncode == 0
    assert "desk.mp3" not in daemon.files
    return daemon


def _kept(daemon: Daemon) -> list[Path]:
    return sorted(_ledger(daemon).parent.glob("ledger.damaged-*.sqlite"))


def _see_that_nothing_is_lost(daemon: Daemon, before: set[str]) -> None:
    """A running daemon knows its narrations: it carries a renamed one, and edits cost an edit."""
    spoken = len(daemon.spoken)
    daemon.wait_idle()
    assert daemon.files == before
    (daemon.inbox / "three.md").rename(daemon.inbox / "drei.md")
    edited = POST.replace("The second", "The other")
    daemon.drop("post.md", edited)
    daemon.published("post", edited)
    renamed = {name.replace("three.", "drei.") for name in before}
    wait(lambda: daemon.files == renamed, lambda: f"{daemon.files}\n{daemon.log}")
    daemon.wait_idle()
    assert [text for text in daemon.spoken[spoken:] if text != "drei"] == ["The other words."]


@pytest.mark.parametrize("damage", [_header, _truncated, _emptied_page, _nonsense])
def test_a_damaged_ledger_is_set_aside_and_made_anew(
    narrated: Daemon, damage: Callable[[Path], None]
) -> None:
    before = narrated.files
    damage(_ledger(narrated))
    damaged = _ledger(narrated).read_bytes()
    with narrated:
        (notice,) = narrated.status()["notices"]
        (kept,) = _kept(narrated)
        assert f"from 3 narrations of the outbox; the damaged one is kept as {kept}" in notice
        assert kept.read_bytes() == damaged
        note = narrated.outbox / "narrated.status.txt"
        wait(lambda: "made anew" in note.read_text(), note.read_text)
        _see_that_nothing_is_lost(narrated, before)
    damage(_ledger(narrated))
    narrated.start()
    narrated.stop()
    assert len(_kept(narrated)) == 2
    assert kept.read_bytes() == damaged


def test_manifests_of_before_and_a_lost_state_folder_do_as_well(narrated: Daemon) -> None:
    before = narrated.files
    for path in narrated.outbox.rglob("*.json"):
        manifest = json.loads(path.read_bytes())
        del manifest["shows"], manifest["consulted"]
        path.write_text(json.dumps(manifest))
    shutil.rmtree(narrated.home / "state")
    spoken = narrated.spoken
    with narrated:
        _see_that_nothing_is_lost(narrated, before)
        assert "desk.mp3" not in narrated.files
    assert narrated.spoken[: len(spoken)] == spoken


def test_damage_met_while_it_runs_ends_the_daemon_and_the_next_one_makes_it_anew(
    narrated: Daemon,
) -> None:
    before = narrated.files
    narrated.start()
    narrated.wait_idle()
    db = sqlite3.connect(_ledger(narrated), isolation_level=None)
    db.execute("UPDATE moments SET at = at + 1")  # whoever has pages at hand reads them again
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    _emptied_page(_ledger(narrated))
    narrated.drop("new.md", "# New\n\nIt comes to a damaged ledger.\n")
    process = narrated.process
    assert process is not None
    wait(lambda: process.poll() is not None, lambda: narrated.log)
    assert process.returncode == 5
    assert "The ledger is damaged" in narrated.log
    assert len(_kept(narrated)) == 1
    with narrated:
        narrated.published("new", "# New\n\nIt comes to a damaged ledger.\n")
        spoken = len(narrated.spoken)
        assert spoken == len(set(narrated.spoken))
        _see_that_nothing_is_lost(
            narrated, before | {f"new.{end}" for end in ("mp3", "vtt", "json")}
        )


def test_a_log_that_sqlite_can_recover_by_itself_is_no_damage(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        daemon.drop("post.md", POST)
        daemon.published("post", POST)
        daemon.wait_idle()
        daemon.kill()
        _ledger(daemon).with_suffix(".sqlite-shm").unlink()
        spoken = daemon.spoken
        with daemon:
            daemon.wait_idle()
            assert daemon.status()["notices"] == []
            assert daemon.history("post.md") == ["done"]
        assert _kept(daemon) == []
        assert daemon.spoken == spoken


def test_a_damaged_ledger_waits_for_the_outbox_that_it_is_to_be_made_from(narrated: Daemon) -> None:
    before = narrated.files
    _header(_ledger(narrated))
    aside = narrated.outbox.rename(narrated.home / "aside")
    refused = narrated.ask("run")
    assert refused.returncode == 5
    assert "mount the disk that holds it" in refused.stderr
    aside.rename(narrated.outbox)
    with narrated:
        _see_that_nothing_is_lost(narrated, before)


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "of another rate", "another take"])
def test_a_damaged_take_is_spoken_again(narrated: Daemon, damage: str) -> None:
    takes = sorted((narrated.home / "cache").rglob("*.flac"))
    others = [take.read_bytes() for take in takes[1:] + takes[:1]][::-1]
    for take in takes:
        content = take.read_bytes()
        match damage:
            case "empty":
                take.write_bytes(b"")
            case "cut":
                take.write_bytes(content[: len(content) // 2])
            case "flipped":
                middle = len(content) // 2
                take.write_bytes(
                    content[:middle] + bytes([content[middle] ^ 8]) + content[middle + 1 :]
                )
            case "of another rate":
                take.write_bytes(content[:18] + b"\x01" + content[19:])
            case "another take":
                take.write_bytes(others.pop())
    spoken = len(narrated.spoken)
    narrated.drop("copy.md", POST)
    assert narrated.ask("once", "--quiet").returncode == 0
    again = narrated.spoken[spoken:]
    assert len(again) == len(set(again)) == len(narrated.manifest("post")["blocks"])
    assert narrated.manifest("copy")["duration_s"] == narrated.manifest("post")["duration_s"]
