"""Settings and lexicons of a post: their versions, and changes that overtake them."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.errors import NarratedError, SourceAbsent, SourceError
from narrated.inbox.file_signature import FileSignature
from narrated.jobs.settings_and_lexicons import UNREAD, SettingsAndLexicons, Texts
from narrated.script.script import LexiconReference
from support.inbox_with_ledger import InboxWithLedger


class PostsWithSettings(InboxWithLedger):
    """An inbox of posts and settings, and the ledger that knows the files that a test names."""

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

    def lookup(self, *ignore: str, waits_for_absent: bool = False) -> SettingsAndLexicons:
        return SettingsAndLexicons(
            self.inbox_files, self.ledger, ignore, waits_for_absent=waits_for_absent
        )

    def settings(self, post: str, *ignore: str) -> tuple[SettingsAndLexicons, Texts]:
        lookup = self.lookup(*ignore)
        return lookup, asyncio.run(lookup.by_place(post))[0]


@pytest.fixture
def posts(tmp_path: Path) -> Iterator[PostsWithSettings]:
    opened = PostsWithSettings(tmp_path)
    yield opened
    opened.close()


def test_settings_go_from_root_down(posts: PostsWithSettings) -> None:
    """The settings are those of each folder from the root down to the post."""
    for folder in ("", "a/", "a/b/", "a/b/c/", "x/"):
        posts.write(f"{folder}.narrated.yaml", f"album: {folder}")
    _, texts = posts.settings("a/b/post.md")
    assert texts == [
        (".narrated.yaml", "album: "),
        ("a/.narrated.yaml", "album: a/"),
        ("a/b/.narrated.yaml", "album: a/b/"),
    ]


def test_read_file_keeps_its_digest(posts: PostsWithSettings) -> None:
    """A file consulted is remembered by the digest of its content."""
    posts.write("a/.narrated.yaml", "author: Leo")
    lookup, _ = posts.settings("a/post.md")
    assert lookup.consulted == {"a/.narrated.yaml": hashlib.sha256(b"author: Leo").hexdigest()}


def test_byte_order_mark_is_dropped(posts: PostsWithSettings) -> None:
    """A byte order mark is no part of the text."""
    posts.write(".narrated.yaml", b"\xef\xbb\xbfauthor: Leo")
    assert posts.settings("post.md")[1] == [(".narrated.yaml", "author: Leo")]


@pytest.mark.parametrize("content", [b"author: L\xe9o", b"#" * (64 * 1024 + 1)])
def test_unreadable_settings_are_named(posts: PostsWithSettings, content: bytes) -> None:
    """Settings that cannot be read are refused by their file's name."""
    posts.write("a/.narrated.yaml", content)
    with pytest.raises(SourceError, match=r"a/\.narrated\.yaml"):
        posts.settings("a/post.md")


def test_unreadable_file_is_remembered(posts: PostsWithSettings) -> None:
    """A file that could not be read is remembered as present."""
    posts.write("lexicon.yaml", b"#" * (2**20 + 1))
    lookup = posts.lookup()
    with pytest.raises(NarratedError):
        asyncio.run(lookup.by_place("post.md"))
    assert lookup.consulted == {"lexicon.yaml": UNREAD}


def test_known_absent_file_is_awaited(posts: PostsWithSettings) -> None:
    """A job waits for a known file that is absent until the scanner reports it deleted.

    The inbox may be away, and come back with it as it was: nobody would tell of that.
    """
    posts.write("lexicon.yaml", "words: {x: y}")
    (posts.inbox / "lexicon.yaml").unlink()
    with pytest.raises(SourceAbsent, match=r"lexicon\.yaml is absent"):
        asyncio.run(posts.lookup(waits_for_absent=True).by_place("post.md"))
    assert asyncio.run(posts.lookup().by_place("post.md")) == ([], [])
    posts.ledger.sources.mark_gone("lexicon.yaml")
    assert asyncio.run(posts.lookup(waits_for_absent=True).by_place("post.md")) == ([], [])


def test_ignored_settings_are_absent(posts: PostsWithSettings) -> None:
    """Settings that the inbox ignores are taken as absent."""
    posts.write("a/.narrated.yaml", "author: Leo")
    lookup, texts = posts.settings("a/post.md", "a/.narrated.yaml")
    assert (texts, lookup.consulted) == ([], {})


def test_lexicon_path_is_relative(posts: PostsWithSettings) -> None:
    """A lexicon's path is relative to the file that names it."""
    posts.write("a/x-lexicon.yaml", "words: {x: by settings}")
    posts.write("a/b/x-lexicon.yaml", "words: {x: by the post}")
    named = (LexiconReference("x-lexicon.yaml", 0), LexiconReference("x-lexicon.yaml"))
    found = asyncio.run(
        posts.lookup().named_lexicons("a/b/post.md", [("a/.narrated.yaml", "")], named)
    )
    assert [path for path, _ in found] == ["a/x-lexicon.yaml", "a/b/x-lexicon.yaml"]


def test_missing_lexicon_is_remembered(posts: PostsWithSettings) -> None:
    """A missing lexicon is remembered as missing."""
    lookup = posts.lookup()
    with pytest.raises(SourceError, match=r"a/post\.md names the lexicon a/x-lexicon\.yaml"):
        asyncio.run(lookup.named_lexicons("a/post.md", [], (LexiconReference("x-lexicon.yaml"),)))
    assert lookup.consulted == {"a/x-lexicon.yaml": ""}


def test_lexicon_in_skipped_folder(posts: PostsWithSettings) -> None:
    """A lexicon in a folder that the scanner skips is missing."""
    posts.write(".git/lexicon.yaml", "words: {x: y}")
    with pytest.raises(SourceError, match="missing"):
        asyncio.run(
            posts.lookup().named_lexicons("post.md", [], (LexiconReference(".git/lexicon.yaml"),))
        )


def test_file_as_read_keeps_plan(posts: PostsWithSettings) -> None:
    """A file that enters the ledger as it was read leaves the plan up to date."""
    posts.write(".narrated.yaml", "author: Leo", taken=False)
    lookup, _ = posts.settings("post.md")
    posts.take(".narrated.yaml")
    assert not lookup.is_outdated


def test_early_read_keeps_plan(posts: PostsWithSettings) -> None:
    """A new version read before it enters the ledger leaves the plan up to date."""
    posts.write(".narrated.yaml", "author: Leo")
    posts.write(".narrated.yaml", "author: Ada", taken=False)
    lookup, _ = posts.settings("post.md")
    assert not lookup.is_outdated


def test_new_version_outdates_plan(posts: PostsWithSettings) -> None:
    """Another version that entered the ledger since makes the plan outdated."""
    posts.write(".narrated.yaml", "author: Leo")
    lookup, _ = posts.settings("post.md")
    posts.write(".narrated.yaml", "author: Ada")
    assert lookup.is_outdated


def test_new_file_outdates_plan(posts: PostsWithSettings) -> None:
    """A new file makes the plan without it outdated."""
    lookup, _ = posts.settings("a/post.md")
    posts.write("a/.narrated.yaml", "author: Leo")
    assert lookup.is_outdated


def test_deleted_file_outdates_plan(posts: PostsWithSettings) -> None:
    """A deleted file makes the plan with it outdated."""
    posts.write(".narrated.yaml", "author: Leo")
    lookup, _ = posts.settings("post.md")
    posts.ledger.sources.mark_gone(".narrated.yaml")
    assert lookup.is_outdated
