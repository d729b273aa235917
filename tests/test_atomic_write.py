"""A file is there whole or not at all, and what it replaces stays until then."""

from pathlib import Path

import pytest

from narrated.atomic_write import atomic_write


def test_file_appears_when_whole(tmp_path: Path) -> None:
    """The old content stands until the new one is complete, and no draft is left."""
    target = tmp_path / "file"
    target.write_text("old")
    with atomic_write(target) as draft:
        draft.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_error_keeps_the_old_file(tmp_path: Path) -> None:
    """An error leaves the old content, and removes the draft."""
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(target) as draft:
        draft.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_draft_may_never_be_made(tmp_path: Path) -> None:
    """An error before the draft exists is raised as it is."""
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "none/file") as draft:
        draft.write_text("nowhere")
