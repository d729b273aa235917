"""Notes, as a person on a laptop reads them."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.outbox.notes import (
    DaemonState,
    ReadingProgress,
    StatusNote,
    error_note,
    remove_note,
    status_note,
    write_note,
)

NOW = datetime(2026, 11, 22, 8, 46, 10, tzinfo=timezone(timedelta(hours=1)))


def test_error_note_text() -> None:
    """An error note says what was wrong and what to do."""
    note = error_note("It cannot be read.", "chmod g+r post.md", "blog/post.md", NOW)
    assert note == (
        "blog/post.md was not narrated.\n"
        "\n"
        "What was wrong: It cannot be read.\n"
        "What to do: chmod g+r post.md\n"
        "\n"
        "Tried at 2026-11-22 08:46:10 +0100. This note goes away when it succeeds.\n"
    )


def test_error_note_without_remedy() -> None:
    """Without a remedy an error note gives no advice."""
    assert "What to do" not in error_note("It is empty.", "", "post.md", NOW)


def test_status_note_text() -> None:
    """A status note has all sections."""
    note = status_note(
        StatusNote(
            now=NOW,
            state=DaemonState.WORKING,
            reading=(ReadingProgress("blog/post.md", 0.428, 250.0), ReadingProgress("b.md", 0.0)),
            queued=12,
            queue=("c.md", "d.md"),
            waiting=(("e.md", "the disk is full"),),
            failed=(("f.md", "no words in it"),),
            conflicts=("g.sync-conflict-20261122-072736-JDC4FTG.md",),
            notices=("The inbox is missing.",),
            done_today=7,
        )
    )
    assert note == (
        "narrated: reading aloud\n"
        "as of 2026-11-22 08:46:10 +0100\n"
        "\n"
        "Please look\n"
        "  The inbox is missing.\n"
        "\n"
        "Being read\n"
        "  blog/post.md: 42 %, about 4 minutes left\n"
        "  b.md: 0 %\n"
        "\n"
        "Next (12 in the queue)\n"
        "  c.md\n"
        "  d.md\n"
        "  and 10 more\n"
        "\n"
        "Waiting\n"
        "  e.md: the disk is full\n"
        "\n"
        "Failed (see the .error.txt beside each)\n"
        "  f.md: no words in it\n"
        "\n"
        "Conflicting copies, not read: keep one and delete the other\n"
        "  g.sync-conflict-20261122-072736-JDC4FTG.md\n"
        "\n"
        "Finished today: 7\n"
    )


@pytest.mark.parametrize("state", DaemonState)
def test_idle_status_note(state: DaemonState) -> None:
    """A note of an idle daemon has its state alone."""
    lines = status_note(StatusNote(NOW, state)).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("narrated: ")


def test_many_failures_are_counted() -> None:
    """Many failures are counted, and not all listed."""
    note = status_note(
        StatusNote(NOW, DaemonState.IDLE, failed=tuple((f"{n}.md", "") for n in range(25)))
    )
    assert "  9.md" in note
    assert "  10.md" not in note
    assert "  and 15 more\n" in note


def test_name_forges_no_line() -> None:
    """No name can forge a line of a note."""
    name = "a.md\nnarrated: stopped\u202e\udcff\\"
    for note in (
        status_note(
            StatusNote(
                NOW, DaemonState.WORKING, (ReadingProgress(name, 0.5),), 1, (name,), ((name, name),)
            )
        ),
        error_note(f"{name} is odd", name, name, NOW),
    ):
        assert "a.md\\nnarrated: stopped\\u202e\\udcff\\\\" in note
        assert not any(line.startswith("narrated: stopped") for line in note.splitlines())
        assert "\u202e" not in note
        note.encode("utf-8")


def test_name_is_escaped_once() -> None:
    """A name that is escaped already is not escaped again."""
    assert "a\\xffb is odd" in error_note("a\\xffb is odd", "", "c.md", NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "less than a minute"),
        (61, "about a minute"),
        (1800, "about 30 minutes"),
        (8 * 3600 + 300, "about 8 h 05 min"),
    ],
)
def test_time_left_is_readable(seconds: float, words: str) -> None:
    """The time left is given in words of everyday."""
    note = status_note(
        StatusNote(NOW, DaemonState.WORKING, (ReadingProgress("a.md", 0.1, seconds),))
    )
    assert f"10 %, {words} left" in note


def test_note_is_replaced_and_removed(outbox: Path) -> None:
    """A note is replaced as a whole, and removed."""
    write_note(outbox, "blog/post.error.txt", "a long first text")
    write_note(outbox, "blog/post.error.txt", "second")
    note = outbox / "blog" / "post.error.txt"
    assert note.read_text() == "second"
    assert note.stat().st_mode & 0o7777 == 0o664
    assert [path.name for path in note.parent.iterdir()] == ["post.error.txt"]
    remove_note(outbox, "blog/post.error.txt")
    assert not note.exists()


def test_empty_folders_go_with_a_note(outbox: Path) -> None:
    """A removed note takes the folders it empties along."""
    write_note(outbox, "a/b/c/post.error.txt", "text")
    (outbox / "a" / "theirs.txt").write_text("mine")
    remove_note(outbox, "a/b/c/post.error.txt")
    assert sorted(path.name for path in outbox.rglob("*")) == ["a", "theirs.txt"]


def test_note_beside_a_file(outbox: Path) -> None:
    """A note whose folder is a file stands next to that file."""
    (outbox / "a").mkdir()
    (outbox / "a" / "post.mp3").write_bytes(b"sound")
    write_note(outbox, "a/post.mp3/deep/inner.error.txt", "text")
    assert (outbox / "a" / "post.mp3~deep~inner.error.txt").read_text() == "text"
    remove_note(outbox, "a/post.mp3/deep/inner.error.txt")
    assert [path.name for path in (outbox / "a").iterdir()] == ["post.mp3"]


def test_missing_note_is_no_error(outbox: Path) -> None:
    """It is no error to remove a missing note."""
    remove_note(outbox, "post.error.txt")
    remove_note(outbox, "no/such/post.error.txt")


def test_note_follows_no_link(outbox: Path, tmp_path: Path) -> None:
    """A note is not written through a link."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "precious").write_text("mine")
    (outbox / "blog").symlink_to(tmp_path / "elsewhere")
    (outbox / "post.error.txt").symlink_to(tmp_path / "precious")
    with pytest.raises(StorageError, match="Put a real folder there"):
        write_note(outbox, "blog/post.error.txt", "text")
    write_note(outbox, "post.error.txt", "text")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "precious").read_text() == "mine"


def test_note_makes_no_outbox(tmp_path: Path) -> None:
    """A note does not create a missing outbox."""
    with pytest.raises(StorageError, match="Make the folder"):
        write_note(tmp_path / "unmounted", "narrated.status.txt", "text")
    assert not (tmp_path / "unmounted").exists()


@pytest.mark.parametrize("letter", ["a", "é"])
def test_note_of_the_longest_name(outbox: Path, letter: str) -> None:
    """The note of the longest name can stand next to a file, and be removed."""
    longest = (letter * 245)[: 245 // len(letter.encode())] + ".error.txt"
    write_note(outbox, f"blog/{longest}", "text")
    remove_note(outbox, f"blog/{longest}")
    (outbox / "blog").write_bytes(b"sound")
    write_note(outbox, f"blog/{longest}", "text")
    assert len(list(outbox.iterdir())) == 2
    remove_note(outbox, f"blog/{longest}")
    assert [path.name for path in outbox.iterdir()] == ["blog"]
