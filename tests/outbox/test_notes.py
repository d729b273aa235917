"""Notes, as a person on a laptop reads them."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.outbox.notes import error_note, remove_note, write_note

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


def test_name_is_escaped_once() -> None:
    """A name that is escaped already is not escaped again."""
    assert "a\\xffb is odd" in error_note("a\\xffb is odd", "", "c.md", NOW)


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
