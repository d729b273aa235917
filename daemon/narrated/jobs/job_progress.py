"""The progress of a job while it is spoken, checked and encoded."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from narrated.ledger.job import Job
from narrated.script.script import Chunk

STEP_CHARACTERS = 400
"""Text that is encoded at once: about half a minute of speech, so that jobs take fair turns."""


@dataclass(slots=True)
class JobProgress:
    """The progress of a job, in characters of text."""

    job: Job
    characters: int = 0
    recorded: int = 0
    chunks: int = 0
    """The number of chunks that are encoded."""
    encoding_s: float = 0.0
    unspoken: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Engine and characters of each chunk without a take, by its number."""

    unheard: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Hearing engine and characters of each take that it listens to, by the chunk's number."""

    retakes: int = 0
    """The number of takes that are spoken because earlier ones were bad."""

    reached: float = 0.0
    """The highest fraction of an earlier encoding of the same takes."""

    earlier_s: float = 0.0
    """The seconds a character that an earlier encoding took; 0 if there was none."""

    @property
    def listening(self) -> int:
        """The number of takes that a hearing model listens to."""
        return len(self.unheard)

    @contextmanager
    def hearing(self, seq: int, engine: str, characters: int) -> Iterator[None]:
        """Count a take as one that an engine listens to."""
        self.unheard[seq] = (engine, characters)
        try:
            yield
        finally:
            self.unheard.pop(seq, None)

    def begin(self, characters: int) -> None:
        """Begin to speak and encode so much text."""
        self.characters, self.reached, self.earlier_s = characters, 0.0, 0.0
        self.recorded, self.chunks, self.encoding_s = 0, 0, 0.0

    def begin_again(self) -> None:
        """Begin to encode from the first take again."""
        self.reached = self.fraction
        self.earlier_s = self.encoding_s / self.recorded if self.recorded else self.earlier_s
        self.recorded, self.chunks, self.encoding_s = 0, 0, 0.0

    @property
    def fraction(self) -> float:
        """The encoded share of the text, from 0 to 1; it does not go back."""
        encoded = self.recorded / self.characters if self.characters else 0.0
        return max(self.reached, encoded)

    @property
    def encoding_left_s(self) -> float:
        """The seconds that encoding alone will take, at its speed so far; 0 if it has just begun.

        Its first step waits for a child to start, unless it is encoded again.
        """
        if self.recorded < STEP_CHARACTERS:
            return (self.characters - self.recorded) * self.earlier_s
        return (self.characters - self.recorded) * self.encoding_s / self.recorded


def count_characters(chunks: Iterable[Chunk]) -> int:
    """Count the characters of some chunks."""
    return sum(len(chunk.text) for chunk in chunks)
