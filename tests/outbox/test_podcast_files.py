"""The feed in the outbox: ours is replaced whole, and all else is left alone."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from narrated.outbox.podcast_files import (
    ExpectedFile,
    PlacedFile,
    feed_beginning,
    place_feed,
    standing,
)

MARK = b"<!-- ours -->"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A finished feed outside of the outbox."""
    path = tmp_path / "draft"
    path.write_bytes(b"<?xml?>\n" + MARK + b"feed" * 10_000)
    (tmp_path / "out").mkdir()
    return path


def test_feed_is_replaced_if_other(draft: Path) -> None:
    """A feed is written, stays if it is the same, and is replaced if it differs."""
    outbox = draft.with_name("out")
    outcomes = [place_feed(outbox, "feed.xml", draft, MARK) for _ in range(2)]
    assert outcomes == [PlacedFile.WRITTEN, PlacedFile.UNCHANGED]
    for content in (MARK + b"x" + b"feed" * 10_000, MARK + b"shorter"):
        draft.write_bytes(content)
        assert place_feed(outbox, "feed.xml", draft, MARK) is PlacedFile.WRITTEN
        assert (outbox / "feed.xml").read_bytes() == content
    assert [each.name for each in outbox.iterdir()] == ["feed.xml"]
    assert feed_beginning(outbox, "feed.xml", 4) == MARK[:4]


def _folder(path: Path) -> None:
    path.mkdir()


def _theirs(path: Path) -> None:
    path.write_bytes(b"<?xml?>" + b" " * 999 + MARK)  # quoted somewhere in it


def _link(path: Path) -> None:
    ours = path.with_name("elsewhere")
    ours.write_bytes(b"<?xml?>\n" + MARK)
    path.symlink_to(ours)


@pytest.mark.parametrize("make", [_theirs, _folder, _link, os.mkfifo])
def test_what_is_not_ours_stays(draft: Path, make: Callable[[Path], None]) -> None:
    """A feed without our mark, a folder, a link and a pipe stay as they are."""
    outbox = draft.with_name("out")
    make(outbox / "feed.xml")
    before = os.lstat(outbox / "feed.xml")
    assert place_feed(outbox, "feed.xml", draft, MARK) is PlacedFile.OF_OTHERS
    after = os.lstat(outbox / "feed.xml")
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert feed_beginning(outbox, "none/feed.xml", 9) == b""


def test_standing_files_have_their_sizes(draft: Path) -> None:
    """A file stands if it has its size; a link to such a file, or a folder, does not."""
    outbox = draft.with_name("out")
    (outbox / "a").mkdir()
    for name in ("a/1", "2", "b\udcfe"):
        (outbox / name).write_bytes(b"12345")
    (outbox / "link").symlink_to("2")
    names = ("a/1", "2", "b\udcfe", "link", "a", "a/none", "none/1", "2/1")
    expected = [ExpectedFile(name, 5) for name in names]
    assert standing(outbox, expected) == {"a/1", "2", "b\udcfe"}
    assert standing(outbox, [ExpectedFile("2", 6)]) == set()
