"""Tiers of tests: by file in tests/tiers.toml, by marker for a single test.

The fast tier needs neither torch, root nor another program; docs of all tiers: tests/README.md.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

TIERS = ("fast", "models", "peers", "faults", "long")
CI_TIERS = TIERS[:-1]
TESTS = Path(__file__).parents[1]
_ROOT_FIXTURES = frozenset({"small_disk"})
"""Fixtures that mount a disk: their tests need root, so they belong to the faults."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier",
        action="append",
        choices=(*TIERS, "ci"),
        help="run the tests of this tier alone; may be repeated; ci means all but long",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files of other tiers before they are imported: torch may not be installed."""
    chosen = _chosen(config)
    if not chosen:
        return None
    tier = file_tier(collection_path)
    return None if tier in chosen or tier == "fast" else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = _chosen(config)
    if not chosen:
        return
    others = [item for item in items if _tier(item) not in chosen]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if _tier(item) in chosen]


def file_tier(path: Path) -> str:
    """The tier of a test file."""
    if not path.is_relative_to(TESTS):
        return "fast"
    name = path.relative_to(TESTS)
    for place in (name, *name.parents):
        if tier := tiers_by_path().get(str(place)):
            return tier
    return "fast"


@cache
def tiers_by_path() -> dict[str, str]:
    """Files and folders below tests/, with their tiers."""
    table = tomllib.loads((TESTS / "tiers.toml").read_text())
    return {path: tier for tier, paths in table.items() for path in paths}


def _tier(item: pytest.Item) -> str:
    marked = [mark.name for mark in item.iter_markers() if mark.name in TIERS]
    if marked:
        return marked[0]
    if _ROOT_FIXTURES & set(_fixtures(item)):
        return "faults"
    return file_tier(item.path)


def _fixtures(item: pytest.Item) -> Iterable[str]:
    return getattr(item, "fixturenames", ())


def _chosen(config: pytest.Config) -> frozenset[str]:
    asked = config.getoption("tier") or ()
    return frozenset(CI_TIERS if "ci" in asked else ()) | frozenset(asked) - {"ci"}
