"""Marked letters and words on their way from a source to its engine."""

from collections.abc import Iterator

import pytest

from support.daemon import Daemon, toy
from support.published import spoken_words

POST = "Our APIs need RAM.\n"


@pytest.fixture(scope="module")
def fronted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose engine has a front."""
    home = tmp_path_factory.mktemp("fronted")
    with Daemon(home, **toy(home, front="1")) as ready:
        yield ready


def test_engine_without_front_gets_text(daemon: Daemon) -> None:
    """An engine without a front gets plain text, with spaces between letters."""
    daemon.drop("marks/plain.md", POST)
    daemon.published("marks/plain", POST)
    assert "Our A P Is need RAM." in daemon.spoken


def test_front_gets_marks(fronted: Daemon) -> None:
    """A front learns which parts are letters and which are words, also beyond a cut of a line."""
    long = "Here is a sentence of some length that fills the chunk. " * 12
    fronted.drop("long.md", f"{long}\n\n{long}{POST}")
    fronted.published("long", f"{long}\n\n{long}{POST}")
    assert any("Our [letters: A P I]s need [word: RAM]." in text for text in fronted.spoken)


def test_transcript_is_plain(fronted: Daemon) -> None:
    """A transcript shows letters with spaces, and no marks."""
    fronted.drop("shown.md", POST)
    fronted.published("shown", POST)
    assert "Our A P Is need RAM." in spoken_words(fronted.outbox, "shown")
