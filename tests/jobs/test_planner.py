"""Keys and seeds: what makes two pieces of sound the same."""

from narrated.jobs.plan import seed, take_key

ONE = "1f" * 32
OTHER = "2e" * 32


def test_each_take_of_a_chunk_has_a_key_and_a_seed_of_its_own() -> None:
    assert len({take_key(ONE, take) for take in range(8)}) == 8
    assert len({seed(ONE, take) % 8 for take in range(8)}) == 8


def test_the_first_take_is_an_engines_plain_one() -> None:
    assert seed(ONE, 0) % 8 == 0


def test_two_chunks_share_neither_key_nor_seed() -> None:
    assert take_key(ONE, 0) != take_key(OTHER, 0)
    assert seed(ONE, 0) != seed(OTHER, 0)
