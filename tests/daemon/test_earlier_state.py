"""A state of an earlier commit, killed in the middle of a book, goes on under today's code.

How the state was made, and what it holds: `tests/states/README.md`.
"""

import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from narrated.ledger.schema import migrations
from support.consistency import verify
from support.daemon import TESTS, Daemon, files_below, wait

STATES = TESTS / "states"
STATE = STATES / "af0a496.tar.xz"
STATUS = "narrated.status.txt"
RENAMED = {"renamed", "by-another-name"}
TOLD_ANEW = {"book", "edited", "late", *RENAMED}
"""What today's daemon publishes or renames; everything else in the outbox stays as it was."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of a home at one time: its files, and the ledger's rows."""

    outbox: dict[str, bytes]
    """The outbox's files by name, without the status, which changes with the time."""
    takes: dict[str, tuple[int, bytes]]
    """The cache's files by key: when each was written (ns), and its content."""
    plans: dict[str, bytes]
    """The newest version's plan as it is stored, by source."""
    versions: dict[str, list[str]]
    """The state of every version of a source, oldest first."""
    schema: int

    @classmethod
    def of(cls, home: Path, copy: Path | None = None) -> "Snapshot":
        """Read a home; `copy` stands for its state folder, where that must not be opened."""
        versions: dict[str, list[str]] = {}
        with closing(sqlite3.connect((copy or home / "state") / "ledger.sqlite")) as db:
            for path, state in db.execute("SELECT path, state FROM jobs ORDER BY id"):
                versions.setdefault(os.fsdecode(path), []).append(state)
            plans = db.execute("SELECT path, plan FROM jobs JOIN plans ON job = id ORDER BY id")
            plans = {os.fsdecode(path): plan for path, plan in plans}
            (schema,) = db.execute("PRAGMA user_version").fetchone()
        outbox = home / "outbox"
        return cls(
            outbox={name: (outbox / name).read_bytes() for name in _published(outbox)},
            takes={
                take.stem: (take.stat().st_mtime_ns, take.read_bytes())
                for take in (home / "cache").glob("??/*.flac")
            },
            plans=plans,
            versions=versions,
            schema=schema,
        )

    @property
    def missing(self) -> list[str]:
        """The texts of the book that the cache has no take of."""
        stored = json.loads(zlib.decompress(self.plans["book.md"]))
        chunks = zip(stored["plan"]["chunks"], stored["keys"], strict=True)
        return [chunk["text"] for chunk, key in chunks if key not in self.takes]


@dataclass(frozen=True, slots=True)
class Story:
    """The state at the kill, what was spoken from then on, and the state at the end."""

    before: Snapshot
    spoken: list[str]
    after: Snapshot
    respoken: list[str]
    """What was spoken for another take of a post, after all that."""
    daemon: Daemon


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Have today's daemon start where the earlier one was killed, until all work is done."""
    home = tmp_path_factory.mktemp("home")
    daemon = _unpacked(home)
    before = _at_the_kill(home)
    _have_just_been_killed(home)
    with daemon:
        _wait_published(daemon, "book", "edited", "by-another-name")
        wait(lambda: not (daemon.outbox / "renamed.json").exists(), lambda: daemon.log)
        wait(lambda: _waiting(daemon) == ["late.md"], lambda: daemon.log)
        (home / "late").touch()
        _wait_published(daemon, "late")
        daemon.wait_idle()
        spoken, after = daemon.spoken, Snapshot.of(home)
        if daemon.ask("respeak", "letters/again.md").returncode == 0:
            wait(lambda: len(daemon.history("letters/again.md")) == 3, lambda: daemon.log)
            daemon.wait_idle()
    return Story(before, spoken, after, daemon.spoken[len(spoken) :], daemon)


def test_fixture_was_killed_midway(story: Story) -> None:
    """The earlier daemon was killed with the book half spoken."""
    before = story.before
    assert before.schema == 4
    assert before.versions["book.md"] == ["speaking"]
    assert 10 < len(before.missing) < 50
    assert before.versions["late.md"] == ["waiting"]


def test_book_goes_on_from_its_plan(story: Story) -> None:
    """The stored plan is read, not made a second time, and the book is published by it."""
    assert story.after.versions["book.md"] == ["done"]
    assert story.after.plans["book.md"] == story.before.plans["book.md"]
    manifest = json.loads(story.after.outbox["book.json"])
    assert manifest["title"] == "The Keeper"
    assert len(manifest["blocks"]) == 61


def test_only_missing_chunks_spoken(story: Story) -> None:
    """Spoken are the rest of the book, the edited line, and the post whose engine came."""
    others = ["late", "This line is the new one.", "This waits for its engine."]
    assert sorted(story.spoken) == sorted([*story.before.missing, *others])


def test_takes_in_the_cache_stay(story: Story) -> None:
    """No take is written a second time, and each chunk spoken since is one more."""
    assert story.before.takes.items() <= story.after.takes.items()
    assert len(story.after.takes) == len(story.before.takes) + len(story.spoken)


def test_published_files_untouched(story: Story) -> None:
    """A published file stays byte for byte, with its source gone or not."""
    standing = _without(story.before.outbox, TOLD_ANEW)
    assert {"espeak.mp3", "gone.json", "away.vtt", "photo.txt"} <= standing.keys()
    assert _without(story.after.outbox, TOLD_ANEW) == standing


def test_renamed_post_keeps_its_sound(story: Story) -> None:
    """A post renamed while no daemon ran takes its narration along; its manifest alone changes.

    Beside the name, the settings of its new plan stand in it, and keys that it lacked.
    """
    before, after = story.before.outbox, story.after.outbox
    for suffix in ("mp3", "vtt"):
        assert after[f"by-another-name.{suffix}"] == before[f"renamed.{suffix}"]
    assert not {"renamed.json", "renamed.mp3", "renamed.vtt"} & after.keys()
    manifest = before["renamed.json"].replace(b'"renamed.', b'"by-another-name.')
    later, earlier = json.loads(after["by-another-name.json"]), json.loads(manifest)
    assert {key: later[key] for key in earlier} | {"settings": earlier["settings"]} == earlier


def test_output_of_before_is_kept(story: Story) -> None:
    """A book planned before, and a renamed post, keep their level; an edited post gets today's."""
    assert story.before.schema < len(migrations())
    kept = {"loudness": False, "channels": "mono", "transcript": "spoken"}
    for stem in ("book", "by-another-name"):
        assert kept.items() <= _output(story.after, stem).items()
    assert {"loudness": -16.0, "transcript": "written"}.items() <= _output(
        story.after, "edited"
    ).items()


def test_edited_post_is_read_again(story: Story) -> None:
    """A post edited while no daemon ran is narrated in its new version."""
    assert b"the new one" in story.after.outbox["edited.vtt"]
    assert story.after.versions["edited.md"] == ["superseded", "done"]


def test_failed_file_keeps_its_note(story: Story) -> None:
    """A file that failed is not tried again, and its note stays."""
    assert story.after.versions["torn.png"] == ["failed"]
    assert story.after.outbox["torn.error.txt"] == story.before.outbox["torn.error.txt"]


def test_waiting_post_gets_its_engine(story: Story) -> None:
    """A post that waited for an engine at the kill is narrated once the engine is there."""
    assert {"late.mp3", "late.vtt", "late.json"} <= story.after.outbox.keys()
    assert "late.error.txt" not in story.after.outbox


def test_history_tells_old_versions(story: Story) -> None:
    """The history goes back to what the earlier commit did."""
    versions = story.after.versions
    assert versions["letters/again.md"] == ["superseded", "done"]
    assert versions["letters/tram.png"] == ["superseded"]
    assert versions["renamed.md"] == ["superseded"]
    assert versions["silent.md"] == ["removed"]
    assert versions["gone.md"] == ["done"]
    told = story.daemon.ask("history", "letters/again.md").stdout.splitlines()
    assert [line.split()[3] for line in told] == ["superseded", "superseded", "done"]


def test_ledger_has_todays_schema(story: Story) -> None:
    """The ledger is brought to today's schema."""
    assert story.after.schema == len(migrations())


def test_state_agrees_afterwards(story: Story) -> None:
    """Inbox, outbox, ledger and cache agree at the end."""
    verify(story.daemon)


def test_respeak_goes_on_counting(story: Story) -> None:
    """A post that the earlier commit spoke twice is spoken a third time, not a second."""
    assert "This was said twice." in story.respoken
    choices = _choices(story.daemon.home)
    assert choices and set(choices) == {2}


def test_backup_is_taken_over(tmp_path: Path) -> None:
    """Restored on another disk, where every inode and time differs, no more is spoken."""
    daemon = _unpacked(tmp_path)
    before = _at_the_kill(tmp_path)
    daemon.ask("once", "--quiet")
    after = Snapshot.of(tmp_path)
    assert sorted(daemon.spoken) == sorted([*before.missing, "This line is the new one."])
    assert _without(after.outbox, TOLD_ANEW) == _without(before.outbox, TOLD_ANEW)
    assert after.versions["book.md"] == ["done"]


def test_lost_ledger_is_restored(tmp_path: Path) -> None:
    """Without its ledger, the earlier outbox and cache are believed: no more is spoken."""
    daemon = _unpacked(tmp_path)
    before = _at_the_kill(tmp_path)
    shutil.rmtree(tmp_path / "state")
    daemon.ask("once", "--quiet")
    after = Snapshot.of(tmp_path)
    assert sorted(daemon.spoken) == sorted([*before.missing, "This line is the new one."])
    assert _without(after.outbox, TOLD_ANEW) == _without(before.outbox, TOLD_ANEW)
    assert after.versions["book.md"] == ["done"]
    assert after.outbox["by-another-name.mp3"] == before.outbox["renamed.mp3"]
    assert _output(after, "by-another-name")["loudness"] is False


def _output(snapshot: Snapshot, stem: str) -> dict[str, Any]:
    """The output settings in a manifest."""
    edition: dict[str, Any] = json.loads(snapshot.outbox[f"{stem}.json"])["settings"]["edition"]
    return edition


def _unpacked(home: Path) -> Daemon:
    """The state, and a daemon of today's code on it; its configuration names the folders here."""
    daemon = Daemon(home)
    with tarfile.open(STATE) as tar:
        tar.extractall(home, filter="data")
    text = daemon.config.read_text()
    text = text.replace("@HOME@", str(home)).replace("@STATES@", str(STATES))
    # Its engine speaks tones, which no check takes for speech.
    daemon.config.write_text(f"{text}\ntakes: {{check: off}}\n")
    return daemon


def _at_the_kill(home: Path) -> Snapshot:
    """Read a copy of the state: to close the ledger itself would empty its log."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(home / "state", Path(folder) / "state")
        return Snapshot.of(home, copy)


def _have_just_been_killed(home: Path) -> None:
    """Have the ledger know the unpacked files, and the kill be a moment ago."""
    with closing(sqlite3.connect(home / "state/ledger.sqlite")) as db, db:
        (killed_at,) = db.execute("SELECT at FROM moments WHERE name = 'running'").fetchone()
        passed_s = time.time() - killed_at
        for table, columns in _TIMES.items():
            moved = ", ".join(f"{column} = {column} + :s" for column in columns)
            db.execute(f"UPDATE {table} SET {moved}", {"s": passed_s})
        for path, size, mtime_ns in db.execute(
            "SELECT path, size, mtime_ns FROM sources"
        ).fetchall():
            _recognise(db, home, path, size, mtime_ns)


_TIMES = {
    "sources": ("seen_at", "gone_at"),
    "jobs": ("created_at", "changed_at", "done_at"),
    "chunks": ("expires_at",),
    "takes": ("used_at",),
    "moments": ("at",),
}


def _recognise(db: Any, home: Path, path: bytes, size: int, mtime_ns: int) -> None:
    """Give a source the signature of its file, unless that is another version."""
    file = home / "inbox" / os.fsdecode(path)
    if not file.exists():
        return
    found = file.stat()
    if found.st_size == size and abs(found.st_mtime_ns - mtime_ns) < 1_000_000:
        db.execute(
            "UPDATE sources SET inode = ?, mtime_ns = ?, ctime_ns = ? WHERE path = ?",
            (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, path),
        )


def _wait_published(daemon: Daemon, *stems: str) -> None:
    """Wait until the outbox holds the narrations of the sources as they are now."""
    for stem in stems:
        daemon.published(stem, (daemon.inbox / f"{stem}.md").read_bytes())


def _choices(home: Path) -> list[int]:
    """The number of each take that a user chose."""
    with closing(sqlite3.connect(home / "state/ledger.sqlite")) as db:
        return [take for (take,) in db.execute("SELECT take FROM choices")]


def _waiting(daemon: Daemon) -> list[str]:
    return [each["path"] for each in daemon.status()["waiting"]]


def _published(outbox: Path) -> set[str]:
    """The files that listeners see; the daemon may be writing others."""
    visible = {name for name in files_below(outbox) if not Path(name).name.startswith(".")}
    return visible - {STATUS}


def _without(outbox: dict[str, bytes], stems: set[str]) -> dict[str, bytes]:
    """The outbox without these narrations and their notes."""
    return {
        name: content for name, content in outbox.items() if name.partition(".")[0] not in stems
    }
