"""Cut a Script into chunks: texts that an engine speaks as one request.

A chunk never crosses a line, and its boundaries depend on that line alone, so an edit changes no
other line's chunks. In a line over the limit, the content of a sentence decides if it ends its
chunk, not the text before it; the same holds for the clauses of a long sentence. After an edited
sentence, the line therefore keeps its chunks (content-defined chunking, as in rsync and restic).
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping

from narrated.engines.interface import Mark
from narrated.script.script import Chunk, Line, Script
from narrated.script.sentence_split import split_sentences
from narrated.script.sentences_of_parts import sentences_of_parts

BREATH_S = 0.1
"""Silence between two chunks of one line; the voice adds a pause of its own."""

_LEAST_CHARACTERS = 80
"""A shorter sentence joins the next: voices say short ones badly."""
_ONE_IN = 3
"""One in three short sentences, and clauses of a long sentence, ends its chunk."""
_CLAUSE_ENDS = re.compile(r"(?<=[;:,)”…—–])\s+|(?<=—)|\s+(?=[(“—–])")
_SPACES = re.compile(r"\s+")


def chunk_script(script: Script, limits: Mapping[str, int]) -> tuple[Chunk, ...]:
    """Cut every line into chunks of at most `limits[speaker]` characters each."""
    return tuple(chunk for line in script.lines for chunk in _chunks(line, limits[line.speaker]))


def _chunks(line: Line, limit: int) -> Iterator[Chunk]:
    parts = _parts(line.text, line.language, limit)
    marks = _marks_of_parts(line, parts)
    sentences = sentences_of_parts(line.sentences, line.text, parts)
    for number, part in enumerate(parts, start=1):
        pause_s = line.pause_s if number == len(parts) else BREATH_S
        yield Chunk(
            line=line.id,
            block=line.block,
            role=line.role,
            text=part,
            pause_s=pause_s,
            speaker=line.speaker,
            language=line.language,
            marks=marks[number - 1],
            sentences=sentences[number - 1],
        )


def _marks_of_parts(line: Line, parts: list[str]) -> list[tuple[Mark, ...]]:
    """Give the marks of each part; parts differ from the line in spaces alone."""
    if not line.marks or parts == [line.text]:
        return [line.marks] * len(parts)
    signs = (at for at, sign in enumerate(line.text) if not sign.isspace())
    owners = {at: mark for mark in line.marks for at in range(mark.start, mark.end)}
    return [_marks_of_part(part, signs, owners) for part in parts]


def _marks_of_part(part: str, signs: Iterator[int], owners: Mapping[int, Mark]) -> tuple[Mark, ...]:
    """Give the marks of a part.

    `signs` gives the place of each of its signs in the line, and `owners` the mark of a place.
    """
    found: dict[Mark, list[int]] = {}
    for at, sign in enumerate(part):
        if not sign.isspace() and (mark := owners.get(next(signs))):
            found.setdefault(mark, []).append(at)
    return tuple(Mark(inside[0], inside[-1] + 1, mark.kind) for mark, inside in found.items())


def _parts(text: str, language: str, limit: int) -> list[str]:
    if len(text) <= limit:
        return [text] if text.strip() else []
    parts_in_limit: list[str] = []
    for sentence in split_sentences(text, language):
        parts_in_limit += _split_sentence(sentence, limit)
    return _pack(parts_in_limit, limit, _sentence_ends_chunk)


def _sentence_ends_chunk(sentence: str, length: int) -> bool:
    return len(sentence) >= _LEAST_CHARACTERS or _clause_ends_chunk(sentence, length)


def _split_sentence(sentence: str, limit: int) -> list[str]:
    """Divide a sentence over the limit at clauses, a clause at words, a word anywhere."""
    if len(sentence) <= limit:
        return [sentence]
    parts_in_limit: list[str] = []
    for clause in _CLAUSE_ENDS.split(sentence):
        words = [clause] if len(clause) <= limit else _SPACES.split(clause)
        for word in words:
            parts_in_limit += [word[at : at + limit] for at in range(0, len(word), limit)]
    return _pack([part.strip() for part in parts_in_limit], limit, _clause_ends_chunk)


def _clause_ends_chunk(part: str, length: int) -> bool:
    return length >= _LEAST_CHARACTERS and zlib.crc32(part.encode()) % _ONE_IN == 0


def _pack(parts: list[str], limit: int, ends: Callable[[str, int], bool]) -> list[str]:
    """Join neighbours with a space up to the limit, or to a part that ends its chunk.

    `ends` gets a part, and the length of the chunk that includes it.
    """
    packed: list[list[str]] = []
    length = limit + 1
    for part in filter(None, parts):
        if length + 1 + len(part) > limit:
            packed.append([])
            length = -1
        packed[-1].append(part)
        length += 1 + len(part)
        if ends(part, length):
            length = limit
    return [" ".join(parts) for parts in packed]
