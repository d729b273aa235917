"""`narrated estimate`: what a folder asks of the engines, from rates that were measured here."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.daemon import TESTS, Daemon, running, toy, wait

POST = "# A post\n\nIt has a line.\n\nAnd it has another line, which is somewhat longer.\n"
PICTURE = TESTS.parent / "docs/sample/desk.png"
DELAY_S = 0.1


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that has narrated a post with a picture: its voice and captioner are measured."""
    home = tmp_path_factory.mktemp("measured")
    with running(home, **_settings(home)) as ready:
        shutil.copy(PICTURE, ready.inbox / "desk.png")
        ready.drop("post.md", POST + "\n![](desk.png)\n")
        ready.manifest("post")
        yield ready


def _settings(home: Path, **more: Any) -> dict[str, Any]:
    settings = toy(home, rows=1, delay_s=DELAY_S)
    path = str(TESTS / "engines")
    eyes = {"kind": "caption", "module": "toy", "path": path, "options": {"kind": "caption"}}
    settings["engines"] |= {"eyes": eyes, "unheard": {"module": "toy", "path": path}}
    return {**settings, "pictures": {"captions": "eyes"}, **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder outside of the inbox."""
    found = tmp_path / "blog"
    found.mkdir()
    return found


def _told(daemon: Daemon, folder: Path) -> dict[str, Any]:
    return dict(json.loads(daemon.ask("estimate", str(folder), "--json").stdout))


def _lines(daemon: Daemon, folder: Path) -> list[str]:
    return daemon.ask("estimate", str(folder)).stdout.splitlines()


def test_estimate_is_what_follows(daemon: Daemon, folder: Path) -> None:
    """The sound of a post is estimated as long as its narration is, and the work as it was."""
    text = POST.replace("has", "had")
    (folder / "later.md").write_text(text)
    told = _told(daemon, folder)
    (voice,) = told["estimate"]["voices"]
    assert (voice["engine"], voice["voice"], voice["measured"]) == ("toy", "toy", "voice")
    daemon.drop("later.md", text)
    duration_s = daemon.published("later", text)["duration_s"]
    # Takes are trimmed by up to 60 ms each, and padded.
    assert voice["sound_s"] == pytest.approx(duration_s, abs=0.1 * (voice["chunks"] + 1))
    # A step of the toy sleeps, so its requests took no less.
    assert voice["work_s"] > 0.9 * DELAY_S
    assert told["estimate"]["totals"]["work_s"] == voice["work_s"]


def test_estimate_follows_the_speed(daemon: Daemon, folder: Path) -> None:
    """At twice the speed, the sound is estimated half as long, and the work the same."""
    (folder / "post.md").write_text(POST)
    (slow,) = _told(daemon, folder)["estimate"]["voices"]
    (folder / "post.md").write_text(f"---\nspeed: 2\n---\n{POST}")
    (fast,) = _told(daemon, folder)["estimate"]["voices"]
    assert fast["sound_s"] == pytest.approx(slow["sound_s"] / 2)
    assert fast["work_s"] == slow["work_s"]


def test_estimate_counts_what_is_said(daemon: Daemon, folder: Path) -> None:
    """The characters are those of the chunks that the script shows."""
    (folder / "post.md").write_text(POST)
    script = json.loads(daemon.ask("script", str(folder / "post.md"), "--json").stdout)
    characters = sum(len(chunk["text"]) for chunk in script["chunks"])
    (voice,) = _told(daemon, folder)["estimate"]["voices"]
    assert (voice["characters"], voice["chunks"]) == (characters, len(script["chunks"]))
    first, second, *_ = _lines(daemon, folder)
    assert first == f"{folder}: 1 file to narrate"
    assert second.startswith(f"  toy, toy: {characters} characters; about ")
    assert second.endswith(" of work")


def test_estimate_tells_fates_of_files(daemon: Daemon, folder: Path) -> None:
    """What is not narrated is counted apart; a file that cannot be read is named, and exits 1."""
    (folder / "post.md").write_text(f"{POST}\n![](desk.png)\n")
    shutil.copy(PICTURE, folder / "desk.png")
    shutil.copy(PICTURE, folder / "alone.png")
    (folder / "silent.md").write_text("---\nnarrate: false\n---\nNot this.\n")
    (folder / "draft.md").write_text("---\ndraft: true\n---\nNot yet.\n")
    (folder / "broken.md").write_text("---\nnarrate: so\n---\nText.\n")
    (folder / "post (Ann's conflicted copy 2026-11-22).md").write_text(POST)
    done = daemon.ask("estimate", str(folder))
    assert done.returncode == 1
    first, *_, last = done.stdout.splitlines()
    assert first == (
        f"{folder}: 2 files to narrate; 1 not narrated (narrate: false); "
        "1 held back as drafts; 1 shown by posts, and described there; 1 could not be read"
    )
    assert last.startswith("broken.md  NOT READ: ")
    told = _told(daemon, folder)
    assert told["files"] == {
        "narrated": 2,
        "silent": 1,
        "held_back": 1,
        "too_old": 0,
        "to_review": 0,
        "shown": 1,
        "unread": 1,
        "already": 0,
    }
    captions = told["estimate"]["captions"]
    assert (captions["engine"], captions["pictures"]) == ("eyes", 2)
    assert captions["work_s"] >= 0


def test_inbox_tells_what_is_left(daemon: Daemon) -> None:
    """In the inbox, what is narrated already is told, and the rest as left."""
    told = _told(daemon, daemon.inbox)
    assert told["files"]["already"] == told["files"]["narrated"]
    assert told["left"]["totals"]["files"] == 0
    assert any(line.endswith("; nothing is left") for line in _lines(daemon, daemon.inbox))
    daemon.ask("pause")
    daemon.drop("fresh.md", POST.replace("post", "fresh post"))
    wait(lambda: daemon.history("fresh.md"))
    left = _told(daemon, daemon.inbox)["left"]
    daemon.ask("resume")
    assert (left["totals"]["files"], left["voices"][0]["engine"]) == (1, "toy")
    assert left["totals"]["work_s"] > 0
    daemon.manifest("fresh")


def test_unmeasured_engine_is_told(daemon: Daemon, folder: Path) -> None:
    """A configured engine that never spoke is told as such, with how to measure it."""
    (folder / "post.md").write_text(POST)
    lines = _lines(daemon, folder)
    assert any(line.startswith("instead, unheard: ") for line in lines)
    assert (
        "unheard was not measured yet: narrate a post with it, or ask the running daemon for a "
        "sample (`narrated say`, or `narrated voices audition NAME --engine unheard`), and "
        "estimate again."
    ) in lines
    assert [each["work_s"] for each in _told(daemon, folder)["instead"]] == [None]


def test_sample_measures_an_engine(tmp_path: Path, folder: Path) -> None:
    """A sample that the daemon speaks measures its engine; the rate outlives a kill."""
    (folder / "post.md").write_text(POST)
    with running(tmp_path, **_settings(tmp_path)) as daemon:
        assert _lines(daemon, folder)[1].endswith("; not measured on this machine")
        assert _lines(daemon, folder)[2] == "in all: unknown until toy has spoken here"
        sample = str(tmp_path / "audition")
        daemon.ask("voices", "audition", "other", "--engine", "toy", "-o", sample)
        assert _told(daemon, folder)["estimate"]["voices"][0]["measured"] == "engine"
        daemon.ask("say", "This is a sample.", "-o", str(tmp_path / "said.mp3"))
        with_daemon = _told(daemon, folder)
        assert with_daemon["estimate"]["voices"][0]["measured"] == "voice"
        daemon.kill()
        assert _told(daemon, folder) == with_daemon
        ledger = tmp_path / "state/ledger.sqlite"
        ledger.chmod(0)
        refused = daemon.ask("estimate", str(folder), as_anybody=True)
        assert "The measured rates cannot be read: No daemon runs that could answer." in (
            refused.stdout
        )
        assert "in all: unknown until the measured rates can be read\n" in refused.stdout
        assert "not measured" not in refused.stdout
        assert refused.returncode == 0
        ledger.chmod(0o600)


def test_cover_is_not_described(daemon: Daemon, folder: Path) -> None:
    """A cover that front matter names asks nothing of the captioner, and is no file of its own."""
    (folder / "post.md").write_text(f"---\ncover: desk.png\n---\n{POST}")
    shutil.copy(PICTURE, folder / "desk.png")
    told = _told(daemon, folder)
    assert told["estimate"]["captions"] is None
    assert (told["files"]["narrated"], told["files"]["shown"]) == (1, 1)


def test_narrated_drafts_are_counted(tmp_path: Path) -> None:
    """A draft that was narrated and is to stay so counts as narrated, not as held back."""
    settings = _settings(tmp_path)
    daemon = Daemon(tmp_path, **settings, reading={"drafts": "narrate"})
    daemon.drop("draft.md", f"---\ndraft: true\n---\n{POST}")
    assert daemon.ask("once").returncode == 0
    daemon.configure(**settings)
    daemon.drop("other.md", f"---\ndraft: true\n---\n{POST}")
    told = _told(daemon, daemon.inbox)["files"]
    assert (told["narrated"], told["already"], told["held_back"]) == (1, 1, 1)


def test_since_and_hours_are_counted(tmp_path: Path, folder: Path) -> None:
    """Posts that `since` leaves out are not counted, and `hours` tell on how many days it works."""
    for year in (2019, 2024):
        (folder / f"{year}-05-01-post.md").write_text(POST)
    settings = _settings(tmp_path, since="2024-01-01", hours="22:00-07:00")
    daemon = Daemon(tmp_path, **settings)
    daemon.drop("post.md", POST)
    assert daemon.ask("once").returncode == 0
    lines = _lines(daemon, folder)
    assert lines[0] == f"{folder}: 1 file to narrate; 1 older than `since`"
    assert "With `hours`, 9 h a day, that is 1 day." in lines


def test_empty_folder_has_no_work(daemon: Daemon, folder: Path) -> None:
    """A folder without posts is no failure."""
    done = daemon.ask("estimate", str(folder))
    assert (done.returncode, done.stdout) == (0, f"{folder}: 0 files to narrate\n")
    assert daemon.ask("estimate", str(folder / "none")).returncode == 2


def test_only_posts_are_estimated(daemon: Daemon, tmp_path: Path) -> None:
    """What narrated wrote, devices and pipes are no posts; a file is told to lie in a folder."""
    home, pipe = daemon.home, tmp_path / "pipe"
    os.mkfifo(pipe)
    os.mkfifo(tmp_path / "pipe.md")
    refused = daemon.ask("estimate", str(pipe))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"{pipe} is no folder. Name a folder of posts." in refused.stderr
    assert "0 files to narrate" in _lines(daemon, tmp_path)[0]
    before = _told(daemon, home)["files"]["narrated"]
    (daemon.outbox / "sub").mkdir()
    (daemon.outbox / "sub/post.error.txt").write_text("It failed.\n")
    assert _told(daemon, home)["files"]["narrated"] == before
    refused = daemon.ask("estimate", str(daemon.outbox))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "holds what narrated writes. Name a folder of posts." in refused.stderr
