"""The sentences of a narration by their places in the text, numbered as its manifest has them."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_sentences import SentenceTime
from narrated.script.script import Line, Role, Script, Sentence

_WHOLE = (Sentence(0),)


class SpokenSentence(NamedTuple):
    """A sentence: its number, where it belongs, and its words as they are written."""

    number: int
    block: int
    """The number of its block in the document; -1 if it belongs to none."""
    line: int
    """The number of its line in the script."""
    role: str
    words: str
    spoken: str


def sentences_of_script(script: Script) -> list[SpokenSentence]:
    """Return the sentences of a script; a narration of it has them in this order."""
    found: list[SpokenSentence] = []
    line, id = -1, ""
    for part in script.lines:
        line, id = line + (part.id != id), part.id
        for written, spoken in _sentences(part):
            words = written or spoken
            found.append(SpokenSentence(len(found), part.block, line, part.role, words, spoken))
    return found


def sentences_of_manifest(
    sentences: Sequence[SentenceTime], blocks: Sequence[BlockTime]
) -> list[SpokenSentence]:
    """Return the sentences of a manifest, which has an entry in `blocks` for each line."""
    starts_s = [each.start_s for each in blocks]
    found: list[SpokenSentence] = []
    for number, one in enumerate(sentences):
        line = max(0, bisect_right(starts_s, one.start_s) - 1)
        role = blocks[line].role if line < len(blocks) else Role.PARAGRAPH.value
        words = one.written or one.spoken
        found.append(SpokenSentence(number, one.block, line, role, words, one.spoken))
    return found


def numbers_in_manifest(sizes: Sequence[int], sentences: Sequence[SentenceTime]) -> list[int]:
    """Return the number in a manifest of each sentence of its script.

    A manifest has two sentences as one where nobody knows when the second begins. `sizes` are the
    `spoken_size` of the script's sentences; both have the same words in the same order. Nothing is
    returned if they do not.
    """
    ends = list(accumulate(map(spoken_size, (each.spoken for each in sentences))))
    if not ends or sum(sizes) != ends[-1]:
        return []
    starts = accumulate(sizes[:-1], initial=0)
    return [min(bisect_right(ends, start), len(ends) - 1) for start in starts]


def spoken_size(text: str) -> int:
    """Count the signs of a text without its spaces: a line is cut into chunks at some of them."""
    return len("".join(text.split()))


def _sentences(line: Line) -> Iterator[tuple[str, str]]:
    """Give the written words of each sentence of a line, if they differ, and the spoken ones."""
    sentences = line.sentences or _WHOLE
    ends = [*(each.start for each in sentences), len(line.text)]
    for one, (start, end) in zip(sentences, pairwise(ends), strict=True):
        yield one.written, line.text[start:end].strip()
