"""What is read beside a post, as what it was read, and when that is overtaken."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.errors import NarratedError, SourceAbsent, SourceError
from narrated.inbox.readiness import FileSignature
from narrated.jobs.overrides import UNREAD, Overrides, Texts
from narrated.script.script import LexiconReference
from support.premises import Premises


class Desk(Premises):
    """A ledger that knows of an inbox what a test says."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._versions = 0

    def write(self, path: str, content: str | bytes, taken: bool = True) -> None:
        file = self.inbox / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        if taken:
            self.take(path)

    def take(self, path: str) -> None:
        """Have the inbox find a file as it is now."""
        self._versions += 1
        sha256 = hashlib.sha256((self.inbox / path).read_bytes()).hexdigest()
        self.ledger.sources.record(path, FileSignature(self._versions, 0, 0, 0), sha256)

    def beside(self, *ignore: str, waits_for_absent: bool = False) -> Overrides:
        return Overrides(
            self.inbox, self.ledger, self.disk, ignore, waits_for_absent=waits_for_absent
        )

    def settings(self, post: str, *ignore: str) -> tuple[Overrides, Texts]:
        beside = self.beside(*ignore)
        return beside, asyncio.run(beside.settings(post))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.close()


def test_settings_go_from_root_down(desk: Desk) -> None:
    """The settings are those of each folder from the root down to the post."""
    for folder in ("", "a/", "a/b/", "a/b/c/", "x/"):
        desk.write(f"{folder}.narrated.yaml", f"album: {folder}")
    _, texts = desk.settings("a/b/post.md")
    assert texts == [
        (".narrated.yaml", "album: "),
        ("a/.narrated.yaml", "album: a/"),
        ("a/b/.narrated.yaml", "album: a/b/"),
    ]


def test_read_file_keeps_its_digest(desk: Desk) -> None:
    """A file consulted is remembered by the digest of its content."""
    desk.write("a/.narrated.yaml", "author: Leo")
    beside, _ = desk.settings("a/post.md")
    assert beside.consulted == {"a/.narrated.yaml": hashlib.sha256(b"author: Leo").hexdigest()}


def test_byte_order_mark_is_dropped(desk: Desk) -> None:
    """A byte order mark is no part of the text."""
    desk.write(".narrated.yaml", b"\xef\xbb\xbfauthor: Leo")
    assert desk.settings("post.md")[1] == [(".narrated.yaml", "author: Leo")]


@pytest.mark.parametrize("content", [b"author: L\xe9o", b"#" * (64 * 1024 + 1)])
def test_unreadable_settings_are_named(desk: Desk, content: bytes) -> None:
    """Settings that cannot be read are refused by their file's name."""
    desk.write("a/.narrated.yaml", content)
    with pytest.raises(SourceError, match=r"a/\.narrated\.yaml"):
        desk.settings("a/post.md")


def test_unreadable_file_is_remembered(desk: Desk) -> None:
    """A file that could not be read is remembered as present."""
    desk.write("lexicon.yaml", b"#" * (2**20 + 1))
    beside = desk.beside()
    with pytest.raises(NarratedError):
        asyncio.run(beside.lexicons("post.md"))
    assert beside.consulted == {"lexicon.yaml": UNREAD}


def test_known_absent_file_is_awaited(desk: Desk) -> None:
    """If a known file is absent, its job waits until the scanner reports it deleted.

    The inbox may be away, and come back with it as it was: nobody would tell of that.
    """
    desk.write("lexicon.yaml", "words: {x: y}")
    (desk.inbox / "lexicon.yaml").unlink()
    with pytest.raises(SourceAbsent, match=r"lexicon\.yaml is absent"):
        asyncio.run(desk.beside(waits_for_absent=True).lexicons("post.md"))
    assert asyncio.run(desk.beside().lexicons("post.md")) == []
    desk.ledger.sources.mark_gone("lexicon.yaml")
    assert asyncio.run(desk.beside(waits_for_absent=True).lexicons("post.md")) == []


def test_ignored_settings_are_absent(desk: Desk) -> None:
    """Settings that the inbox ignores are taken as absent."""
    desk.write("a/.narrated.yaml", "author: Leo")
    beside, texts = desk.settings("a/post.md", "a/.narrated.yaml")
    assert (texts, beside.consulted) == ([], {})


def test_lexicon_path_is_relative(desk: Desk) -> None:
    """A lexicon's path is relative to the file that names it."""
    desk.write("a/x-lexicon.yaml", "words: {x: by settings}")
    desk.write("a/b/x-lexicon.yaml", "words: {x: by the post}")
    named = (LexiconReference("x-lexicon.yaml", 0), LexiconReference("x-lexicon.yaml"))
    found = asyncio.run(
        desk.beside().named_lexicons("a/b/post.md", [("a/.narrated.yaml", "")], named)
    )
    assert [path for path, _ in found] == ["a/x-lexicon.yaml", "a/b/x-lexicon.yaml"]


def test_missing_lexicon_is_remembered(desk: Desk) -> None:
    """A missing lexicon is remembered as missing."""
    beside = desk.beside()
    with pytest.raises(SourceError, match=r"a/post\.md names the lexicon a/x-lexicon\.yaml"):
        asyncio.run(beside.named_lexicons("a/post.md", [], (LexiconReference("x-lexicon.yaml"),)))
    assert beside.consulted == {"a/x-lexicon.yaml": ""}


def test_lexicon_in_skipped_folder(desk: Desk) -> None:
    """A lexicon in a folder that the scanner skips is missing."""
    desk.write(".git/lexicon.yaml", "words: {x: y}")
    with pytest.raises(SourceError, match="missing"):
        asyncio.run(
            desk.beside().named_lexicons("post.md", [], (LexiconReference(".git/lexicon.yaml"),))
        )


def test_file_as_read_keeps_plan(desk: Desk) -> None:
    """A file that enters the ledger as it was read leaves the plan up to date."""
    desk.write(".narrated.yaml", "author: Leo", taken=False)
    beside, _ = desk.settings("post.md")
    desk.take(".narrated.yaml")
    assert not beside.is_outdated


def test_early_read_keeps_plan(desk: Desk) -> None:
    """A new version read before it enters the ledger leaves the plan up to date."""
    desk.write(".narrated.yaml", "author: Leo")
    desk.write(".narrated.yaml", "author: Ada", taken=False)
    beside, _ = desk.settings("post.md")
    assert not beside.is_outdated


def test_new_version_outdates_plan(desk: Desk) -> None:
    """Another version that entered the ledger since makes the plan outdated."""
    desk.write(".narrated.yaml", "author: Leo")
    beside, _ = desk.settings("post.md")
    desk.write(".narrated.yaml", "author: Ada")
    assert beside.is_outdated


def test_new_file_outdates_plan(desk: Desk) -> None:
    """A new file makes the plan without it outdated."""
    beside, _ = desk.settings("a/post.md")
    desk.write("a/.narrated.yaml", "author: Leo")
    assert beside.is_outdated


def test_deleted_file_outdates_plan(desk: Desk) -> None:
    """A deleted file makes the plan with it outdated."""
    desk.write(".narrated.yaml", "author: Leo")
    beside, _ = desk.settings("post.md")
    desk.ledger.sources.mark_gone(".narrated.yaml")
    assert beside.is_outdated
