"""The cyclic collector rests while a document is read and its script is written."""

import gc

import pytest

from narrated.errors import SourceError
from narrated.reading.collector_pause import collector_paused
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import ReadingSettings

POST = "Words and *words*, [a link](b).\n\n" * 2_000


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def test_reading_collects_nothing() -> None:
    """A long post is read, and its script written, without a single collection."""
    gc.collect()
    before = collections()
    with collector_paused():  # nothing between the two steps counts
        document = read(POST.encode(), "a.md")
        build_script(document, {}, Lexicon.parse([]), ReadingSettings())
        assert collections() == before


def test_collector_runs_again() -> None:
    """Afterwards the collector runs again, also after a source that cannot be read."""
    read(b"Words.", "a.md")
    assert gc.isenabled()
    with pytest.raises(SourceError):
        read(b"", "a.md")
    assert gc.isenabled()
