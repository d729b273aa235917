"""A source archived or deleted after it was narrated, and only that very version."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from narrated.errors import SourceAbsent, SourceError, StorageError
from narrated.inbox.readiness import FileSignature
from narrated.inbox.remove_source import archive, delete


@pytest.fixture
def post(root: Path) -> Path:
    (root / "blog").mkdir()
    path = root / "blog" / "post.md"
    path.write_text("Words.")
    os.utime(path, (1e9, 1e9))
    return path


@pytest.fixture
def version(post: Path) -> FileSignature:
    return FileSignature.of(post.lstat())


@pytest.fixture(params=["same", "other"])
def into(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """An archive on the inbox's file system, and one on another."""
    if request.param == "same":
        yield tmp_path / "archive"
        return
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system under /dev/shm")
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder) / "archive"


def test_archive_keeps_path_and_date(
    root: Path, post: Path, version: FileSignature, into: Path
) -> None:
    """An archived source keeps its path, content and date."""
    place = archive(root, "blog/post.md", version, into)
    assert place == into / "blog" / "post.md"
    assert place.read_text() == "Words."
    assert place.stat().st_mtime == 1e9
    assert not post.exists()


def test_taken_name_gets_number(root: Path, post: Path, version: FileSignature, into: Path) -> None:
    """A name that is taken in the archive gets a number."""
    for name in ("post.md", "post-2.md"):
        (into / "blog").mkdir(parents=True, exist_ok=True)
        (into / "blog" / name).write_text("older")
    place = archive(root, "blog/post.md", version, into)
    assert place.name == "post-3.md"
    assert place.read_text() == "Words."
    assert (into / "blog" / "post.md").read_text() == "older"


def test_numbered_long_name_fits(root: Path, into: Path) -> None:
    """A long name that is taken stays within the file system's limit."""
    name = "ä" * 126 + ".md"
    into.mkdir()
    (into / name).write_text("older")
    (root / name).write_text("Words.")
    place = archive(root, name, FileSignature.of((root / name).lstat()), into)
    assert len(os.fsencode(place.name)) <= 255
    assert place.name.endswith("-2.md")


def test_changed_source_stays(root: Path, post: Path, version: FileSignature, into: Path) -> None:
    """A changed source is neither archived nor deleted."""
    post.write_text("Edited.")
    with pytest.raises(SourceError, match="changed"):
        archive(root, "blog/post.md", version, into)
    with pytest.raises(SourceError, match="changed"):
        delete(root, "blog/post.md", version)
    assert post.read_text() == "Edited."
    assert not into.exists()


def test_open_source_stays(
    root: Path, post: Path, version: FileSignature, into: Path, writer: Any
) -> None:
    """A source that is being written is neither archived nor deleted."""
    with writer(post, text=""), pytest.raises(SourceError, match="changed"):
        archive(root, "blog/post.md", version, into)
    assert post.exists()


def test_absent_source_not_archived(
    root: Path, post: Path, version: FileSignature, into: Path
) -> None:
    """A source that is gone is not archived."""
    post.unlink()
    with pytest.raises(SourceAbsent):
        archive(root, "blog/post.md", version, into)


def test_unwritable_archive_keeps_it(
    root: Path, post: Path, version: FileSignature, tmp_path: Path
) -> None:
    """A source stays if the archive cannot be written."""
    (tmp_path / "archive").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be archived"):
        archive(root, "blog/post.md", version, tmp_path / "archive")
    assert post.read_text() == "Words."


def test_archive_holds_source_only(root: Path, version: FileSignature, into: Path) -> None:
    """Only the source is left in the archive."""
    archive(root, "blog/post.md", version, into)
    assert [path.name for path in into.rglob("*")] == ["blog", "post.md"]


@pytest.mark.parametrize("left", ["", "Words."], ids=["its name alone", "all of it"])
def test_killed_move_is_no_duplicate(
    root: Path, version: FileSignature, into: Path, left: str
) -> None:
    """The leftover of a killed move is no second source."""
    (into / "blog").mkdir(parents=True)
    (into / "blog/post.md").write_text(left)
    os.utime(into / "blog/post.md", (1e9, 1e9))
    (into / "blog" / f".narrated-{'0' * 32}.tmp").write_text("Wor")
    archive(root, "blog/post.md", version, into)
    assert (into / "blog/post.md").read_text() == "Words."
    if into.stat().st_dev != root.stat().st_dev:  # else none is ever made
        assert [path.name for path in (into / "blog").iterdir()] == ["post.md"]


def test_a_deleted_source_is_gone(root: Path, post: Path, version: FileSignature) -> None:
    delete(root, "blog/post.md", version)
    assert not post.exists()
