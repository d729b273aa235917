"""The table of tiers in tests/tiers.toml."""

from support.tiers import TESTS, tiers_by_path


def test_tiers_name_existing_files() -> None:
    """Every path of the table exists: a renamed file does not fall into the fast tier."""
    assert [path for path in tiers_by_path() if not (TESTS / path).exists()] == []
