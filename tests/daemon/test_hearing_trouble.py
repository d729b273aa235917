"""Kills, ears in trouble and late models: no take is lost or heard twice, and no post waits."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from narrated.jobs.job_speech import WINDOW
from support.daemon import Daemon, wait
from support.mumbling import ear, heard, mumbled, mumbling

POST = "# A walk\n\nThe lazy dog sleeps in the sun today.\n\nA quick fox jumps over the fence.\n"
BEASTS = ("dogs", "cows", "geese", "cats", "hens", "foxes", "owls", "hares")
PLACES = ("river", "forest", "village", "meadow", "harbour")
STORY = "\n\n".join(
    f"The {beast} of this country went to the {place} in the morning."
    for beast in BEASTS
    for place in PLACES
)
HEARD = {"check": "ears", "hearing": "ear"}


def _settings(home: Path, spoils: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Settings of a daemon whose takes are heard."""
    voice = mumbling(home, spoils=spoils)
    return {**voice, "engines": {**voice["engines"], "ear": ear(home, **options)}, "takes": HEARD}


def test_kill_while_listening(tmp_path: Path) -> None:
    """A kill between takes and verdicts: nothing is spoken again, and each take is heard once."""
    held = tmp_path / "held"
    held.touch()
    settings = _settings(tmp_path, {"lazy dog": ["backwards", ""]}, held=str(held))
    daemon = Daemon(tmp_path, **settings)
    daemon.start()
    daemon.drop("walk.md", POST)
    wait(lambda: len(mumbled(tmp_path)) == 3)
    wait(lambda: len(list((tmp_path / "cache").glob("??/*.flac"))) == 3)
    daemon.kill()
    held.unlink()
    with daemon:
        daemon.published("walk", POST)
        takes = daemon.manifest("walk")["takes"]
    assert Counter(each["text"] for each in mumbled(tmp_path)).most_common(1)[0][1] == 2
    assert len(mumbled(tmp_path)) == len(heard(tmp_path)) == 4
    assert (takes["heard"], takes["retaken"], takes["doubtful"]) == (3, 1, 0)


def test_kill_before_retake_is_heard(tmp_path: Path) -> None:
    """A kill while the retake is heard repeats neither the takes nor the first verdict."""
    settings = _settings(tmp_path, {"lazy dog": ["backwards", ""]}, delay_s=0.4)
    daemon = Daemon(tmp_path, **settings)
    daemon.start()
    daemon.drop("walk.md", POST)
    wait(lambda: len(mumbled(tmp_path)) == 4)
    wait(lambda: len(list((tmp_path / "cache").glob("??/*.flac"))) == 4)
    daemon.kill()
    before = len(heard(tmp_path))
    with daemon:
        daemon.published("walk", POST)
        takes = daemon.manifest("walk")["takes"]
    assert len(mumbled(tmp_path)) == 4
    assert len(heard(tmp_path)) <= 4 + 1  # one may have been in flight
    assert before >= 2
    assert (takes["retaken"], takes["doubtful"]) == (1, 0)


def test_poison_take_stays_unheard(tmp_path: Path) -> None:
    """A take that ends the ear three times is published unheard; the others are heard.

    A person may have it tried again.
    """
    settings = _settings(tmp_path, {}, die_on="fox")
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        takes = daemon.manifest("walk")["takes"]
        assert (takes["checked"], takes["heard"]) == (3, 2)
        assert daemon.ask("refresh", "walk.md").returncode == 0
        daemon.wait_idle()
        assert daemon.status()["workers"][0]["restarts"] == 3
        assert daemon.ask("refresh", "walk.md", "--check").returncode == 0
        daemon.wait_idle()
        assert daemon.status()["workers"][0]["restarts"] == 2 * 3
    assert len(mumbled(tmp_path)) == 3


def test_model_arrives_later(tmp_path: Path) -> None:
    """A later ear hears what is made from then on; what is published only when somebody asks."""
    there = tmp_path / "there"
    settings = _settings(tmp_path, {"lazy dog": ["backwards", ""]}, unless=str(there))
    settings["workers"] = {"again": "200ms"}
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        assert daemon.published("walk", POST)["takes"]["heard"] == 0
        there.touch()
        wait(lambda: "ear" in daemon.status()["workers"][0]["engines"])
        edited = POST.replace("fence", "hedge")
        daemon.drop("walk.md", edited)
        wait(lambda: daemon.published("walk", edited)["takes"]["heard"] == 1)
        assert len(mumbled(tmp_path)) == 4
        assert daemon.ask("refresh", "walk.md", "--check").returncode == 0
        wait(lambda: daemon.manifest("walk")["takes"]["heard"] == 3)
        daemon.wait_idle()
        assert daemon.manifest("walk")["takes"]["doubtful"] == 0
    assert len(mumbled(tmp_path)) == 5
    assert len(heard(tmp_path)) == 4


def test_later_model_and_publish_now(tmp_path: Path) -> None:
    """With `publish: now`, too, a later ear hears of an edited post the new chunks alone.

    It hears all if a person asks for it, also amid the check of the new ones.
    """
    there, held = tmp_path / "there", tmp_path / "held"
    spoils = {"lazy dog": ["backwards", ""]}
    settings = _settings(tmp_path, spoils, unless=str(there), held=str(held))
    settings["takes"] = {**HEARD, "publish": "now"}
    settings["workers"] = {"again": "200ms"}
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        there.touch()
        wait(lambda: "ear" in daemon.status()["workers"][0]["engines"])
        daemon.drop(".narrated.yaml", "album: Walks\n")
        wait(lambda: daemon.manifest("walk")["settings"]["edition"]["album"] == "Walks")
        daemon.wait_idle()
        assert heard(tmp_path) == []
        edited = POST.replace("fence", "hedge")
        daemon.drop("walk.md", edited)
        wait(lambda: daemon.published("walk", edited)["takes"]["heard"] == 1)
        daemon.wait_idle()
        assert (len(heard(tmp_path)), len(mumbled(tmp_path))) == (1, 4)
        held.touch()
        edited = POST.replace("fence", "wall")
        daemon.drop("walk.md", edited)
        daemon.published("walk", edited)
        wait(lambda: daemon.history("walk.md")[-1] != "done")
        assert daemon.ask("refresh", "walk.md", "--check").returncode == 0
        held.unlink()
        wait(lambda: daemon.manifest("walk")["takes"]["heard"] == 3)
        daemon.wait_idle()
        assert daemon.manifest("walk")["takes"]["doubtful"] == 0
    assert len(mumbled(tmp_path)) == 6


def test_check_listens_as_set_by_now(tmp_path: Path) -> None:
    """`refresh --check` listens to what was made with `check: signal`, once that is `ears`."""
    settings = _settings(tmp_path, {"lazy dog": ["backwards", ""]})
    signal = settings | {"takes": {**HEARD, "check": "signal"}}
    with Daemon(tmp_path, **signal) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        daemon.stop()
        daemon.configure(**settings)
        daemon.start()
        assert daemon.ask("refresh", "walk.md", "--check").returncode == 0
        wait(lambda: daemon.history("walk.md") == ["superseded", "done"])
        takes = daemon.manifest("walk")["takes"]
    assert (takes["heard"], takes["retaken"], takes["doubtful"]) == (3, 1, 0)


def test_later_model_hears_all_takes(tmp_path: Path) -> None:
    """A later ear hears each take that it chooses among, not those alone that nobody blamed."""
    there = tmp_path / "there"
    spoils = {"lazy dog": ["noise", "silence", "noise"]}
    settings = _settings(tmp_path, spoils, unless=str(there))
    settings["workers"] = {"again": "200ms"}
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        assert daemon.published("walk", POST)["takes"]["heard"] == 0
        there.touch()
        wait(lambda: "ear" in daemon.status()["workers"][0]["engines"])
        assert daemon.ask("refresh", "walk.md", "--check").returncode == 0
        wait(lambda: daemon.manifest("walk")["takes"]["heard"] == 3)
    assert len(mumbled(tmp_path)) == 3 + 2
    assert len(heard(tmp_path)) == 3 + 2


def test_shared_chunk_is_checked_once(tmp_path: Path) -> None:
    """Two posts that share a bad sentence: each take of it is spoken and heard once for both."""
    settings = _settings(tmp_path, {"lazy dog": ["backwards", ""]}, delay_s=0.05)
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        daemon.drop("stroll.md", POST)
        for stem in ("walk", "stroll"):
            takes = daemon.published(stem, POST)["takes"]
            assert (takes["heard"], takes["retaken"], takes["doubtful"]) == (3, 1, 0)
    assert len(mumbled(tmp_path)) == len(heard(tmp_path)) == 4


def test_kill_after_the_choice(tmp_path: Path) -> None:
    """A kill between choice and encoding repeats nothing; refresh and rename keep the choice."""
    daemon = Daemon(tmp_path, **_settings(tmp_path, {"lazy dog": ["backwards", ""]}, delay_s=0.7))
    daemon.start()
    daemon.drop("walk.md", POST)
    with closing(sqlite3.connect(tmp_path / "state/ledger.sqlite")) as ledger:
        wait(lambda: ledger.execute("SELECT 1 FROM checked_chunks").fetchall())
    daemon.kill()
    with daemon:
        before = daemon.published("walk", POST)["takes"]
        assert daemon.ask("refresh", "walk.md").returncode == 0
        daemon.wait_idle()
        (daemon.inbox / "walk.md").rename(daemon.inbox / "stroll.md")
        assert daemon.published("stroll", POST)["takes"] == before
    assert before["retaken"] == 1
    assert len(mumbled(tmp_path)) == len(heard(tmp_path)) == 4


def test_hanging_ear_is_ended(tmp_path: Path) -> None:
    """An ear that hangs at a take is ended; that take is published unheard, the others heard."""
    settings = _settings(tmp_path, {}, hang_on="fox")
    settings["workers"] = {"silence": "2s"}  # the daemon measures it: a hang is nothing but time
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        takes = daemon.published("walk", POST)["takes"]
    assert (takes["checked"], takes["heard"], takes["doubtful"]) == (3, 2, 0)
    assert len(mumbled(tmp_path)) == 3


def test_ear_out_of_memory(tmp_path: Path) -> None:
    """A take for which the ear has no memory is published unheard, and ends no worker."""
    with Daemon(tmp_path, **_settings(tmp_path, {}, starve_on="fox")) as daemon:
        daemon.drop("walk.md", POST)
        takes = daemon.published("walk", POST)["takes"]
        assert all(not each["restarts"] for each in daemon.status()["workers"])
    assert (takes["checked"], takes["heard"], takes["doubtful"]) == (3, 2, 0)
    assert len(mumbled(tmp_path)) == 3


def test_language_that_ears_lack(tmp_path: Path) -> None:
    """A post in a language that the ear does not hear is checked by its sound, and says so."""
    settings = _settings(tmp_path, {"lazy dog": ["silence", ""]}, languages=["de"])
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        takes = daemon.published("walk", POST)["takes"]
        told = daemon.ask("takes", "walk.md").stdout
    assert (takes["checked"], takes["heard"], takes["retaken"]) == (3, 0, 1)
    assert "checked by their signal alone; no hearing model listened" in told
    assert heard(tmp_path) == []


def test_note_is_heard_amid_a_story(tmp_path: Path) -> None:
    """A note that comes while a long post is listened to is heard and published before it."""
    held = tmp_path / "held"
    held.touch()
    settings = _settings(tmp_path, {}, held=str(held), rows=1, delay_s=0.1)
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("story.md", STORY)
        wait(lambda: _listening(daemon) == WINDOW)
        daemon.drop("walk.md", POST)
        wait(lambda: _listening(daemon) == WINDOW + 3)
        held.unlink()
        assert daemon.published("walk", POST)["takes"]["heard"] == 3
    last = max(at for at, text in enumerate(heard(tmp_path)) if "country" not in text)
    assert last < WINDOW  # in the order of their coming it would be heard after those


def _listening(daemon: Daemon) -> int:
    """The number of takes that wait for the ear."""
    return sum(each["listening"] for each in daemon.status()["reading"])
