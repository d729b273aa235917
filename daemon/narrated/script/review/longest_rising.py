"""The longest rising part of a row of numbers, in n log n steps (patience sorting)."""

from bisect import bisect_left
from collections.abc import Sequence


def longest_rising(numbers: Sequence[int]) -> list[int]:
    """Give the places of a longest part in which each number is higher than that before."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for at, number in enumerate(numbers):
        pile = bisect_left(tops, number)
        tops[pile : pile + 1] = [number]
        piles[pile : pile + 1] = [at]
        before.append(piles[pile - 1] if pile else -1)
    found: list[int] = []
    at = piles[-1] if piles else -1
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]
