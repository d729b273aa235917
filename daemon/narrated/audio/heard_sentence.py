"""A sentence as a narration says it, and when its words are heard in either form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_MOST_WORDS = 400
"""Comparing takes their square."""


@dataclass(frozen=True, slots=True)
class HeardSentence:
    """A sentence of a narration, or more than one where their times are not known."""

    start_s: float
    end_s: float
    spoken: str
    written: str = ""
    """As it stands in the source; empty if that equals `spoken`."""
    speaker: str = ""
    words: Sequence[tuple[int, float]] = ()
    """Places in `spoken` and the times at which they are heard, where an engine tells them."""

    def times_in(self, text: str) -> Sequence[tuple[int, float]]:
        """Return places in a form of its words, and when they are heard, as far as it is known.

        "3 May" is written shorter than it is spoken. The words that both forms share say where
        the written one stands.
        """
        if text == self.spoken:
            return self.words
        spoken, shown = list(_words(self.spoken)), list(_words(text))
        if max(len(spoken), len(shown)) > _MOST_WORDS:
            return ()
        ours, theirs = ([word for _, word in words] for words in (spoken, shown))
        heard, told = dict(self.words), bool(self.words)
        found = []
        for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
            for number in range(block.size):
                place = spoken[block.a + number][0]
                time_s = heard.get(place) if told else self._share(place)
                if time_s is not None:
                    found.append((shown[block.b + number][0], time_s))
        return found

    def _share(self, place: int) -> float:
        """The time of a place, if a sentence is said evenly."""
        return self.start_s + (self.end_s - self.start_s) * place / (len(self.spoken) + 1)


def _words(text: str) -> Iterator[tuple[int, str]]:
    """The words of a text with their places."""
    place = 0
    for word in text.split(" "):
        if word:
            yield place, word
        place += len(word) + 1
