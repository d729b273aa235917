"""Shares of priorities: in proportion while all have work, and nothing is saved up."""

from collections import Counter

from narrated.workers.fair_shares import SHARES, FairShares, Priority


def _served(shares: FairShares, waiting: set[Priority], turns: int) -> Counter[Priority]:
    served: Counter[Priority] = Counter()
    for _ in range(turns):
        first = shares.first(waiting)
        shares.charge(first, 1.0)
        served[first] += 1
    return served


def test_all_get_their_shares() -> None:
    """Priorities that all have work are served in proportion to their shares."""
    served = _served(FairShares(), set(Priority), 310)
    assert all(abs(served[each] - 10 * SHARES[each]) <= 1 for each in Priority)


def test_newcomer_is_served_next() -> None:
    """A short note is served next after any time of other work."""
    shares = FairShares()
    _served(shares, {Priority.POST, Priority.BOOK}, 1000)
    assert shares.first(set(Priority)) is Priority.NOTE


def test_pause_saves_nothing_up() -> None:
    """A priority that had no work for long gets no more than its share when it comes back."""
    shares = FairShares()
    _served(shares, {Priority.NOTE}, 1000)
    served = _served(shares, {Priority.NOTE, Priority.BACKGROUND}, 17 * 5)
    assert 4 <= served[Priority.BACKGROUND] <= 6


def test_shorter_list_forgets_nothing() -> None:
    """A priority that had more than its share before a short pause still pays for it."""
    shares = FairShares()
    both = {Priority.POST, Priority.BOOK}
    shares.first(both)
    shares.charge(Priority.BOOK, 100.0)
    _served(shares, {Priority.POST}, 10)
    assert _served(shares, both, 50)[Priority.BOOK] == 0
