"""What a check found out goes with its narration, through saves, renames, evictions and kills."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from narrated.ledger.pruning import prune
from narrated.ledger.store import Ledger
from support.daemon import Daemon, wait
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


def _hasty(home: Path, **spoils: Any) -> tuple[Daemon, Path]:
    """A daemon that publishes before it listens, and a file that holds its ear up."""
    held = home / "held"
    held.touch()
    settings = _settings(home, spoils=spoils, ear_is={"held": str(held)})
    return Daemon(home, **settings | {"takes": {**settings["takes"], "publish": "now"}}), held


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


def test_outcome_goes_to_another_show(tmp_path: Path) -> None:
    """A rename into a folder of another album encodes again, and keeps what a check found."""
    spoils = {"fox": "silence", "lazy": ["backwards", ""]}
    with Daemon(tmp_path, **_settings(tmp_path, spoils=spoils, ear_is={})) as daemon:
        daemon.drop("walks/.narrated.yaml", "album: Walks\n")
        daemon.drop("walk.md", POST)
        assert _counts(daemon.published("walk", POST)["takes"]) == (3, 3, 2, 1, 0)
        (daemon.inbox / "walk.md").rename(daemon.inbox / "walks/walk.md")
        assert _counts(daemon.published("walks/walk", POST)["takes"]) == (3, 3, 2, 1, 0)


def test_due_check_goes_to_another_show(tmp_path: Path) -> None:
    """A check that a person asked for follows its post there, though nothing is checked there."""
    held = tmp_path / "held"
    held.touch()
    with Daemon(tmp_path, **_settings(tmp_path, spoils={}, ear_is={"held": str(held)})) as daemon:
        for album in ("Walks", "Ways"):
            daemon.drop(f"{album}/.narrated.yaml", f"album: {album}\ntakes: {{check: off}}\n")
        daemon.drop("Walks/walk.md", POST)
        assert daemon.published("Walks/walk", POST)["takes"] is None
        assert daemon.ask("refresh", "Walks/walk.md", "--check").returncode == 0
        (daemon.inbox / "Walks/walk.md").rename(daemon.inbox / "Ways/walk.md")
        assert daemon.published("Ways/walk", POST)["takes"] is None
        held.unlink()
        wait(lambda: daemon.manifest("Ways/walk")["takes"], lambda: daemon.log)


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


def test_part_check_outlives_the_cache(tmp_path: Path) -> None:
    """Of a post that was checked in part, each chunk keeps its own: unchecked, heard, or not."""
    settings = _settings(tmp_path, spoils={}, ear_is={"die_on": "one"})
    daemon = Daemon(tmp_path, **settings | {"takes": {"check": "off"}})
    with daemon:
        daemon.drop("walk.md", POST)
        assert daemon.published("walk", POST)["takes"] is None
    daemon.configure(**settings)
    later = f"{LONGER}\nThe last line comes now.\n"
    with daemon:
        daemon.drop("walk.md", later)
        assert _counts(daemon.published("walk", later)["takes"]) == (2, 1, 0, 0, 0)
    _empty_cache(tmp_path)
    with daemon:
        listed = daemon.ask("takes", "walk.md", "--all").stdout
        assert [" not checked: " in line for line in listed.splitlines()[2:]] == [True] * 3 + [
            False
        ] * 2
        daemon.drop("walk.md", f"{later}\nA rest.\n")
        takes = daemon.published("walk", f"{later}\nA rest.\n")["takes"]
    assert (takes["heard"], takes["doubtful"]) == (2, 0)


def _empty_cache(home: Path) -> None:
    """Evict all takes, and prune what goes with them."""
    for folder in (home / "cache").glob("??"):
        shutil.rmtree(folder)
    with closing(Ledger(home / "state/ledger.sqlite")) as ledger:
        for key in ledger.takes.keys_starting(""):
            ledger.takes.drop(key)
        prune(ledger, 0.0, 0.0)


def test_due_check_is_made_up_for(tmp_path: Path) -> None:
    """`publish: now` is checked, whatever came before: saves, settings, a rename, a kill."""
    daemon, held = _hasty(tmp_path, fox=["backwards", ""])
    with daemon:
        daemon.drop("walk.md", POST)
        guid = daemon.published("walk", POST)["guid"]
        daemon.drop("walk.md", f"{POST}\n\n")
        daemon.published("walk", f"{POST}\n\n")
        daemon.drop(".narrated.yaml", "album: Walks\n")
        wait(lambda: daemon.manifest("walk")["settings"]["edition"]["album"] == "Walks")
        (daemon.inbox / "walk.md").rename(daemon.inbox / "way.md")
        daemon.published("way", f"{POST}\n\n")
        assert _counts(daemon.manifest("way")["takes"]) == (3, 0, 0, 0, 0)
        daemon.kill()
        held.unlink()
        daemon.start()
        wait(lambda: daemon.manifest("way")["takes"]["heard"] == 3, lambda: daemon.log)
        daemon.wait_idle()
        manifest = daemon.manifest("way")
        assert not (daemon.outbox / "walk.mp3").exists()
    assert (manifest["guid"], _counts(manifest["takes"])) == (guid, (3, 3, 1, 0, 0))
    assert [each["take"] for each in mumbled(tmp_path) if "fox" in each["text"]] == [0, 1]


def test_check_off_for_a_while(tmp_path: Path) -> None:
    """A check that is due waits while a folder says `check: off`, and is made up for after that."""
    held = tmp_path / "held"
    held.touch()
    settings = _settings(tmp_path, spoils={"fox": ["backwards", ""]}, ear_is={"held": str(held)})
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop(".narrated.yaml", "takes: {publish: now}\n")
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        daemon.drop(".narrated.yaml", "takes: {check: off}\n")
        wait(lambda: daemon.manifest("walk")["settings"]["script"]["takes"]["check"] == "off")
        daemon.wait_idle()
        held.unlink()
        daemon.drop(".narrated.yaml", "takes: {publish: now}\n")
        wait(lambda: daemon.manifest("walk")["takes"]["heard"] == 3, lambda: daemon.log)
        daemon.wait_idle()
    assert [each["take"] for each in mumbled(tmp_path) if "fox" in each["text"]] == [0, 1]


def test_asked_check_is_made_up_for(tmp_path: Path) -> None:
    """A check that a person asked for is made, though the post is edited while it waits."""
    held = tmp_path / "held"
    held.touch()
    settings = _settings(tmp_path, spoils={}, ear_is={"held": str(held)})
    text = f"---\ntakes: {{check: off}}\n---\n{POST}"
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", text)
        daemon.published("walk", text)
        assert daemon.ask("refresh", "walk.md", "--check").returncode == 0
        longer = text.replace(POST, LONGER)
        daemon.drop("walk.md", longer)
        daemon.published("walk", longer)
        held.unlink()
        wait(lambda: daemon.manifest("walk")["takes"], lambda: daemon.log)
        assert _counts(daemon.manifest("walk")["takes"]) == (4, 4, 0, 0, 0)


def test_cancelled_check_stays_away(tmp_path: Path) -> None:
    """A check that a person cancelled comes with `retry` alone, not with the next save."""
    daemon, held = _hasty(tmp_path)
    with daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        wait(lambda: daemon.history("walk.md")[-1] != "done")
        assert daemon.ask("cancel", "walk.md").returncode == 0
        held.unlink()
        daemon.drop("walk.md", f"{POST}\n\n")
        daemon.published("walk", f"{POST}\n\n")
        daemon.wait_idle()
        assert heard(tmp_path) == []


def test_check_waits_for_an_ignored_post(tmp_path: Path) -> None:
    """A check that ended since its post was ignored is made once the post counts again."""
    daemon, held = _hasty(tmp_path)
    with daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        daemon.drop(".narratedignore", "walk.md\n")
        wait(lambda: daemon.history("walk.md")[-1] == "removed")
        held.unlink()
        (daemon.inbox / ".narratedignore").unlink()
        wait(lambda: daemon.manifest("walk")["takes"]["heard"] == 3, lambda: daemon.log)
