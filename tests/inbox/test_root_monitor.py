"""The inbox's root lost and found again; nothing vanishes meanwhile."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox.events import FileReady, FileVanished, RootFound, RootLost, ScanFinished
from narrated.inbox.readiness import FileSignature


@pytest.fixture
def known(root: Path) -> dict[str, FileSignature]:
    """Two posts that were read before."""
    names = ("one.md", "two.md")
    for name in names:
        (root / name).write_text("Words.")
    return {name: FileSignature.of((root / name).lstat()) for name in names}


def test_a_root_that_is_missing_at_the_start_is_waited_for(root: Path, listen: Any) -> None:
    root.rmdir()
    listener = listen(first_walk=False, scan_s=0.2)
    assert listener.expect(RootLost).reason == "The inbox is missing."
    assert listener.inbox.root_problem == "The inbox is missing."
    root.mkdir()
    (root / "post.md").write_text("Words.")
    listener.expect(RootFound)
    assert listener.inbox.root_problem == ""
    assert listener.expect(FileReady).path == "post.md"


def test_a_root_moved_away_and_back_is_known_again(
    root: Path, known: dict[str, FileSignature], listen: Any, tmp_path: Path
) -> None:
    listener = listen(known, scan_s=0.2)
    root.rename(tmp_path / "away")
    listener.expect(RootLost)
    (tmp_path / "away" / "two.md").unlink()
    (tmp_path / "away").rename(root)
    listener.expect(RootFound)
    assert listener.expect(FileVanished).path == "two.md"
    assert listener.kinds(FileReady) == []


def test_nothing_vanishes_in_a_root_that_was_replaced(
    root: Path, known: dict[str, FileSignature], listen: Any, tmp_path: Path
) -> None:
    listener = listen(known, scan_s=0.2)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "three.md").write_text("Words.")
    root.rename(tmp_path / "away")
    (tmp_path / "other").rename(root)
    listener.expect(RootLost)
    listener.expect(RootFound)
    assert listener.expect(FileReady).path == "three.md"
    (root / "four.md").write_text("Words.")
    assert listener.expect(FileReady).path == "four.md"  # the new root is watched
    (root / "three.md").unlink()
    assert listener.expect(FileVanished).path == "three.md"
    assert listener.kinds(FileVanished) == ["three.md"]


def test_a_root_removed_and_made_anew_is_watched_again(
    root: Path, known: dict[str, FileSignature], listen: Any
) -> None:
    listener = listen(known, scan_s=0.2)
    shutil.rmtree(root)
    root.mkdir()  # perhaps under the same inode number
    (root / "new.md").write_text("Words.")
    listener.expect(RootFound)
    assert listener.expect(FileReady).path == "new.md"
    (root / "later.md").write_text("Words.")
    assert listener.expect(FileReady).path == "later.md"
    assert listener.kinds(FileVanished) == []


def test_nothing_vanishes_while_the_root_is_suddenly_empty(
    root: Path, known: dict[str, FileSignature], listen: Any
) -> None:
    listener = listen(known)
    for path in list(root.iterdir()):
        path.unlink()
    assert "suddenly empty" in listener.expect(RootLost).reason
    assert listener.kinds(FileVanished) == []
    (root / "one.md").write_text("Words.")
    listener.expect(RootFound)
    assert listener.expect(FileVanished).path == "two.md"


def test_an_empty_root_at_the_start_is_no_reason_to_forget(
    root: Path, known: dict[str, FileSignature], listen: Any
) -> None:
    for path in list(root.iterdir()):
        path.unlink()
    listener = listen(known, first_walk=False, scan_s=0.2)
    assert "suddenly empty" in listener.expect(RootLost).reason
    (root / "three.md").write_text("Words.")
    listener.expect(RootFound)
    listener.expect(FileVanished)
    listener.expect(FileVanished)
    assert sorted(listener.kinds(FileVanished)) == ["one.md", "two.md"]


def test_an_empty_root_is_well_where_nothing_was_read_before(root: Path, listen: Any) -> None:
    listener = listen(first_walk=False, scan_s=0.2)
    assert listener.expect(ScanFinished).files == 0
    assert listener.inbox.root_problem == ""
    assert listener.kinds(RootLost) == []


def test_a_root_that_is_a_file_is_said_to_be_no_folder(root: Path, listen: Any) -> None:
    root.rmdir()
    root.write_text("x")
    assert (
        listen(first_walk=False, scan_s=0.2).expect(RootLost).reason == "The inbox is not a folder."
    )


def test_a_path_asked_for_while_the_root_is_lost_is_found_with_it(
    root: Path, known: dict[str, FileSignature], listen: Any, tmp_path: Path
) -> None:
    listener = listen(known, scan_s=0.2)
    root.rename(tmp_path / "away")
    listener.expect(RootLost)
    listener.inbox.look("one.md")
    (tmp_path / "away").rename(root)
    assert listener.expect(FileReady).path == "one.md"
    assert listener.walked() == []


def test_a_lost_root_is_heard_to_stop(root: Path, listen: Any) -> None:
    root.rmdir()
    listener = listen(first_walk=False, scan_s=0.2)
    listener.expect(RootLost)
    assert listener.stop() < 0.2
