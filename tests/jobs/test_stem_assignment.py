"""The names of sources in the outbox, where files beside other posts have names, too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.audio.formats import LONG_SUFFIXES
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


@pytest.mark.parametrize("suffix", LONG_SUFFIXES)
def test_older_manifest_stays(ledger: Ledger, stems: StemAssignment, suffix: str) -> None:
    """A narration from before there were chapters or transcripts keeps its name and manifest."""
    older = "tea" + suffix.removesuffix(".json").title()
    ledger.stems.assign(f"{older}.md", older, older.casefold())
    assert stems.assign(f"{older}.md") == older
    assert not stems.has_room("tea", suffix)
    assert stems.has_room("coffee", suffix)


@pytest.mark.parametrize("suffix", LONG_SUFFIXES)
def test_long_name_has_no_long_suffix(stems: StemAssignment, suffix: str) -> None:
    """A name that is too long for the file with the chapters goes without it."""
    longest = 255 - len(suffix)
    assert stems.has_room(f"blog/{'n' * longest}", suffix)
    assert not stems.has_room(f"blog/{'n' * (longest + 1)}", suffix)


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
