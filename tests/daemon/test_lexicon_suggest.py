"""`narrated lexicon suggest`: what was misheard, and what a voice may not know."""

import json
from pathlib import Path

from support.daemon import Daemon
from support.mumbling import ear, mumbling

POST = "# The move\n\nWe moved all of it to our own machines with terraform in June.\n"


def test_misheard_words_are_listed(tmp_path: Path) -> None:
    """A word that the ear hears otherwise in every take is listed before those by their letters."""
    settings = mumbling(tmp_path)
    settings["engines"]["ear"] = ear(tmp_path, mishears={"terraform": "bananas on toast"})
    daemon = Daemon(tmp_path, **settings, takes={"hearing": "ear"})
    daemon.drop("post.md", POST)
    daemon.drop("below/other.md", "We use nginx, and Nginx it is.\n")
    assert daemon.ask("once", "--quiet").returncode == 0
    found = json.loads(daemon.ask("lexicon", "suggest", str(daemon.inbox), "--json").stdout)
    assert [(each["word"], each["heard"]) for each in found["misheard"]] == [
        ("terraform", ["bananas on toast"])
    ]
    assert [(each["word"], each["count"]) for each in found["unknown"]] == [("nginx", 2)]
    told = daemon.ask("lexicon", "suggest", str(daemon.inbox)).stdout.splitlines()
    assert told[:2] == [
        "Heard otherwise by the hearing model:",
        '     3  terraform  heard as "bananas on toast"',
    ]
    below = json.loads(
        daemon.ask("lexicon", "suggest", str(daemon.inbox / "below"), "--json").stdout
    )
    assert below["misheard"] == [] and len(below["unknown"]) == 1


def test_words_of_good_takes_are_listed(tmp_path: Path) -> None:
    """A misheard word or name that costs no take is listed while a file of the folder has it."""
    settings = mumbling(tmp_path)
    settings["engines"]["ear"] = ear(tmp_path, mishears={"moved": "mooned", "june": "august"})
    daemon = Daemon(tmp_path, **settings, takes={"hearing": "ear"})
    daemon.drop("post.md", POST)
    assert daemon.ask("once", "--quiet").returncode == 0
    assert daemon.manifest("post")["takes"]["retaken"] == 0
    suggest = "lexicon", "suggest", str(daemon.inbox), "--json"
    found = json.loads(daemon.ask(*suggest).stdout)["misheard"]
    assert {each["word"]: each["heard"] for each in found} == {
        "moved": ["mooned"],
        "June": ["august"],
    }
    daemon.drop("lexicon.yaml", "words: {moved: moove d}\n")
    found = json.loads(daemon.ask(*suggest).stdout)["misheard"]
    assert [each["word"] for each in found] == ["June"]


def test_unreadable_file_is_told(tmp_path: Path) -> None:
    """A file that cannot be read is told, and the words of the others are listed."""
    daemon = Daemon(tmp_path)
    daemon.drop("broken.md", "---\nspeed: 99\n---\nText.\n")
    daemon.drop("post.md", "We use nginx.\n")
    asked = daemon.ask("lexicon", "suggest", str(daemon.inbox))
    assert asked.returncode == 1
    assert "broken.md  NOT READ" in asked.stdout and "nginx" in asked.stdout
