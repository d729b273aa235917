"""Bad takes are spoken again, the best is published, and the manifest tells it."""

from pathlib import Path
from typing import Any

from support.daemon import Daemon
from support.mumbling import ear, heard, mumbled, mumbling

POST = "# A walk\n\nThe lazy dog sleeps in the sun today.\n\nA quick fox jumps over the fence.\n"
HEARD = {"check": "ears", "hearing": "ear"}


def _with_ear(home: Path, voice: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Settings of a daemon whose takes are heard."""
    engines = {**voice["engines"], "ear": ear(home, **options)}
    return {**voice, "engines": engines, "takes": HEARD}


def _takes(home: Path, part: str) -> list[tuple[int, str]]:
    """The takes that were spoken of a text, with the trouble of each, in order."""
    return [(each["take"], each["kind"]) for each in mumbled(home) if part in each["text"]]


def test_bad_take_is_spoken_again(tmp_path: Path) -> None:
    """A cut take gives way to the next, which is published, and told in the manifest."""
    spoils = {"lazy dog": ["silence", ""]}
    with Daemon(tmp_path, **mumbling(tmp_path, spoils=spoils)) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        assert _takes(tmp_path, "lazy dog") == [(0, "silence"), (1, "")]
        assert _takes(tmp_path, "quick fox") == [(0, "")]
        takes = daemon.manifest("walk")["takes"]
    assert (takes["checked"], takes["heard"], takes["retaken"], takes["doubtful"]) == (3, 0, 1, 0)


def test_ear_hears_what_was_not_said(tmp_path: Path) -> None:
    """Words that sound well and are not the text's are heard, and spoken again."""
    voice = mumbling(tmp_path, spoils={"lazy dog": ["garbage", ""]})
    with Daemon(tmp_path, **_with_ear(tmp_path, voice)) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        assert _takes(tmp_path, "lazy dog") == [(0, "garbage"), (1, "")]
        takes = daemon.manifest("walk")["takes"]
    assert (takes["checked"], takes["heard"], takes["doubtful"]) == (3, 3, 0)
    assert len(heard(tmp_path)) == 4
