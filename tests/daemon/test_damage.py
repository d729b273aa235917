"""A damaged or lost ledger is restored from the outbox: nothing is spoken again."""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from support.daemon import Daemon, running, wait
from support.published import is_manifest, narration

POST = "# Post\n\nThe first words.\n\nThe second words.\n\n![A desk](desk.png)\n"
DESK = Path(__file__).parents[2] / "docs/sample/desk.png"
PAGE = 4096


def _ledger(daemon: Daemon) -> Path:
    return daemon.home / "state/ledger.sqlite"


def _emptied_page(path: Path) -> None:
    """A page in the middle, which holds what was narrated."""
    with sqlite3.connect(path) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'jobs'").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(bytes(PAGE))


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


def _see_that_nothing_is_lost(daemon: Daemon, before: set[str]) -> str:
    """A running daemon knows its narrations: it carries a renamed one, and edits cost an edit.

    A figure tells what that cost.
    """
    spoken, began = len(daemon.spoken), time.monotonic()
    daemon.wait_idle()
    assert daemon.files == before
    (daemon.inbox / "three.md").rename(daemon.inbox / "drei.md")
    edited = POST.replace("The second", "The other")
    daemon.drop("post.md", edited)
    daemon.published("post", edited)
    renamed = {name.replace("three.", "drei.") for name in before}
    wait(lambda: daemon.files == renamed, lambda: f"{daemon.files}\n{daemon.log}")
    daemon.wait_idle()
    again = [text for text in daemon.spoken[spoken:] if text != "drei"]
    assert again == ["The other words."]
    took_s = time.monotonic() - began
    return f"{len(before)} files known again; an edit spoke {len(again)} chunk, in {took_s:.1f} s"


def test_damaged_ledger_is_restored(narrated: Daemon, figure: Callable[[str], None]) -> None:
    """A damaged ledger is set aside and made again from the outbox."""
    before = narrated.files
    _emptied_page(_ledger(narrated))
    damaged = _ledger(narrated).read_bytes()
    aside = narrated.outbox.rename(narrated.home / "aside")
    refused = narrated.ask("run")  # all would be narrated again
    assert (refused.returncode, "mount the disk that holds it" in refused.stderr) == (5, True)
    aside.rename(narrated.outbox)
    with narrated:
        (notice,) = narrated.status()["notices"]
        (kept,) = _kept(narrated)
        assert f"from 3 narrations of the outbox; the damaged one is kept as {kept}" in notice
        assert kept.read_bytes() == damaged
        with closing(sqlite3.connect(_ledger(narrated))) as db:
            assert db.execute("SELECT device FROM places").fetchall() == [
                (narrated.outbox.stat().st_dev,)  # else its bare mount point would do for it
            ]
        note = narrated.outbox / "narrated.status.txt"
        wait(lambda: "was restored" in note.read_text(), note.read_text)
        figure(_see_that_nothing_is_lost(narrated, before))


def test_old_manifests_restore_ledger(narrated: Daemon, figure: Callable[[str], None]) -> None:
    """Manifests of before and a lost state folder do as well."""
    before = narrated.files
    for path in narrated.outbox.rglob("*.json"):
        if not is_manifest(path.name):
            continue
        manifest = json.loads(path.read_bytes())
        del manifest["shows"], manifest["consulted"], manifest["chapters"]
        path.write_text(json.dumps(manifest))
    shutil.rmtree(narrated.home / "state")
    spoken = narrated.spoken
    with narrated:
        figure(_see_that_nothing_is_lost(narrated, before))
        assert "desk.mp3" not in narrated.files
    assert narrated.spoken[: len(spoken)] == spoken


def test_damage_while_running_ends_it(narrated: Daemon, figure: Callable[[str], None]) -> None:
    """Damage met while it runs ends the daemon and the next one makes it again."""
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
        now = before | narration("new")
        figure(_see_that_nothing_is_lost(narrated, now))


def test_recoverable_log_is_no_damage(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A log that SQLite can recover by itself is no damage."""
    with running(tmp_path) as daemon:
        daemon.drop("post.md", POST)
        daemon.published("post", POST)
        daemon.wait_idle()
        daemon.kill()
        _ledger(daemon).with_suffix(".sqlite-shm").unlink()
        log_bytes = _ledger(daemon).with_suffix(".sqlite-wal").stat().st_size
        spoken = daemon.spoken
        with daemon:
            daemon.wait_idle()
            assert daemon.status()["notices"] == []
            assert daemon.history("post.md") == ["done"]
        assert _kept(daemon) == []
        assert daemon.spoken == spoken
        figure(f"{log_bytes} bytes of a log recovered, nothing spoken again")


def test_damaged_take_respoken(narrated: Daemon, figure: Callable[[str], None]) -> None:
    """A damaged take is spoken again.

    Whatever happened to it: each take of the post is damaged in another way.
    """
    takes = sorted((narrated.home / "cache").rglob("*.flac"))
    for number, take in enumerate(takes):
        content = take.read_bytes()
        middle = len(content) // 2
        damaged = [
            b"",
            content[:middle],
            content[:middle] + bytes([content[middle] ^ 8]) + content[middle + 1 :],
            content[:18] + b"\x01" + content[19:],  # another sample rate
            takes[(number + 1) % len(takes)].read_bytes(),
            b"nonsense" * 500,
        ]
        take.write_bytes(damaged[number % len(damaged)])
    assert len(takes) >= 6
    spoken = len(narrated.spoken)
    for name in ("post.md", "blog/two.md"):
        text = (narrated.inbox / name).read_text()
        narrated.drop(name.replace(".md", "-copy.md"), text)
    assert narrated.ask("once", "--quiet").returncode == 0
    again = narrated.spoken[spoken:]
    lines = sum(len(narrated.manifest(stem)["blocks"]) for stem in ("post", "blog/two"))
    assert len(again) == len(set(again)) == lines
    figure(f"{len(takes)} takes damaged in 6 ways, {len(again)} spoken again: all that were needed")
    for stem in ("post", "blog/two"):
        assert (
            narrated.manifest(f"{stem}-copy")["duration_s"] == narrated.manifest(stem)["duration_s"]
        )


def test_restored_sound_is_compared(narrated: Daemon) -> None:
    """A restored ledger's narrations are read once: sound that was swapped is made again."""
    whole, sound = narrated.spoken, narrated.outbox / "three.mp3"
    before = sound.read_bytes()
    manifest = narrated.outbox / "three.json"
    sound.write_bytes(before[:100] + bytes(len(before) - 100))
    forged = manifest.stat()
    _ledger(narrated).unlink()
    with narrated:
        wait(lambda: sound.read_bytes()[100:] == before[100:], lambda: narrated.log)
        wait(lambda: manifest.stat().st_ino != forged.st_ino, lambda: narrated.log)
        wait(lambda: not _uncompared(narrated), lambda: narrated.log)
        assert narrated.history("post.md") == ["done"]
        assert "three.md: its narration was damaged" in narrated.log
    assert narrated.spoken == whole


def _uncompared(daemon: Daemon) -> list[tuple[int]]:
    with closing(sqlite3.connect(_ledger(daemon))) as db:
        return db.execute("SELECT job FROM restored_jobs").fetchall()
