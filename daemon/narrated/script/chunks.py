"""A Script becomes chunks: pieces that an engine can say in one go.

A chunk never crosses a line, and the boundaries in a line depend on that line alone, so a word
put in somewhere leaves every other line's chunks as they were. In a line of many sentences some
end a chunk by what they are, not by what stands before them: behind the first of these, the
chunks of an edited line are those that it had (content-defined chunking, as rsync and restic do).
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping

from narrated.script.script import Chunk, Line, Script
from narrated.script.sentences import sentences

BREATH_S = 0.1
"""Silence between two chunks of one line; the voice itself pauses at the end of each."""

_ONE_IN = 2
"""Of the sentences of a long line so many end a chunk for themselves."""
_LEAST_CHARACTERS = 80
"""No chunk is ended by itself before this: voices say short ones badly."""
_CLAUSE_ENDS = re.compile(r"(?<=[;:,)”…—–])\s+|(?<=—)|\s+(?=[(“—–])")
_SPACES = re.compile(r"\s+")


def cut(script: Script, limits: Mapping[str, int]) -> tuple[Chunk, ...]:
    """Cut every line into chunks of at most `limits[speaker]` characters each."""
    return tuple(chunk for line in script.lines for chunk in _chunks(line, limits[line.speaker]))


def _chunks(line: Line, limit: int) -> Iterator[Chunk]:
    pieces = _pieces(line.text, line.language, limit)
    for number, piece in enumerate(pieces, start=1):
        pause_s = line.pause_s if number == len(pieces) else BREATH_S
        yield Chunk(
            line=line.id,
            block=line.block,
            role=line.role,
            text=piece,
            pause_s=pause_s,
            speaker=line.speaker,
            language=line.language,
        )


def _pieces(text: str, language: str, limit: int) -> list[str]:
    if len(text) <= limit:
        return [text] if text.strip() else []
    fitting: list[str] = []
    for sentence in sentences(text, language):
        fitting += _divided(sentence, limit)
    return _packed(fitting, limit, _ends_a_chunk)


def _ends_a_chunk(sentence: str) -> bool:
    return zlib.crc32(sentence.encode()) % _ONE_IN == 0


def _divided(sentence: str, limit: int) -> list[str]:
    """Divide a sentence over the limit at clauses, a clause at words, a word anywhere."""
    if len(sentence) <= limit:
        return [sentence]
    fitting: list[str] = []
    for clause in _CLAUSE_ENDS.split(sentence):
        words = [clause] if len(clause) <= limit else _SPACES.split(clause)
        for word in words:
            fitting += [word[at : at + limit] for at in range(0, len(word), limit)]
    return _packed([piece.strip() for piece in fitting], limit)


def _packed(
    pieces: list[str], limit: int, ends: Callable[[str], bool] = lambda piece: False
) -> list[str]:
    """Join neighbours with a space while they stay within the limit, and up to one that ends."""
    packed: list[list[str]] = []
    length = limit + 1
    for piece in filter(None, pieces):
        if length + 1 + len(piece) > limit:
            packed.append([])
            length = -1
        packed[-1].append(piece)
        length += 1 + len(piece)
        if length >= _LEAST_CHARACTERS and ends(piece):
            length = limit
    return [" ".join(pieces) for pieces in packed]
