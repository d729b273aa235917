"""Finds the sentences of doubtful takes, which the page marks."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from narrated.podcast.page_episode import PageDoubt, PageSentence

MOST_MARKED = 5000
"""Bound on the sentences that are marked: who writes a manifest may doubt all of them often."""
_CLOSE_S = 0.02
"""Times of sentences and of takes are rounded."""


def doubtful_sentences(
    sentences: Sequence[PageSentence], doubts: Iterable[PageDoubt]
) -> dict[int, str]:
    """Return what is wrong with the takes of sentences, by their numbers.

    A take may hold several sentences; one that was cut over two takes has what is told of both.
    """
    in_time = sorted(sentences, key=lambda each: each.start_s)
    starts_s = [each.start_s for each in in_time]
    found: dict[int, str] = {}
    left = MOST_MARKED
    for doubt in doubts:
        first = bisect_left(starts_s, doubt.start_s - _CLOSE_S)
        if first and in_time[first - 1].end_s > doubt.start_s + _CLOSE_S:
            first -= 1  # it began in the take before
        end = max(first, bisect_left(starts_s, doubt.end_s - _CLOSE_S))
        for each in in_time[first : min(end, first + left)]:
            before = found.get(each.number)
            found[each.number] = f"{before} {doubt.told}" if before else doubt.told
            left -= 1
    return found
