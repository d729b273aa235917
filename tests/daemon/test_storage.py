"""A disk that is full, closed or gone: work pauses, says so, and goes on by itself."""

import re
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from support.daemon import Daemon, running, toy, wait
from support.disk import small
from support.published import SUFFIXES, narration
from support.watching import Watch

ROWS = 2
LONG_S = 25.0
"""Long enough for what is tried again every so often, on a machine that has other things to do."""
DRAFT = re.compile(r"\.narrated-[0-9a-f]{16}\.tmp")
NOTES = {"narrated.status.txt", ".filler"}


def _book(paragraphs: int) -> str:
    said = (f"Paragraph {n} of the book, which says something." for n in range(paragraphs))
    return "# Book\n\n" + "\n\n".join(said) + "\n"


def _slow(home: Path) -> dict[str, object]:
    return toy(home, delay_s=0.15, rows=ROWS, seconds_a_character=0.05)


def _trouble(daemon: Daemon) -> str:
    """The status's problem that keeps the work from going on, once there is one."""
    status = daemon.status()
    if status["state"] != "waiting":
        return ""
    held = [f"{each['problem']} {each['remedy']}" for each in status["waiting"]]
    return " ".join([*held, *status["notices"]])


def _see_its_note(daemon: Daemon, stem: str, *words: str) -> None:
    """See that the note beside where a narration will stand says what is wrong and what to do."""
    note = daemon.note(stem)
    assert note.startswith(f"{stem}.md was not narrated.\n")
    assert "What was wrong: " in note
    assert "What to do: " in note
    assert all(word in note for word in words), note


def _wait_for_trouble(daemon: Daemon, *words: str) -> str:
    """Wait until the trouble is told, and return it: the next look may find it tried again."""
    told = ""

    def is_told() -> bool:
        nonlocal told
        told = _trouble(daemon)
        return all(word in told for word in words)

    wait(is_told, lambda: f"{daemon.status()}\n{daemon.log}", LONG_S)
    return told


@pytest.mark.parametrize(("where", "kib"), [("outbox", 3072), ("cache", 3072), ("state", 4096)])
def test_full_disk_pauses_work(
    tmp_path: Path, where: str, kib: int, figure: Callable[[str], None]
) -> None:
    """A full disk pauses the work; free space lets it go on."""
    text = _book(16)
    with small(tmp_path / where, kib) as disk, running(tmp_path, **_slow(tmp_path)) as daemon:
        with Watch(daemon.outbox) as watch:
            daemon.drop("book.md", text)
            wait(lambda: len(daemon.spoken) > 4, lambda: daemon.log)
            disk.fill()
            daemon.drop("note.md", "A note that comes meanwhile.")
            # The ledger may still write into the log that it has, and tell of single files.
            wait(lambda: re.search("room|space", _trouble(daemon)), lambda: daemon.log, LONG_S)
            trouble = _trouble(daemon)
            paused = time.monotonic()
            daemon.wait_told("STATUS=waiting", patience_s=LONG_S)
            if where != "outbox":
                note = daemon.outbox / "narrated.status.txt"
                wait(lambda: "cannot go on" in note.read_text(), note.read_text)
            if where == "cache":  # where the ledger refuses, nothing is told of single files
                _see_its_note(daemon, "book", "room")
            assert not {name for name in daemon.files if name.endswith(SUFFIXES)}
            spoken = len(daemon.spoken)
            disk.empty()
            began = time.monotonic()
            assert daemon.process is not None
            pid = daemon.process.pid
            wait(lambda: daemon.files >= narration("book"), lambda: daemon.log, LONG_S)
            now = time.monotonic()
            figure(
                f"{where} full: paused for {now - paused:.1f} s, {now - began:.1f} s of them after "
                "there was room"
            )
            wait(
                lambda: daemon.files == narration("book") | narration("note"),
                lambda: daemon.log,
                LONG_S,
            )
        made = [daemon.published("book", text), daemon.manifest("note")]
        assert (daemon.process.pid, daemon.process.poll()) == (pid, None)
    figure(f"{where} full: {watch.verify(made)}")
    visible = {name for name in watch.seen if not DRAFT.fullmatch(name)}
    assert visible <= narration("book") | narration("note") | NOTES | {
        "book.error.txt",
        "note.error.txt",
    }
    assert not [path for path in daemon.outbox.iterdir() if DRAFT.fullmatch(path.name)]
    again = sum(count - 1 for count in Counter(daemon.spoken).values())
    figure(
        f"{where} full: {again} chunks of {len(set(daemon.spoken))} spoken twice; {trouble[:90]}"
    )
    assert again <= 2 * ROWS
    assert spoken <= len(daemon.spoken)


def test_lost_rights_pause_work(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Lost rights pause the work; restored rights let it go on."""
    daemon = Daemon(tmp_path, **_slow(tmp_path))
    daemon.start(as_anybody=True)
    folders = [tmp_path / where for where in ("outbox", "cache", "state")]
    try:
        for folder in folders:
            folder.chmod(0)
            text = f"# Post\n\nThe {folder.name} was closed."
            daemon.drop(f"{folder.name}.md", text)
            _wait_for_trouble(daemon, "right")
            wait(lambda: daemon.status()["waiting"], lambda: daemon.log)
            assert daemon.status()["waiting"][0]["path"] == f"{folder.name}.md"
            if folder != daemon.outbox:
                _see_its_note(daemon, folder.name, "right")
            folder.chmod(0o755)
            began = time.monotonic()
            daemon.published(folder.name, text)
            took_s = time.monotonic() - began
            figure(f"{folder.name} closed: narrated {took_s:.1f} s after it was open again")
        expected = {name for folder in folders for name in narration(folder.name)}
        wait(lambda: daemon.files == expected, lambda: daemon.log, LONG_S)
        said = Counter(daemon.spoken)
        assert said.pop("Post") <= 2  # once more where the cache was closed
        assert said.pop("The cache was closed.") <= 2
        assert said == {f"The {name} was closed.": 1 for name in ("outbox", "state")}
    finally:
        for folder in folders:
            folder.chmod(0o755)
        daemon.stop()


def test_bare_mount_point_is_no_outbox(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """The mount point of an unmounted outbox is not taken for the outbox."""
    settings = {"removed": "withdraw", "withdraw_after": "0s"}
    with small(tmp_path / "outbox", 4096) as disk, running(tmp_path, **settings) as daemon:
        for stem in ("gone", "kept"):
            daemon.drop(f"{stem}.md", f"# Post\n\nThis one is {stem}.")
            daemon.published(stem, f"# Post\n\nThis one is {stem}.")
        subprocess.run(["mount", "--move", str(disk.folder), str(_aside(tmp_path))], check=True)
        try:
            (daemon.inbox / "gone.md").unlink()
            (daemon.inbox / "kept.md").rename(daemon.inbox / "moved.md")
            daemon.drop("new.md", "# Post\n\nIt waits for its disk.")
            trouble = _wait_for_trouble(daemon, "another disk")
            assert "Mount its disk" in trouble
            daemon.wait_told("STATUS=waiting", patience_s=LONG_S)
            wait(lambda: len(daemon.status()["waiting"]) == 2, lambda: daemon.log)
            assert list(daemon.outbox.iterdir()) == []
        finally:
            subprocess.run(
                ["mount", "--move", str(tmp_path / "aside"), str(disk.folder)], check=True
            )
        began = time.monotonic()
        expected = narration("moved") | narration("new")
        wait(lambda: daemon.files == expected, lambda: f"{daemon.files}\n{daemon.log}", LONG_S)
        figure(f"all was there {time.monotonic() - began:.1f} s after the outbox was back")
        assert len(daemon.spoken) == 4  # the title once, and three paragraphs
        wait(lambda: daemon.status()["notices"] == [], lambda: daemon.log)
        daemon.stop()
        note = (daemon.outbox / "narrated.status.txt").read_text()
        assert "another disk" not in note
        disk.take_away()
        daemon.start()
        _wait_for_trouble(daemon, "another disk")
        assert list(daemon.outbox.iterdir()) == []


def _aside(home: Path) -> Path:
    """A place to which a mount can be moved: not below a shared one."""
    aside = home / "aside"
    aside.mkdir()
    return aside


def test_read_only_ledger_is_refused(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A start refuses a read-only ledger and names the remedy."""
    daemon = Daemon(tmp_path)
    with daemon:
        daemon.drop("post.md", "Read and published.")
        daemon.published("post", "Read and published.")
    (tmp_path / "state/ledger.sqlite").chmod(0o444)
    refused = daemon.ask("run", as_anybody=True)
    assert refused.returncode == 5
    assert "readonly database" in refused.stderr
    assert "mend the rights" in refused.stderr
    assert "Traceback" not in refused.stderr
    (tmp_path / "state/ledger.sqlite").chmod(0o644)
    began = time.monotonic()
    try:
        daemon.start(as_anybody=True)
        daemon.drop("new.md", "Read once it may be written.")
        daemon.published("new", "Read once it may be written.")
        figure(f"narrated {time.monotonic() - began:.1f} s after the rights were mended")
        assert daemon.spoken.count("Read and published.") == 1
        assert daemon.spoken.count("Read once it may be written.") == 1
        assert daemon.history("post.md") == ["done"]
    finally:
        daemon.stop()
    with small(tmp_path / "disk", 4096) as disk:
        daemon.configure(state="disk")
        options = ["mount", "-o", "remount,ro", str(disk.folder)]
        subprocess.run(options, check=True)
        refused = daemon.ask("run")
        assert refused.returncode == 5
        assert "Read-only file system" in refused.stderr
        assert "Traceback" not in refused.stderr
        subprocess.run(["mount", "-o", "remount,rw", str(disk.folder)], check=True)
        with daemon:  # with a ledger of its own, which knows what the outbox holds
            daemon.drop("last.md", "Read on a disk that may be written.")
            daemon.published("last", "Read on a disk that may be written.")
        assert daemon.spoken.count("Read on a disk that may be written.") == 1
        assert len(daemon.spoken) == 6  # three posts, each with its name


def test_refused_events_are_replayed(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Events that the ledger refuses are taken later, in their order.

    Another program that writes to the ledger holds it, as long as it likes.
    """
    with running(tmp_path, **_slow(tmp_path)) as daemon:
        daemon.drop("book.md", _book(12))
        wait(lambda: len(daemon.spoken) > 3)
        other = sqlite3.connect(tmp_path / "state/ledger.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        daemon.drop("new.md", "# Post\n\nThe first version.")
        daemon.drop("passing.md", "# Post\n\nIt goes before it is read.")
        _wait_for_trouble(daemon, "locked", "goes on by itself")
        daemon.wait_told("STATUS=waiting: The ledger cannot be used", patience_s=LONG_S)
        daemon.drop("new.md", "# Post\n\nThe second version.")
        (daemon.inbox / "passing.md").unlink()
        wait(lambda: "passing.md is gone" in daemon.log or not daemon.status()["arriving"])
        other.execute("ROLLBACK")
        other.close()
        began = time.monotonic()
        daemon.published("new", "# Post\n\nThe second version.")
        daemon.published("book", _book(12))
        wait(
            lambda: daemon.files == narration("book") | narration("new"), lambda: daemon.log, LONG_S
        )
        figure(f"all was there {time.monotonic() - began:.1f} s after the ledger was let go")
        wait(lambda: not _trouble(daemon))
        daemon.wait_idle()
        assert daemon.status()["notices"] == []
        assert daemon.history("passing.md")[-1:] in ([], ["removed"])
        again = sum(count - 1 for count in Counter(daemon.spoken).values())
        assert again <= 2 * ROWS


def test_refused_note_is_written_later(tmp_path: Path) -> None:
    """A file that fails while no note can be written gets its note once one can."""
    daemon = Daemon(tmp_path)
    daemon.start(as_anybody=True)
    try:
        daemon.outbox.chmod(0o555)
        daemon.drop("desk.png", b"This is no picture.")
        _wait_for_trouble(daemon, "right")
        daemon.outbox.chmod(0o755)
        assert "no picture" in daemon.note("desk")
        wait(lambda: daemon.history("desk.png") == ["failed"], lambda: daemon.log)
    finally:
        daemon.outbox.chmod(0o755)
        daemon.stop()


def test_closed_folder_leaves_log_only(tmp_path: Path) -> None:
    """The log alone reports the failure if one folder takes no note.

    It is not tried again and again: nothing says that the folder will ever be open.
    """
    daemon = Daemon(tmp_path)
    daemon.start(as_anybody=True)
    closed = daemon.outbox / "closed"
    try:
        closed.mkdir(mode=0o555)
        daemon.drop("closed/desk.png", b"This is no picture.")
        wait(lambda: daemon.history("closed/desk.png") == ["failed"], lambda: daemon.log)
        assert "no note could be left for closed/desk.png" in daemon.log
    finally:
        closed.chmod(0o755)
        daemon.stop()
