"""Verdicts on takes in the ledger: their keys, their order, and how long they stay."""

from pathlib import Path

import pytest

from narrated.audio.take_measures import TakeMeasures
from narrated.ledger.pruning import prune
from narrated.ledger.store import Ledger
from narrated.ledger.takes import Take
from narrated.take_checks.length_line import VoiceLine
from narrated.take_checks.verdict import RULES_VERSION, Fault, FaultKind, Verdict

STOPS = Verdict((Fault(FaultKind.INNER_SILENCE, 2.0),), "one three", 0.2, "whisper-1")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def test_verdict_is_of_one_hearing(ledger: Ledger) -> None:
    """A verdict counts for its hearing engine and rules alone."""
    ledger.verdicts.record("key", STOPS)
    assert ledger.verdicts.get("key", "whisper-1") == STOPS
    assert ledger.verdicts.get("key") is None
    assert ledger.verdicts.get("key", "whisper-1", RULES_VERSION + 1) is None


def test_verdicts_go_with_their_takes(ledger: Ledger) -> None:
    """Verdict and measures stay while the cache has the take, and are pruned after it."""
    for key in ("kept", "evicted"):
        ledger.verdicts.record(key, STOPS)
        ledger.measures.record(key, b"{}")
    ledger.takes.record(Take("kept", 22050, 1.0, -20.0, -3.0, 0.1, 1000))
    prune(ledger, 1e10, 3600)
    assert ledger.verdicts.get("kept", "whisper-1") == STOPS
    assert ledger.measures.get("kept") == b"{}"
    assert ledger.verdicts.get("evicted", "whisper-1") is None
    assert ledger.measures.get("evicted") is None


def test_person_outranks_the_check(ledger: Ledger) -> None:
    """The check's choice never replaces a person's, and a person's replaces the check's."""
    ledger.takes.choose_best("post.md", "checked", 2)
    ledger.takes.choose_next("post.md", ["asked"])
    ledger.takes.choose_best("post.md", "asked", 7)
    assert ledger.takes.choices("post.md") == {"checked": 2, "asked": 1}
    assert ledger.takes.chosen_by_person("post.md") == {"asked"}
    ledger.takes.choose_next("post.md", ["checked"])
    assert ledger.takes.choices("post.md")["checked"] == 3
    assert ledger.takes.chosen_by_person("post.md") == {"asked", "checked"}


def test_ears_correct_the_sound(ledger: Ledger) -> None:
    """A take of an odd length, whose words are all heard, was not found bad."""
    ledger.verdicts.record("slow", Verdict((Fault(FaultKind.TOO_LONG, 0.6),)))
    assert ledger.verdicts.is_bad("slow")
    ledger.verdicts.record("slow", Verdict(heard="all of it", hearing="whisper"))
    assert not ledger.verdicts.is_bad("slow")
    assert not ledger.verdicts.is_bad("never checked")


def test_last_ears_count(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two hearing models the one that listened last counts, also if the clock was set back."""
    heard_well = Verdict(heard="one two three", hearing="whisper-0")
    ledger.verdicts.record("key", STOPS)
    monkeypatch.setattr("time.time", lambda: 1.0)
    ledger.verdicts.record("key", heard_well)
    assert ledger.verdicts.latest("key") == heard_well
    assert not ledger.verdicts.is_bad("key")
    ledger.verdicts.record("key", Verdict())  # the sound alone says less
    assert ledger.verdicts.latest("key") == heard_well
    ledger.verdicts.record("key", STOPS)
    assert ledger.verdicts.is_bad("key")


def test_lost_words_are_worse() -> None:
    """The take that loses words is worse than one that stops; the longer stop is worse."""
    lost = Verdict((Fault(FaultKind.WORDS_MISSING, 2.0),))
    longer = Verdict((Fault(FaultKind.INNER_SILENCE, 5.0),))
    ranked = sorted([lost, longer, STOPS, Verdict()], key=lambda each: each.badness)
    assert ranked == [Verdict(), STOPS, longer, lost]


def test_line_is_of_one_voice(ledger: Ledger) -> None:
    """A voice's line is kept for each language; another's is that of a usual narrator."""
    line = VoiceLine().learned(40.0, TakeMeasures(duration_s=3.0, voiced_s=2.5, end_db=-50.0))
    ledger.voice_lengths.record("voice", "en", line)
    assert ledger.voice_lengths.get("voice", "en") == line
    assert ledger.voice_lengths.get("voice", "de") == VoiceLine()
    assert ledger.voice_lengths.get("other", "en") == VoiceLine()
