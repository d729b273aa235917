"""The sentences of a take, with the times at which a narration has them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from narrated.audio.encoder_requests import TakeSentence, TakeToAdd
from narrated.audio.heard_sentence import HeardSentence


def heard_sentences(
    take: TakeToAdd,
    start_s: float,
    end_s: float,
    starts_s: Sequence[float | None] = (),
    words: Sequence[tuple[int, float]] = (),
) -> Iterator[HeardSentence]:
    """Give the sentences of a take that is heard from `start_s` to `end_s`.

    `starts_s` has the time of each of its sentences, None where it is not known: that one is one
    with the sentence before it. `words` are places in the take's text and their times.
    """
    sentences = take.sentences or [TakeSentence(0)]
    known = [place for place, time_s in enumerate(starts_s) if place and time_s is not None]
    for first, end in pairwise([0, *known, len(sentences)]):
        place = sentences[first].start if first else 0
        until = sentences[end].start if end < len(sentences) else len(take.text)
        yield HeardSentence(
            (starts_s[first] or start_s) if first else start_s,
            starts_s[end] or end_s if end < len(sentences) else end_s,
            take.text[place:until].strip(),
            _written(take, first, end),
            take.speaker,
            [(at - place, time_s) for at, time_s in words if place <= at < until],
        )


def _written(take: TakeToAdd, first: int, end: int) -> str:
    """The written words of some sentences; empty if all are written as they are spoken."""
    sentences = take.sentences[first:end]
    if not any(each.written for each in sentences):
        return ""
    ends = [each.start for each in take.sentences[first + 1 : end + 1]]
    ends += [len(take.text)] * (len(sentences) - len(ends))
    spoken = (take.text[each.start : until] for each, until in zip(sentences, ends, strict=True))
    return " ".join(
        each.written or text.strip() for each, text in zip(sentences, spoken, strict=True)
    )
