"""A Script becomes chunks: pieces that an engine can say in one go.

A chunk never crosses a line, and the boundaries in a line depend on that line alone, so a word
put in somewhere leaves every other line's chunks as they were. In a line over the limit a sentence
ends its chunk by what it is, not by what stands before it, and so does now and then a clause of an
endless one: behind that, the chunks of an edited line are those that it had (content-defined
chunking, as rsync and restic do).
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping

from narrated.script.script import Chunk, Line, Script
from narrated.script.sentence_split import split_sentences

BREATH_S = 0.1
"""Silence between two chunks of one line; the voice itself pauses at the end of each."""

_LEAST_CHARACTERS = 80
"""A shorter sentence goes with the next: voices say short ones badly."""
_ONE_IN = 3
"""Of short sentences, and of the clauses of an endless one, so many end a chunk of that length."""
_CLAUSE_ENDS = re.compile(r"(?<=[;:,)”…—–])\s+|(?<=—)|\s+(?=[(“—–])")
_SPACES = re.compile(r"\s+")


def chunk_script(script: Script, limits: Mapping[str, int]) -> tuple[Chunk, ...]:
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
    for sentence in split_sentences(text, language):
        fitting += _divided(sentence, limit)
    return _packed(fitting, limit, _is_a_sentence_s_end)


def _is_a_sentence_s_end(sentence: str, length: int) -> bool:
    return len(sentence) >= _LEAST_CHARACTERS or _is_an_end(sentence, length)


def _divided(sentence: str, limit: int) -> list[str]:
    """Divide a sentence over the limit at clauses, a clause at words, a word anywhere."""
    if len(sentence) <= limit:
        return [sentence]
    fitting: list[str] = []
    for clause in _CLAUSE_ENDS.split(sentence):
        words = [clause] if len(clause) <= limit else _SPACES.split(clause)
        for word in words:
            fitting += [word[at : at + limit] for at in range(0, len(word), limit)]
    return _packed([piece.strip() for piece in fitting], limit, _is_an_end)


def _is_an_end(piece: str, length: int) -> bool:
    return length >= _LEAST_CHARACTERS and zlib.crc32(piece.encode()) % _ONE_IN == 0


def _packed(pieces: list[str], limit: int, ends: Callable[[str, int], bool]) -> list[str]:
    """Join neighbours with a space while they stay within the limit, and up to one that ends.

    `ends` is asked of a piece, and of how long its chunk is with it.
    """
    packed: list[list[str]] = []
    length = limit + 1
    for piece in filter(None, pieces):
        if length + 1 + len(piece) > limit:
            packed.append([])
            length = -1
        packed[-1].append(piece)
        length += 1 + len(piece)
        if ends(piece, length):
            length = limit
    return [" ".join(pieces) for pieces in packed]
