"""The best of some takes, and when the ears are more likely wrong than the voice."""

from narrated.take_checks.take_choice import best_take
from narrated.take_checks.verdict import Fault, FaultKind, Verdict

SILENCE = Fault(FaultKind.INNER_SILENCE, 2.0)
MISHEARD = Fault(FaultKind.MISHEARD, 0.3)


def _misheard(heard: str, *others: Fault) -> Verdict:
    return Verdict((MISHEARD, *others), heard, 0.3, "ear")


def test_good_take_is_the_best() -> None:
    """A take without faults is chosen, and of two alike the one that was tried first."""
    bad = Verdict((SILENCE,))
    assert best_take({0: bad, 1: Verdict()}) == (1, False)
    assert best_take({2: bad, 0: bad}) == (2, False)


def test_alike_takes_are_accepted() -> None:
    """The same wrong words in each take are the ear's; other words each time are the voice's."""
    alike = {take: _misheard("send the coober net ease home") for take in range(3)}
    apart = {0: _misheard("send the cat"), 1: _misheard("blue horses under seven trees")}
    assert best_take(alike) == (0, True)
    assert not best_take(apart).is_accepted
    assert not best_take({0: alike[0]}).is_accepted  # nothing to compare it with


def test_bad_sound_is_never_accepted() -> None:
    """A take that stops inside is bad, however it is heard; one that sounds well may count."""
    heard = "send the coober net ease home"
    assert not best_take({n: _misheard(heard, SILENCE) for n in range(2)}).is_accepted
    mixed = {0: _misheard(heard, SILENCE), 1: _misheard(heard), 2: _misheard(heard)}
    assert best_take(mixed) == (1, True)
