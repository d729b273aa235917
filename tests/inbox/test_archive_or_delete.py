"""A source archived or deleted after it was narrated, and only that very version."""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from narrated.errors import SourceAbsent, SourceError, StorageError
from narrated.inbox.archive_or_delete import archive, delete
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.held_source import put_back


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
    (into / "blog" / f".narrated-{'0' * 16}.tmp").write_text("Wor")
    archive(root, "blog/post.md", version, into)
    assert (into / "blog/post.md").read_text() == "Words."
    if into.stat().st_dev != root.stat().st_dev:  # else none is ever made
        assert [path.name for path in (into / "blog").iterdir()] == ["post.md"]


def test_rename_refused_late_is_a_copy(
    root: Path, post: Path, version: FileSignature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a rename is refused only once its file is found, the source is copied."""
    rename = os.rename

    def across(source: Any, target: Any, **folders: int) -> None:
        os.stat(source, dir_fd=folders["src_dir_fd"], follow_symlinks=False)
        if "dst_dir_fd" not in folders:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target, **folders)

    monkeypatch.setattr(os, "rename", across)
    place = archive(root, "blog/post.md", version, tmp_path / "archive")
    assert place.read_text() == "Words."
    assert place.stat().st_mtime == 1e9
    assert not list(post.parent.iterdir())


def test_a_deleted_source_is_gone(root: Path, post: Path, version: FileSignature) -> None:
    delete(root, "blog/post.md", version)
    assert not post.exists()


def _rename_over(post: Path) -> None:
    newer = post.with_name(".newer")
    newer.write_text("Newer.")
    newer.rename(post)


def _write_in_place(post: Path) -> None:
    post.write_text("Newer.")


@pytest.fixture(params=[_rename_over, _write_in_place])
def overtaken(
    request: pytest.FixtureRequest, post: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A newer version that comes after the check, in the instant before the first rename."""
    rename = os.rename

    def racing(source: Any, target: Any, **folders: int) -> None:
        if source == post.name:
            monkeypatch.setattr(os, "rename", rename)
            request.param(post)
        rename(source, target, **folders)

    monkeypatch.setattr(os, "rename", racing)
    return


@pytest.mark.usefixtures("overtaken")
def test_overtaken_source_is_kept(root: Path, post: Path, version: FileSignature) -> None:
    """A version that comes while an older one leaves is put back unread."""
    with pytest.raises(SourceError, match="changed"):
        delete(root, "blog/post.md", version)
    assert post.read_text() == "Newer."
    assert [path.name for path in post.parent.iterdir()] == ["post.md"]


@pytest.mark.usefixtures("overtaken")
def test_overtaken_source_not_archived(
    root: Path, post: Path, version: FileSignature, into: Path
) -> None:
    """A version that comes while an older one is archived is put back unread."""
    with pytest.raises(SourceError, match="changed"):
        archive(root, "blog/post.md", version, into)
    assert post.read_text() == "Newer."
    assert [path.name for path in post.parent.iterdir()] == ["post.md"]
    assert not [path for path in into.rglob("*") if path.is_file()]


def test_version_after_the_rename_stays(
    root: Path, post: Path, version: FileSignature, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that comes after the older one has left its name stays there."""
    unlink = os.unlink

    def late(name: Any, **folders: int) -> None:
        monkeypatch.setattr(os, "unlink", unlink)
        _rename_over(post)
        unlink(name, **folders)

    monkeypatch.setattr(os, "unlink", late)
    delete(root, "blog/post.md", version)
    assert post.read_text() == "Newer."
    assert [path.name for path in post.parent.iterdir()] == ["post.md"]


def _delete_killed(root: Path, version: FileSignature, record: Path) -> None:
    """Delete the post, and be killed while it has a name of ours."""
    child = os.fork()
    if not child:
        os.unlink = lambda *_, **__: os._exit(9)
        with suppress(BaseException):
            delete(root, "blog/post.md", version, record)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("come", ["", "Newer."], ids=["alone", "beside a newer one"])
def test_killed_removal_is_undone(
    root: Path, post: Path, version: FileSignature, tmp_path: Path, come: str
) -> None:
    """A source that a killed daemon held gets its name back, or a numbered one."""
    record = tmp_path / "leaving"
    _delete_killed(root, version, record)
    assert not post.exists()
    if come:
        post.write_text(come)
    found = put_back(root, record)
    assert found is not None
    assert found[0] == "blog/post.md"
    assert post.read_text() == (come or "Words.")
    texts = sorted(path.read_text() for path in post.parent.iterdir())
    assert texts == sorted({"Words.", come} - {""})
    assert not record.exists()
    assert put_back(root, record) is None


@pytest.mark.parametrize("is_mount_point", [True, False])
def test_killed_removal_awaits_its_inbox(
    root: Path, post: Path, version: FileSignature, tmp_path: Path, is_mount_point: bool
) -> None:
    """A source that was held when its inbox went is put back once the inbox has returned."""
    record, away = tmp_path / "leaving", tmp_path / "away"
    _delete_killed(root, version, record)
    assert not post.exists()
    root.rename(away)
    if is_mount_point:
        root.mkdir()
    assert put_back(root, record) is None
    away.rename(root)
    (root / "next.md").write_text("Next.")
    delete(root, "next.md", FileSignature.of((root / "next.md").lstat()), record)
    assert post.read_text() == "Words."
    assert [path.name for path in root.rglob("*.md")] == ["post.md"]
    assert not record.exists()


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"../post.md\0blog/post.md", b".narrated-\0../../x", b"\0" * 99]
)
def test_strange_record_moves_nothing(
    root: Path, post: Path, tmp_path: Path, content: bytes
) -> None:
    """A record that names nothing of ours moves nothing."""
    record = tmp_path / "leaving"
    record.write_bytes(content)
    put_back(root, record)
    assert [path.name for path in post.parent.iterdir()] == ["post.md"]
    assert not record.exists()
