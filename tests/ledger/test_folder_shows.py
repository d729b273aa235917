"""The ledger keeps the sections of folders' settings, by the versions that were read."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from narrated.inbox.file_signature import FileSignature
from narrated.ledger.store import Ledger

SETTINGS = "a/.narrated.yaml"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as opened:
        yield opened


def _record(ledger: Ledger, *paths: str, sha256: str = "aa") -> None:
    for path in paths:
        ledger.sources.record(path, FileSignature(1, 2, 3, 4), sha256)


def test_new_versions_are_to_be_read(ledger: Ledger) -> None:
    """Settings files at any depth are read once in each version; other files never."""
    _record(ledger, ".narrated.yaml", SETTINGS, "b.narrated.yaml", "a/post.md")
    assert ledger.folder_shows.changed() == {".narrated.yaml": "aa", SETTINGS: "aa"}
    ledger.folder_shows.keep(SETTINGS, "aa", b"{}")
    ledger.folder_shows.keep(".narrated.yaml", "aa", None)
    assert ledger.folder_shows.changed() == {}
    _record(ledger, SETTINGS, sha256="bb")
    assert ledger.folder_shows.changed() == {SETTINGS: "bb"}


def test_broken_version_leaves_the_show(ledger: Ledger) -> None:
    """A version that cannot be read leaves the section of before; its mending ends the problem."""
    ledger.folder_shows.keep(SETTINGS, "aa", b"{}")
    ledger.folder_shows.keep(SETTINGS, "bb", None, "broken")
    assert ledger.folder_shows.all() == [(SETTINGS, b"{}", "broken")]
    ledger.folder_shows.keep(SETTINGS, "cc", b"[]")
    assert ledger.folder_shows.all() == [(SETTINGS, b"[]", "")]
    ledger.folder_shows.keep(SETTINGS, "dd", None)
    assert ledger.folder_shows.all() == []


def test_show_ends_with_its_settings(ledger: Ledger) -> None:
    """Settings that are gone end their show, unless their whole folder is gone."""
    _record(ledger, SETTINGS, "a/post.md", "a0.md")
    ledger.folder_shows.keep(SETTINGS, "aa", b"{}")
    assert ledger.folder_shows.left() == []
    ledger.sources.mark_gone(SETTINGS)
    assert ledger.folder_shows.left() == [SETTINGS]
    ledger.sources.mark_gone("a/post.md")
    assert ledger.folder_shows.left() == []
    _record(ledger, "a/other.md")
    ledger.folder_shows.forget(SETTINGS)
    assert ledger.folder_shows.left() == []
