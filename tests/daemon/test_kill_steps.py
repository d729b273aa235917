"""`kill -9` after each single step of a daemon: the next one brings it all to the same end."""

import io
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support import inquest
from support.daemon import Daemon, toy
from support.steps import KILLED, Lived, Lives

ROWS = 2
TEXT = "# A title\n\nThe first words.\n\nThe second words.\n"
SHARED = (
    *("make ", "mkdir ", "fsync ", "commit lease", "commit release", "commit add_take"),
    *("rename a take ", "rename a draft to audio", "unlink audio", "rmdir a job's", "rmdir work"),
    *("unlink control", "rename a draft to narrated.status", "commit manuscript"),
)
"""Steps that lives have in common; one scenario has its daemon killed after each of these, too."""


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 12), "blue").save(buffer, "PNG")
    return buffer.getvalue()


def _showing(picture: str) -> str:
    return f"{TEXT}\n![]({picture})\n"


def _nothing(daemon: Daemon) -> None:
    """An inbox that nobody has put anything into."""


def _post(daemon: Daemon) -> None:
    daemon.drop("blog/post.md", TEXT)


def _post_and_picture(daemon: Daemon) -> None:
    daemon.drop("blog/desk.png", _picture())
    daemon.drop("blog/post.md", _showing("desk.png"))


def _edit(daemon: Daemon) -> None:
    daemon.drop("blog/post.md", TEXT.replace("second", "other"))


def _rename(daemon: Daemon) -> None:
    (daemon.inbox / "moved").mkdir()
    (daemon.inbox / "blog/post.md").rename(daemon.inbox / "moved/new.md")


def _rename_and_edit(daemon: Daemon) -> None:
    _rename(daemon)
    daemon.drop("moved/new.md", f"---\nauthor: Ada\n---\n{TEXT}")


def _copy_alone(daemon: Daemon) -> None:
    """A move whose halves are seen by two daemons: the copy came while the original was there."""
    daemon.drop("blog/post.md", TEXT)
    daemon.drop("moved/new.md", TEXT)


def _take_original(daemon: Daemon) -> None:
    (daemon.inbox / "blog/post.md").unlink()


def _title(daemon: Daemon) -> None:
    """Words that stay, under a name that is said: a move with something to speak."""
    daemon.drop("blog/post.md", "Words without a title.\n")


def _fail(daemon: Daemon) -> None:
    daemon.drop("blog/post.md", "This will FAIL.\n")


def _other_format(daemon: Daemon) -> None:
    daemon.configure(**_settings(daemon.home), audio={"format": "flac"})
    _edit(daemon)


def _picture_alone(daemon: Daemon) -> None:
    daemon.drop("blog/desk.png", _picture())


def _show(daemon: Daemon) -> None:
    daemon.drop("blog/post.md", _showing("desk.png"))


def _unwanted(daemon: Daemon) -> None:
    daemon.drop("blog/post.md", f"---\nnarrate: false\n---\n{TEXT}")


def _remove(daemon: Daemon) -> None:
    (daemon.inbox / "blog/post.md").unlink()


def _settings(home: Path) -> dict[str, Any]:
    return {**toy(home, rows=ROWS), "settle": "0ms", "log": "warning"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """What was narrated before, and what is done to the inbox then."""

    before: Callable[[Daemon], None]
    change: Callable[[Daemon], None]
    settings: dict[str, Any] = field(default_factory=dict)
    watch: bool = False
    all_steps: bool = False


SCENARIOS = {
    "a new post with a picture": Scenario(_nothing, _post_and_picture, all_steps=True),
    "an edit": Scenario(_post, _edit),
    "a rename": Scenario(_post, _rename),
    "a rename with an edit": Scenario(_post, _rename_and_edit),
    "a rename that changes the title": Scenario(_title, _rename),
    "a copy whose original goes": Scenario(_copy_alone, _take_original),
    "an edit and another format": Scenario(_post, _other_format),
    "a failure": Scenario(_post, _fail),
    "a recovery": Scenario(_fail, _post),
    "a withdrawal": Scenario(
        _post, _remove, {"removed": "withdraw", "withdraw_after": "0s"}, watch=True
    ),
    "archived afterwards": Scenario(
        _nothing, _post_and_picture, {"after": "archive", "archive": "archive"}
    ),
    "a picture becomes part of a post": Scenario(_picture_alone, _show),
    "a picture is part of a post no more": Scenario(_post_and_picture, _post),
    "no longer to be narrated": Scenario(_post, _unwanted),
}


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with Lives() as running:
        yield running


class Stage:
    """One scenario, set up again and again."""

    def __init__(self, home: Path, scenario: Scenario, lives: Lives) -> None:
        self._kept = home / "kept"
        self._scenario = scenario
        self._lives = lives
        self._daemon = Daemon(home / "home", **{**_settings(home / "home"), **scenario.settings})
        scenario.before(self._daemon)
        assert lives.live(self._daemon).code == 0
        shutil.copytree(self._daemon.home, self._kept)

    def set(self) -> Daemon:
        """All as it was before, and the inbox changed."""
        home = self._daemon.home
        shutil.rmtree(home)
        shutil.copytree(self._kept, home)
        _recognise(home)
        self._scenario.change(self._daemon)
        return self._daemon

    def live(self, kill_at: tuple[str, int] = ("", 1)) -> Lived:
        """One life of a daemon there."""
        return self._lives.live(self._daemon, kill_at, watch=self._scenario.watch)

    def end(self) -> tuple[dict[str, str], Counter[str]]:
        """What stands there in the end, where all agrees; and how often each text was spoken."""
        inquest.verify(self._daemon)
        outbox = self._daemon.outbox
        words = {
            name: (outbox / name).read_text()
            for name in self._daemon.files
            if name.endswith(".vtt")  # others tell the time, or where it was narrated first
        }
        names = {f"outbox/{name}" for name in self._daemon.files - words.keys()}
        for folder in (self._daemon.inbox, self._daemon.home / "archive"):
            names |= {str(path.relative_to(folder.parent)) for path in folder.rglob("*")}
        return words | dict.fromkeys(names, ""), Counter(self._daemon.spoken)


def _recognise(home: Path) -> None:
    """Have a ledger that was copied know the files that were copied with it."""
    db = sqlite3.connect(home / "state/ledger.sqlite")
    with db:
        for (path,) in db.execute("SELECT path FROM sources WHERE gone_at IS NULL").fetchall():
            seen = (home / "inbox" / os.fsdecode(path)).stat()
            db.execute(
                "UPDATE sources SET inode = ?, mtime_ns = ?, ctime_ns = ? WHERE path = ?",
                (seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns, path),
            )
    db.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_after_any_step_it_comes_to_the_same_end(
    name: str, lives: Lives, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    scenario = SCENARIOS[name]
    stage = Stage(tmp_path, scenario, lives)
    stage.set()
    undisturbed = stage.live()
    assert undisturbed.code == 0
    files, spoken = stage.end()
    problems: list[str] = []
    wanted = [
        step
        for step in undisturbed.numbered
        if scenario.all_steps or not step[0].startswith(SHARED)
    ]
    repeated = killed = 0
    for step in wanted:
        daemon = stage.set()
        killed += stage.live(step).code == KILLED
        assert stage.live().code == 0, f"{step}\n{daemon.log}"
        try:
            standing, again = stage.end()
            assert standing == files, f"{sorted(standing)}, not {sorted(files)}"
            twice = again - spoken
            repeated = max(repeated, twice.total())
            assert twice.total() <= ROWS, f"spoken again: {list(twice.elements())}"
        except AssertionError as error:
            problems.append(f"after `{step[0]}` ({step[1]}): {error}")
    figure(f"{killed} of {len(wanted)} steps were a daemon's last; spoken again: {repeated}")
    assert not problems, "\n\n".join(problems)
