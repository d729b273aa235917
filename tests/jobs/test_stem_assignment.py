"""The names of sources in the outbox, where chapters of other posts have names, too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.jobs.stem_assignment import StemAssignment
from narrated.ledger.job import Job
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


def _published(ledger: Ledger, path: str, stem: str) -> Job:
    ledger.stems.assign(path, stem, stem)
    values = {"size_bytes": 1, "title": "", "narration": "", "duration_s": 1.0, "done_at": 1.0}
    return ledger.jobs.add_published(path, "aa", stem, **values)


def test_plain_names_are_for_new_ones(ledger: Ledger, stems: StemAssignment) -> None:
    """With `outbox_names: ascii` a new narration has a plain name; old names stay."""
    _published(ledger, "é.md", "é")
    ledger.stems.assign("ü.md", "ü", "ü")
    stems.names = "ascii"
    assert stems.assign("é.md") == "é"
    assert stems.assign("ü.md") == "u"
    assert stems.assign("Ü!.md") == "U.md"
    assert stems.assign("a b/Crème & Co.md") == "a-b/Creme-Co"


def test_slug_is_a_plain_name(ledger: Ledger, stems: StemAssignment) -> None:
    """A post has the name that its slug gives, if names are ASCII and nobody else has that one."""
    job = ledger.jobs.add("a/2024 tea.md", "aa", 1, stems.assign("a/2024 tea.md"))
    assert stems.follow_slug(job, "grüner-tee", ()) == job
    stems.names = "ascii"
    named = stems.follow_slug(job, "grüner-tee", ())
    assert (named.stem, ledger.stems.of_source(job.path)) == ("a/gruner-tee", "a/gruner-tee")
    other = ledger.jobs.add("a/b.md", "bb", 1, stems.assign("a/b.md"))
    assert stems.follow_slug(other, "gruner-tee", ()) == other
    for slug in ("x.error", "..", "../../x", "b\0", ""):
        assert "/../" not in stems.follow_slug(other, slug, ()).stem
    moved = stems.follow_slug(other, "gruner-tee", [job.path])
    assert (moved.stem, ledger.stems.of_source(job.path)) == ("a/gruner-tee", None)


def test_published_name_ignores_slug(ledger: Ledger, stems: StemAssignment) -> None:
    """A narration that is out keeps its name, whatever slug its post gets."""
    stems.names = "ascii"
    job = _published(ledger, "tea.md", "tea")
    assert stems.follow_slug(job, "green-tea", ()) == job
