"""Case `limits` of `bench/takes.py`: the ears' rule with other limits, on the texts to fit by."""

from collections.abc import Iterator
from contextlib import contextmanager

from measuring.program import Figure
from measuring.take_checks import TakeBench
from measuring.take_sets import GOOD, Take, TakeSet
from measuring.take_texts import TextSet
from narrated.take_checks import heard_words

LIMITS = {
    "MOST_DISTANCE": ("share of letters heard otherwise", (0.15, 0.2, 0.25, 0.3, 1.0)),
    "LEAST_RUN": ("words added or lost in a row", (1.0, 2.0, 3.0)),
    "LEAST_LOST_LETTERS": ("letters of one lost word", (3, 4, 5, 6, 99)),
    "MOST_DISTANCE_OF_PLACE": ("share of letters in one place", (0.5, 0.65, 0.8, 1.0)),
    "LEAST_LETTERS_OF_PLACE": ("letters of such a place", (6, 8, 10, 12)),
}
"""Names of the rule's limits, what they bound, and values; all others stay."""


def limits(bench: TakeBench) -> list[Figure]:
    """Tell what the rule finds with each value of each limit."""
    heard = [
        (take, text)
        for takes in (bench.set_of(voice, TextSet.FIT) for voice in ("joe", "pico"))
        for take, text in _heard(bench, takes)
    ]
    return [
        _figure(name, what, value, heard)
        for name, (what, values) in LIMITS.items()
        for value in values
    ]


def _heard(bench: TakeBench, takes: TakeSet) -> Iterator[tuple[Take, str]]:
    heard = takes.heard(bench.ears)
    return ((take, heard[take.file]) for take in takes.takes)


def _figure(name: str, what: str, value: float, heard: list[tuple[Take, str]]) -> Figure:
    is_ours = getattr(heard_words, name) == value
    with _limit(name, value):
        found = [take for take, text in heard if _faults(take, text)]
    good = sum(take.kind == GOOD for take, _ in heard)
    false = sum(take.kind == GOOD for take in found)
    return Figure(
        f"ears, to fit by: {what}, {value:g}{' (ours)' if is_ours else ''}",
        f"{len(found) - false} of {len(heard) - good} found, {false} of {good} false alarms",
        "",
        None,
    )


def _faults(take: Take, text: str) -> bool:
    chunk = take.chunk
    return bool(heard_words.compare(chunk.text, text, chunk.language, chunk.marks).faults)


@contextmanager
def _limit(name: str, value: float) -> Iterator[None]:
    ours = getattr(heard_words, name)
    setattr(heard_words, name, value)
    try:
        yield
    finally:
        setattr(heard_words, name, ours)
