"""Sentences of a narration in time, for its manifest: put together from those of its chunks."""

from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from narrated.audio.encoder_requests import HeardTake, TakeSentence, TakeToAdd
from narrated.audio.heard_sentence import HeardSentence
from narrated.audio.heard_sentences import heard_sentences
from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_sentences import SentenceTime
from narrated.script.script import NOWHERE, Chunk, Draft, Forms, Sentence

_WHOLE = Sentence(0)
_SPOKEN: Container[Forms] = ("spoken", "both")
_WRITTEN: Container[Forms] = ("written", "both")


@dataclass(slots=True)
class NarrationSentences:
    """Collects the sentences of a narration, chunk by chunk."""

    _draft: Draft
    sentences: list[SentenceTime] = field(default_factory=list)

    def add(self, chunk: Chunk, take: TakeToAdd, heard: HeardTake) -> None:
        """Add the sentences of a chunk; a sentence of unknown time stays with the one before."""
        begun = chunk.sentences[0] if chunk.sentences else _WHOLE
        times = heard.start_s, heard.end_s, heard.sentences_s, heard.words
        for number, sentence in enumerate(heard_sentences(take, *times)):
            one = self._timed(chunk.block, sentence)
            if begun.goes_on and not number and self.sentences:
                self.sentences[-1] = _joined(self.sentences[-1], one, begun.without_space)
            else:
                self.sentences.append(one)

    def _timed(self, block: int, sentence: HeardSentence) -> SentenceTime:
        return SentenceTime(
            block=block,
            lines=lines_of_block(self._draft, block),
            start_s=round(sentence.start_s, 3),
            end_s=round(sentence.end_s, 3),
            spoken=sentence.spoken,
            written=sentence.written if sentence.written != sentence.spoken else "",
            words=tuple(_word_times(sentence.spoken, sentence.words)),
        )


def take_sentences(chunk: Chunk) -> list[TakeSentence]:
    """Give the sentences of a chunk as an encoder reads them."""
    return [
        TakeSentence(each.start, each.written, each.without_space in _WRITTEN)
        for each in chunk.sentences
    ]


def _word_times(text: str, words: Sequence[tuple[int, float]]) -> Iterator[float]:
    """Give the time of each word of a text; a word without one has that before it."""
    times = iter(words)
    following = next(times, None)
    last_s = following[1] if following else 0.0
    at = 0
    for word in text.split() if following else ():
        at = text.index(word, at) + len(word)
        if following and following[0] < at:
            last_s = following[1]
        while following and following[0] < at:
            following = next(times, None)
        yield round(last_s, 2)


def _joined(before: SentenceTime, rest: SentenceTime, without_space: Forms) -> SentenceTime:
    """Append the rest of a sentence that was cut."""
    joint = "" if without_space in _SPOKEN else " "
    written_joint = "" if without_space in _WRITTEN else " "
    spoken = before.spoken + joint + rest.spoken
    written = (before.written or before.spoken) + written_joint + (rest.written or rest.spoken)
    return replace(
        before,
        end_s=rest.end_s,
        spoken=spoken,
        written=written if written != spoken else "",
        words=_joined_words(before.words, rest.words, is_one=not joint),
    )


def _joined_words(
    before: tuple[float, ...], rest: tuple[float, ...], *, is_one: bool
) -> tuple[float, ...]:
    """Join the times of words; a word that was cut itself has its first part's."""
    return (*before, *(rest[1:] if is_one else rest)) if before and rest else ()


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
