"""The sentences of a take, with the times at which a narration has them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from narrated.audio.encoder_requests import TakeSentence, TakeToAdd
from narrated.audio.heard_sentence import HeardSentence

_WHOLE = [TakeSentence(0)]


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
    sentences = take.sentences or _WHOLE
    ends = [*(each.start for each in sentences[1:]), len(take.text)]
    known = [
        at for at, time_s in enumerate(starts_s[: len(sentences)]) if at and time_s is not None
    ]
    times_s = [start_s, *(starts_s[at] or start_s for at in known), end_s]
    groups = pairwise([0, *known, len(sentences)])
    for (first, end), (begin_s, until_s) in zip(groups, pairwise(times_s), strict=True):
        place, until = sentences[first].start, ends[end - 1]
        yield HeardSentence(
            begin_s,
            until_s,
            take.text[place:until].strip(),
            _written(take.text, sentences[first:end], ends[first:end]),
            take.speaker,
            [(at - place, time_s) for at, time_s in words if place <= at < until],
        )


def _written(text: str, sentences: Sequence[TakeSentence], ends: Sequence[int]) -> str:
    """Join the written words of sentences of a text; empty if all are as they are spoken."""
    is_spoken = not any(each.written for each in sentences)
    if is_spoken and not any(each.without_space for each in sentences[1:]):
        return ""
    first, *others = (
        each.written or text[each.start : end].strip()
        for each, end in zip(sentences, ends, strict=True)
    )
    joints = (
        "" if each.without_space or not text[each.start - 1].isspace() else " "
        for each in sentences[1:]
    )
    return first + "".join(map("".join, zip(joints, others, strict=True)))
