"""The names of sources in the outbox, where chapters of other posts have names, too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.jobs.stem_assignment import StemAssignment
from narrated.ledger.store import Ledger
from support.stems import stems_of


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.sqlite")
    yield made
    made.close()


@pytest.fixture
def stems(ledger: Ledger, tmp_path: Path) -> StemAssignment:
    return stems_of(ledger, tmp_path)


def test_chapters_leave_older_manifest(ledger: Ledger, stems: StemAssignment) -> None:
    """A narration from before there were chapters keeps its name, and its manifest its place."""
    ledger.stems.assign("tea.Chapters.md", "tea.Chapters", "tea.chapters")
    assert stems.assign("tea.Chapters.md") == "tea.Chapters"
    assert not stems.has_room_for_chapters("tea")
    assert stems.has_room_for_chapters("coffee")


def test_long_name_has_no_chapters_file(stems: StemAssignment) -> None:
    """A name that is too long for the file with the chapters goes without it."""
    assert stems.has_room_for_chapters(f"blog/{'n' * 241}")
    assert not stems.has_room_for_chapters(f"blog/{'n' * 242}")
