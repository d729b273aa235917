"""The best of some takes, and when the ears are more likely wrong than the voice."""

import pytest

from narrated.take_checks.heard_words import compare
from narrated.take_checks.take_choice import best_take
from narrated.take_checks.verdict import Fault, FaultKind, Verdict

SILENCE = Fault(FaultKind.INNER_SILENCE, 2.0)
MISHEARD = Fault(FaultKind.MISHEARD, 0.3)
LONG = (
    "Every morning the old gardener carries seven baskets of silver stones along the narrow river "
    "path toward the quiet forest village in 2008, just beyond the hill."
)
SPELLED = LONG.replace("2008", "two thousand and eight")


def _is_accepted(*heard: str, said: str = LONG) -> bool:
    """True if takes that were heard so count as good, though each has a fault."""
    verdicts = {}
    for take, text in enumerate(heard):
        found = compare(said, text)
        assert found.faults, text
        verdicts[take] = Verdict(found.faults, text, found.distance, "ear", found.wrong)
    return best_take(verdicts).is_accepted


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


def _without(*words: str) -> str:
    """The long text as it is heard without some of its words."""
    heard = LONG
    for each in words:
        heard = heard.replace(each, "")
    return heard


@pytest.mark.parametrize(
    "heard",
    [
        (_without("old gardener"), _without("narrow river"), LONG + " And then you know it."),
        (LONG + " Thank you for watching.", LONG + " Subscribe to my channel now."),
        (_without("silver stones"), _without("silver stones along the")),
        (_without("old gardener", "quiet forest"), _without("old gardener", "seven baskets")),
        (LONG.replace("gardener", "mountains of sugar"), LONG.replace("gardener", "a blue horse")),
        (LONG.replace("gardener", "gardener saw pie"), LONG.replace("baskets", "baskets saw pie")),
        (LONG.replace("gardener", "mountains of sugar"), _without("old gardener")),
    ],
)
def test_other_faults_are_the_voices(heard: tuple[str, ...]) -> None:
    """Takes with faults in other places, or of other words, are not alike, however long."""
    assert not _is_accepted(*heard)
    assert not _is_accepted(*reversed(heard))


@pytest.mark.parametrize(
    "heard",
    [
        (LONG + " Thank you for watching!", SPELLED + " thank you for watching"),
        (_without("old gardener"), _without("old gardener").replace("2008", "2009")),
        (LONG.replace("gardener", "coober net ease"), LONG.replace("gardener", "Cooper netties")),
        (_without("river path", "2008"), _without("river path")),
    ],
)
def test_same_faults_are_the_ears(heard: tuple[str, ...]) -> None:
    """The wrong words of the best in each take are the ear's, whatever else it hears otherwise."""
    assert _is_accepted(*heard)
    assert _is_accepted(*reversed(heard))


def test_short_texts_are_told_apart() -> None:
    """Of a few words, too, the same wrong ones count as the ear's, and others as the voice's."""
    said = "Nginx restarts."
    assert _is_accepted("Engine ex restart us all", "engine x restart us all", said=said)
    assert not _is_accepted("Engine ex restart us all", "The cat sleeps in a box", said=said)


def test_far_texts_are_told_apart() -> None:
    """A text of which all is misheard a little is alike if it is misheard in the same way."""
    said = "sehr geehrte damen und alle unsere herren"
    one, same = "sir gearty dorman and all on a hearing", "sir gearty dormen and all on a herring"
    assert _is_accepted(one, same, said=said)
    assert not _is_accepted(one, "sear a guest in dominoes under our horn", said=said)


def test_earlier_verdicts_still_count() -> None:
    """Verdicts that were kept without their places are alike if the same text was heard."""
    assert best_take({0: _misheard("To the Sea."), 1: _misheard("to the sea.")}).is_accepted
    assert not best_take({0: _misheard("To the sea."), 1: _misheard("to the tea.")}).is_accepted
