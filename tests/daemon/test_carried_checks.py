"""What a check found out goes with its narration, through saves, renames, evictions and kills."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from narrated.ledger.pruning import prune
from narrated.ledger.store import Ledger
from support.daemon import Daemon
from support.mumbling import ear, heard, mumbled, mumbling

POST = "# A walk\n\nThe lazy dog sleeps in the sun today.\n\nA quick fox jumps over the fence.\n"
LONGER = f"{POST}\nOne more line comes here.\n"
UNNOTICED = {"lazy": "mountains of sugar"}
"""A word that the ear never knows."""


def _settings(home: Path, *, spoils: dict[str, Any], ear_is: dict[str, Any]) -> dict[str, Any]:
    """Settings of a daemon whose takes are heard."""
    voice = mumbling(home, spoils=spoils)
    engines = {**voice["engines"], "ear": ear(home, **ear_is)}
    return {**voice, "engines": engines, "takes": {"check": "ears", "hearing": "ear"}}


def _counts(takes: dict[str, Any]) -> tuple[int, ...]:
    return tuple(takes[each] for each in ("checked", "heard", "retaken", "doubtful", "accepted"))


def test_outcome_goes_with_a_narration(tmp_path: Path) -> None:
    """An accepted chunk stays accepted, and takes counted, after saves, a rename and an edit."""
    settings = _settings(tmp_path, spoils={"fox": "silence"}, ear_is={"mishears": UNNOTICED})
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        assert _counts(daemon.published("walk", POST)["takes"]) == (3, 3, 2, 1, 1)
        daemon.drop("walk.md", f"{POST}\n\n")
        daemon.published("walk", f"{POST}\n\n")
        (daemon.inbox / "walks").mkdir()
        (daemon.inbox / "walk.md").rename(daemon.inbox / "walks" / "way.md")
        daemon.published("walks/way", f"{POST}\n\n")
        spoken = len(mumbled(tmp_path))
        daemon.drop("walks/way.md", LONGER)
        takes = daemon.published("walks/way", LONGER)["takes"]
    assert _counts(takes) == (4, 4, 2, 1, 1)
    assert [each["takes"] for each in takes["chunks"]] == [3, 3]
    assert len(mumbled(tmp_path)) == spoken + 1


def test_outcome_outlives_the_cache(tmp_path: Path) -> None:
    """Takes that left the cache, with their verdicts, count as heard when they are spoken again."""
    with Daemon(tmp_path, **_settings(tmp_path, spoils={}, ear_is={})) as daemon:
        daemon.drop("walk.md", POST)
        assert _counts(daemon.published("walk", POST)["takes"]) == (3, 3, 0, 0, 0)
    _empty_cache(tmp_path)
    with daemon:
        daemon.drop("walk.md", LONGER)
        assert _counts(daemon.published("walk", LONGER)["takes"]) == (4, 4, 0, 0, 0)
    assert len(heard(tmp_path)) == 4


def _empty_cache(home: Path) -> None:
    """Evict all takes, and prune what goes with them."""
    for folder in (home / "cache").glob("??"):
        shutil.rmtree(folder)
    with closing(Ledger(home / "state/ledger.sqlite")) as ledger:
        for key in ledger.takes.keys_starting(""):
            ledger.takes.drop(key)
        prune(ledger, 0.0, 0.0)
