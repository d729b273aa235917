"""The table of tiers in tests/tiers.toml, and the names of tests."""

import re

from support.tiers import TESTS, tiers_by_path


def test_tiers_name_existing_files() -> None:
    """Every path of the table exists: a renamed file does not fall into the fast tier."""
    assert [path for path in tiers_by_path() if not (TESTS / path).exists()] == []


def test_test_names_are_short() -> None:
    """No test's name is longer than 36 characters: its docstring is the sentence."""
    named = re.compile(r"^ *(?:async )?def (test_\w{32,})\(", re.M)
    names = {path.name: named.findall(path.read_text()) for path in TESTS.rglob("test_*.py")}
    assert names
    assert {path: long for path, long in names.items() if long} == {}
