"""Word error rate: what was heard, against what was said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_APOSTROPHES = str.maketrans("’‘", "''")
_OTHER = re.compile(r"[^\w']+")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Words that were said, and those of them that were heard wrongly."""

    said: int = 0
    wrong: int = 0
    """Substituted, lost and added words, as few as explain what was heard."""
    lost_run: int = 0
    """The most words in a row of which nothing was heard."""

    @classmethod
    def between(cls, said: Sequence[str], heard: Sequence[str]) -> "WordErrors":
        """Align two texts."""
        steps = _alignment(said, heard)
        lost = "".join("-" if step == "lost" else " " for step in steps).split()
        wrong = sum(step != "same" for step in steps)
        return cls(len(said), wrong, max(map(len, lost), default=0))

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            self.said + other.said, self.wrong + other.wrong, max(self.lost_run, other.lost_run)
        )

    @property
    def rate(self) -> float:
        """The word error rate."""
        return self.wrong / self.said if self.said else 0.0


def words(text: str) -> list[str]:
    """Split a text into words, without case and punctuation."""
    parts = _OTHER.split(text.translate(_APOSTROPHES).casefold())
    return [word for word in (part.strip("'_") for part in parts) if word]


def _alignment(said: Sequence[str], heard: Sequence[str]) -> list[str]:
    """Give the steps of the cheapest way from what was said to what was heard.

    Two words that are one word, or one that is two ("set up"), are the same: they sound alike.
    """
    cost = [[0] * (len(heard) + 1) for _ in range(len(said) + 1)]
    back = [[(0, 0, "")] * (len(heard) + 1) for _ in range(len(said) + 1)]
    for i in range(len(said) + 1):
        for j in range(len(heard) + 1):
            if i or j:
                cost[i][j], back[i][j] = min(
                    (cost[a][b] + (step != "same"), (a, b, step))
                    for a, b, step in _steps(said, heard, i, j)
                )
    steps: list[str] = []
    i, j = len(said), len(heard)
    while i or j:
        i, j, step = back[i][j]
        steps.append(step)
    return steps[::-1]


def _steps(said: Sequence[str], heard: Sequence[str], i: int, j: int) -> list[tuple[int, int, str]]:
    """Give the last steps that lead to these places, each with the places before it."""
    steps: list[tuple[int, int, str]] = []
    if i and j:
        steps.append((i - 1, j - 1, "same" if said[i - 1] == heard[j - 1] else "wrong"))
    if i:
        steps.append((i - 1, j, "lost"))
    if j:
        steps.append((i, j - 1, "added"))
    if i > 1 and j and said[i - 2] + said[i - 1] == heard[j - 1]:
        steps.append((i - 2, j - 1, "same"))
    if j > 1 and i and heard[j - 2] + heard[j - 1] == said[i - 1]:
        steps.append((i - 1, j - 2, "same"))
    return steps
