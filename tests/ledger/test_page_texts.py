"""Texts of posts go with their jobs, and copies stay as long as a text or the page shows them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from narrated.ledger.job import Job, JobState
from narrated.ledger.page_texts import PictureCopy
from narrated.ledger.store import Ledger

COPY = PictureCopy("index.files/0a.jpg", "aa", 640, 480)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as opened:
        yield opened


def _published(ledger: Ledger, path: str) -> Job:
    values = {"size_bytes": 1, "title": "", "narration": "", "duration_s": 1.0, "done_at": 1.0}
    return ledger.jobs.add_published(path, "aa", path.removesuffix(".md"), **values)


def _place(ledger: Ledger) -> None:
    ledger.page_pictures.expect(COPY.file, "a.md", "bb")


def test_text_stays_with_its_job(ledger: Ledger) -> None:
    """A job has its text until it loses its plan, or another is kept."""
    job = _published(ledger, "a.md")
    ledger.page_texts.keep(job.id, b"one", [COPY])
    ledger.page_texts.keep(job.id, b"two", [COPY])
    assert ledger.page_texts.of(job.id) == b"two"
    assert ledger.page_texts.copies(job.id) == [COPY]
    ledger.jobs.move(job, JobState.SUPERSEDED)
    assert ledger.page_texts.of(job.id) is None
    assert ledger.page_texts.copies(job.id) == []


def test_copy_stays_while_it_is_shown(ledger: Ledger) -> None:
    """A copy that is expected, or shown by a text, is not removed; one that nothing shows is."""
    job = _published(ledger, "a.md")
    ledger.page_texts.expect(job.id, COPY)
    _place(ledger)
    assert not ledger.page_pictures.leaving()
    ledger.page_texts.keep(job.id, b"text", [COPY])
    ledger.page_pictures.settle("a.md")
    assert not ledger.page_pictures.leaving()
    assert not ledger.page_pictures.is_leaving(COPY.file)
    ledger.page_texts.keep(job.id, b"text", [])
    assert ledger.page_pictures.leaving() == [COPY.file]
    assert ledger.page_pictures.is_leaving(COPY.file)


def test_copy_is_found_for_its_source(ledger: Ledger) -> None:
    """Another version of a source finds the copy of a picture, and no other source does."""
    ledger.page_texts.keep(_published(ledger, "a.md").id, b"text", [COPY])
    assert ledger.page_texts.copy_of("a.md", "aa") == COPY
    assert ledger.page_texts.copy_of("a.md", "cc") is None
    assert ledger.page_texts.copy_of("b.md", "aa") is None


def test_another_take_inherits_the_text(ledger: Ledger) -> None:
    """A job that speaks the plan of another has its text, which may not be made again."""
    older, job = _published(ledger, "a.md"), _published(ledger, "b.md")
    ledger.page_texts.inherit(older, job)
    assert ledger.page_texts.of(job.id) is None
    ledger.page_texts.keep(older.id, b"text", [COPY])
    ledger.page_texts.inherit(older, job)
    assert (ledger.page_texts.of(job.id), ledger.page_texts.copies(job.id)) == (b"text", [COPY])
