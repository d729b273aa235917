"""Keys and seeds: what makes two pieces of sound the same."""

import pytest

from narrated.jobs.plan import Plan, PlanOutdated, seed, take_key

ONE = "1f" * 32
OTHER = "2e" * 32


def test_takes_have_own_key_and_seed() -> None:
    """Each take of a chunk has its own key and seed."""
    assert len({take_key(ONE, take) for take in range(8)}) == 8
    assert len({seed(ONE, take) % 8 for take in range(8)}) == 8


def test_first_take_is_the_plain_one() -> None:
    """The first take is the engine's plain one."""
    assert seed(ONE, 0) % 8 == 0


def test_chunks_share_no_key_or_seed() -> None:
    """Two chunks share neither key nor seed."""
    assert take_key(ONE, 0) != take_key(OTHER, 0)
    assert seed(ONE, 0) != seed(OTHER, 0)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"plan":' * 100_000, b"", b"\xff", b"[]"])
def test_strange_plan_is_outdated(content: bytes) -> None:
    """A plan that cannot be read back is made again."""
    with pytest.raises(PlanOutdated):
        Plan.decode(content)
