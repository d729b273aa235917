"""The times that an engine tells of its speech: kept where they can be, and dropped where not."""

from collections.abc import Iterator
from typing import Any

import pytest

from narrated.engines import espeak, pico
from narrated.engines.interface import Mark, SpeechEngine, SpeechRequest, SpeechResult
from narrated.engines.speech_times import MOST_TIMES, SpeechTimes, checked_times, in_order

TEXT = "Zürich is near. Dr. Smith paid 3.50 dollars: “Our A P Is are 😀.” The end."
MARKS = (Mark(TEXT.index("A P I"), TEXT.index("s are"), "letters"),)


def said(engine: SpeechEngine, text: str, marks: tuple[Mark, ...] = ()) -> SpeechResult:
    engine.admit(SpeechRequest("1", text, "", marks=marks))
    (outcome,) = engine.step()
    assert isinstance(outcome, SpeechResult)
    return outcome


def test_espeak_tells_words() -> None:
    """espeak's words have their places in the request's text, also behind a respelled part."""
    result = said(espeak.opened({}), TEXT, MARKS)
    seconds = len(result.pcm) / 2 / result.sample_rate
    places = [place for place, _ in result.words]
    words = ["Zürich", "is", "near", "Dr", "Smith", "paid", "dollars", "Our", "A P I", "The", "end"]
    assert {TEXT.index(word) for word in words} <= set(places)
    assert checked_times(result.words, len(TEXT), seconds) == list(result.words)
    assert dict(result.sentences)[TEXT.index("The")] == dict(result.words)[TEXT.index("The")]


def test_espeak_marks_respelled_words() -> None:
    """A word that the front writes longer moves no later word's place."""
    text = "The PyPI is up. It works."
    result = said(espeak.opened({}), text, (Mark(4, 8, "word"),))
    assert {0, 4, 9, 12, 16, 19} == {place for place, _ in result.words}


def test_events_change_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """espeak's sound is the same, byte by byte, whether its events are read or not."""
    engine = espeak.opened({})
    heard = said(engine, TEXT, MARKS)
    monkeypatch.setattr(espeak, "_events", lambda address: iter(()))
    deaf = said(engine, TEXT, MARKS)
    assert (deaf.pcm, deaf.words) == (heard.pcm, [])


def test_pico_tells_its_parts() -> None:
    """Pico tells where each part of a long sentence begins; of a text in one part it tells none."""
    engine = pico.opened({})
    clause = "and so it went on and on through «Łódź»—the streets and its many houses; "
    result = said(engine, clause * 12)
    starts = [place % len(clause) for place, _ in result.sentences]
    assert len(starts) > 2
    assert starts == [0] * len(starts)
    assert result.sentences[0] == (0, 0.0)
    assert said(engine, "One. Two.").sentences == []


def _endless() -> Iterator[tuple[int, float]]:
    while True:
        yield 1, 1.0


def _raises() -> Iterator[tuple[int, float]]:
    yield 1, 1.0
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "told",
    [
        *(None, 7, "words", {"a": 1}, [1, 2], [(1, 2, 3)], [("1", 2.0)], [(1, "soon")], [(1.5, 2)]),
        *([(-1, 0.0)], [(90, 1.0)], [(1, -0.1)], [(1, 9.5)], [(1, float("nan"))]),
        *([(1, float("inf"))], [(1, 10**400)], [(10**400, 1.0)]),
        *([(1, 1.0), (1, 2.0)], [(1, 2.0), (2, 1.0)]),
        *([(1, 1.0)] * (MOST_TIMES + 1), _endless(), _raises()),
    ],
)
def test_impossible_times_are_dropped(told: Any) -> None:
    """Of times that cannot be none counts: a lie in one is a lie in all."""
    assert checked_times(told, characters=90, duration_s=9.0) == []


def test_times_come_in_order() -> None:
    """Times are sorted by their places, with whole milliseconds; a lie in words costs the words."""
    told = {"sentences": [(40, 3), (0, 0.12345)], "words": [(40, 3), (41, 2)]}
    assert SpeechTimes.checked(told, 90, 9.0) == SpeechTimes([(0, 0.123), (40, 3.0)], [])
    assert in_order([(5, 1.0), (3, 2.0), (9, 3.0), (9, 4.0)]) == [(5, 1.0), (9, 3.0)]
