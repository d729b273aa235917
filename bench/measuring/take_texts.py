"""Texts of `bench/takes.py`: chunks as the daemon sends them, in three sets that share none.

The limits of the rules may be fitted on FIT alone. TOLD is looked at while the rules are written.
UNSEEN is for the last run: nobody changes a rule for what it shows.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.chunks import chunk_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import Chunk, ReadingSettings

_ROOT = Path(__file__).parents[2]
_OWN = Path(__file__).parent / "take_texts" / "own.txt"
_LIMIT = 120
"""Characters of a chunk: some six seconds, so that many are heard in an hour."""
_FIRST_UNSEEN = "0013"
"""The number of a decision."""


class TextSet(StrEnum):
    """Sets of texts."""

    FIT = "fit"
    TOLD = "told"
    UNSEEN = "unseen"


def chunks_of(texts: TextSet, count: int) -> list[Chunk]:
    """Give so many chunks of a set, spread over all of it; no text twice."""
    found = list({chunk.text: chunk for chunk in _chunks(texts)}.values())
    assert len(found) >= count, f"{texts} has but {len(found)} chunks"
    return [found[at * len(found) // count] for at in range(count)]


def _chunks(texts: TextSet) -> Iterator[Chunk]:
    for path in _sources(texts):
        document = read(path.read_bytes(), path.name)
        script = build_script(document, {}, Lexicon.parse([]), ReadingSettings())
        yield from chunk_script(script, {line.speaker: _LIMIT for line in script.lines})


def _sources(texts: TextSet) -> Iterator[Path]:
    if texts is TextSet.TOLD:
        yield from sorted((Path(__file__).parent / "voice_posts").iterdir())
        return
    decisions = sorted((_ROOT / "docs" / "decisions").glob("0*.md"))
    if texts is TextSet.UNSEEN:
        yield _OWN
        yield from (path for path in decisions if path.name >= _FIRST_UNSEEN)
        return
    posts = _ROOT / "tests" / "script" / "posts"
    yield from sorted(path for path in posts.glob("*.md"))
    yield from (path for path in decisions if path.name < _FIRST_UNSEEN)
