"""Misheard words in the ledger: their counts, and their bound."""

from contextlib import closing
from pathlib import Path

from narrated.ledger import misheard_words
from narrated.ledger.misheard_words import misheard_pairs
from narrated.ledger.store import Ledger


def test_misheard_pairs_are_counted(tmp_path: Path) -> None:
    """A pair counts once for a take, and for each language by itself."""
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as ledger:
        ledger.misheard.record("en", [("kubectl", "cube cattle"), ("kubectl", "cube cattle")])
        ledger.misheard.record("de", [("kubectl", "cube cattle"), ("x" * 200, "y")])
        ledger.misheard.record("en", [("kubectl", "cube cattle")])
        assert misheard_pairs(path) == (
            ("en", "kubectl", "cube cattle", 2),
            ("de", "kubectl", "cube cattle", 1),
        )


def test_rarest_pairs_make_room(tmp_path: Path, monkeypatch) -> None:
    """The ledger keeps the most frequent pairs, and of the rarest the last ones."""
    monkeypatch.setattr(misheard_words, "MOST_PAIRS", 3)
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as ledger:
        for said in ("often", "often", "one", "two", "three", "four"):
            ledger.misheard.record("en", [(said, "other")])
        assert [each.said for each in misheard_pairs(path)] == ["often", "four", "three"]
