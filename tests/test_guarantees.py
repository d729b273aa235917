"""Every promise in docs/guarantees.md names tests that there are."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROMISED, _, UNPROMISED = (ROOT / "docs" / "guarantees.md").read_text().partition("## Limits")
PROMISES = re.split(r"\n(?=- |#)", PROMISED)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _tests(path: str) -> set[str]:
    """The names of a file's tests, without running it."""
    found = ast.parse((ROOT / path).read_text()).body
    functions = (each for each in found if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return {each.name for each in functions if each.name.startswith("test_")}


def test_every_promise_names_a_test() -> None:
    promises = [each for each in PROMISES if each.startswith("- ")]
    assert len(promises) > 30
    assert [each for each in promises if not NAMED.search(each)] == []


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED.findall(PROMISED + UNPROMISED)}))
def test_promised_tests_exist(path: str) -> None:
    """Every test that a promise names exists."""
    named = {name for where, name in NAMED.findall(PROMISED + UNPROMISED) if where == path}
    assert named - _tests(path) == set()
