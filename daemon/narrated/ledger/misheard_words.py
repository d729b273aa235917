"""Words that hearing models heard otherwise, counted for `narrated lexicon suggest`."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from narrated.ledger.database import Repository, query_file

MOST_PAIRS = 10_000
"""Pairs that are kept: the rarest make room, the oldest of them first."""
_MOST_CHARACTERS = 120
"""Of a pair; a longer one is no word."""

_ALL = (
    "SELECT language, said, heard, count FROM misheard_words"
    " ORDER BY count DESC, heard_at DESC, said, heard"
)


class MisheardPair(NamedTuple):
    """Words that were said, and those that were heard instead."""

    language: str
    said: str
    heard: str
    takes: int
    """The number of those in which they were heard so."""


class MisheardWords(Repository):
    """Counts of misheard words by language, what was said and what was heard."""

    def record(self, language: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Count the pairs (said, heard) of one take, in the caller's transaction."""
        now = time.time()
        short = [pair for pair in dict.fromkeys(pairs) if len("".join(pair)) <= _MOST_CHARACTERS]
        self._write_all(
            "INSERT INTO misheard_words VALUES (?, ?, ?, 1, ?)"
            " ON CONFLICT (language, said, heard) DO UPDATE"
            " SET count = count + 1, heard_at = excluded.heard_at",
            [(language, said, heard, now) for said, heard in short],
        )
        if short:
            self._make_room()

    def _make_room(self) -> None:
        many = self._value("SELECT count(*) FROM misheard_words")
        if many > MOST_PAIRS:
            self._write(
                "DELETE FROM misheard_words WHERE (language, said, heard) IN"
                " (SELECT language, said, heard FROM misheard_words"
                " ORDER BY count, heard_at LIMIT ?)",
                many - MOST_PAIRS,
            )


def misheard_pairs(path: Path) -> tuple[MisheardPair, ...]:
    """Read the pairs in a ledger's file, the most frequent first; none if it cannot be read."""
    try:
        is_live = path.with_name(f"{path.name}-wal").exists()
    except OSError:  # a stranger may suggest words, but not enter the state's folder
        return ()
    return tuple(MisheardPair(*row) for row in query_file(path, _ALL, is_live=is_live))
