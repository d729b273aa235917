"""Sentences of a narration in time, for its manifest: put together from those of its chunks."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from narrated.audio.encoder_requests import HeardTake
from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_sentences import SentenceTime
from narrated.script.script import NOWHERE, Chunk, Draft, Sentence

_WHOLE = (Sentence(0),)


@dataclass(slots=True)
class NarrationSentences:
    """Collects the sentences of a narration, chunk by chunk."""

    _draft: Draft
    sentences: list[SentenceTime] = field(default_factory=list)

    def add(self, chunk: Chunk, heard: HeardTake) -> None:
        """Add the sentences of a chunk; a sentence of unknown time stays with the one before."""
        pieces = list(_pieces(chunk, heard))
        ends_s = [*(one.start_s for one in pieces[1:]), heard.end_s]
        for piece, end_s in zip(pieces, ends_s, strict=True):
            if piece.goes_on and self.sentences:
                self.sentences[-1] = _joined(self.sentences[-1], piece, end_s)
            else:
                self.sentences.append(self._new(chunk.block, piece, end_s))

    def _new(self, block: int, piece: "_Piece", end_s: float) -> SentenceTime:
        return SentenceTime(
            block=block,
            lines=lines_of_block(self._draft, block),
            start_s=round(piece.start_s, 3),
            end_s=round(end_s, 3),
            spoken=piece.spoken,
            written=piece.written if piece.written != piece.spoken else "",
            words=piece.words,
        )


class _Piece(NamedTuple):
    """A sentence, or a part of it, in one chunk."""

    start_s: float
    spoken: str
    written: str
    words: tuple[float, ...]
    goes_on: bool


def _pieces(chunk: Chunk, heard: HeardTake) -> Iterator[_Piece]:
    known = chunk.sentences or _WHOLE
    ends = [*(one.start for one in known[1:]), len(chunk.text)]
    times = [*heard.sentences_s[: len(known)], *[None] * (len(known) - len(heard.sentences_s))]
    times[0] = heard.start_s if times[0] is None else times[0]
    starts = [at for at, time_s in enumerate(times) if time_s is not None]
    for at, after in zip(starts, [*starts[1:], len(known)], strict=True):
        begin, end = known[at].start, ends[after - 1]
        spoken = [chunk.text[known[one].start : ends[one]].strip() for one in range(at, after)]
        written = [known[at + one].written or words for one, words in enumerate(spoken)]
        start_s = times[at]
        assert start_s is not None
        yield _Piece(
            start_s,
            " ".join(spoken),
            " ".join(written),
            tuple(_word_times(chunk.text, begin, end, heard.words)),
            known[at].goes_on,
        )


def _word_times(
    text: str, begin: int, end: int, words: Sequence[tuple[int, float]]
) -> Iterator[float]:
    """Give the time of each word of a part of a text; a word without one has that before it."""
    times = iter([(at, time_s) for at, time_s in words if begin <= at < end])
    following = next(times, None)
    last_s = following[1] if following else 0.0
    at = begin
    for word in text[begin:end].split() if following else ():
        at = text.index(word, at) + len(word)
        if following and following[0] < at:
            last_s = following[1]
        while following and following[0] < at:
            following = next(times, None)
        yield round(last_s, 2)


def _joined(before: SentenceTime, piece: _Piece, end_s: float) -> SentenceTime:
    """Append the rest of a sentence that was cut."""
    spoken = f"{before.spoken} {piece.spoken}"
    written = f"{before.written or before.spoken} {piece.written}"
    has_words = bool(before.words and piece.words)
    return replace(
        before,
        end_s=round(end_s, 3),
        spoken=spoken,
        written=written if written != spoken else "",
        words=(*before.words, *piece.words) if has_words else (),
    )


def lines_of_block(draft: Draft, block: int) -> tuple[int, int] | None:
    """Give the first and the last line of a block in the source, if they are known."""
    first, last = draft.block_lines[block] if 0 <= block < len(draft.block_lines) else NOWHERE
    return (first, last) if first else None


def carried_sentences(
    sentences: Sequence[SentenceTime], blocks: Sequence[BlockTime], draft: Draft
) -> list[SentenceTime]:
    """Give a narration's sentences their places in an edited source.

    `blocks` are the entries of its manifest: one for each line of the script, in order.
    """
    starts_s = [each.start_s for each in blocks]
    lines = draft.script.units
    carried: list[SentenceTime] = []
    for one in sentences if starts_s else ():
        block = lines[max(0, bisect_right(starts_s, one.start_s) - 1)].block
        carried.append(replace(one, block=block, lines=lines_of_block(draft, block)))
    return carried
