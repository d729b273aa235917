"""The order of work: one post after another, the newest first, and nobody waits for an engine."""

import os
import signal
import sys
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.daemon import TESTS, Daemon, running, toy, wait
from support.published import is_manifest

ROWS = 4


def _with_other_engine(home: Path, **options: Any) -> dict[str, Any]:
    """The toy, and `heavy`, another one in a worker of its own."""
    settings = toy(home)
    python = home / "python"
    python.symlink_to(sys.executable)
    settings["engines"]["heavy"] = {
        "module": "toy",
        "path": str(TESTS / "engines"),
        "python": str(python),
        "options": {"seconds_a_character": 0.005, **options},
    }
    return settings


def _post(title: str, chunks: int) -> str:
    """A post that is no short note."""
    said = " ".join(["so", "it", "was"] * 20)
    paragraphs = (f"{title} paragraph {n} says {said} at {n}." for n in range(chunks))
    return "\n\n".join(paragraphs) + "\n"


def _states(daemon: Daemon) -> dict[str, int]:
    return dict(daemon.status()["counts"])


def test_posts_are_finished_in_turn(tmp_path: Path) -> None:
    """Of twelve equal posts the first is spoken before the next takes more than idle slots."""
    held = tmp_path / "held"
    held.touch()
    titles = [f"post{n:02}" for n in range(12)]
    with running(tmp_path, **toy(tmp_path, rows=ROWS, held=str(held))) as daemon:
        for title in titles:
            daemon.drop(f"{title}.txt", _post(title, 16))
        wait(lambda: _states(daemon).get("speaking") == 12, lambda: daemon.log)
        held.unlink()
        for title in titles:
            daemon.manifest(title)
        spoken = [text.partition(" paragraph ")[0] for text in daemon.spoken if "paragraph" in text]
    chunks = len(spoken) // 12
    assert chunks >= 16
    ends = sorted(len(spoken) - spoken[::-1].index(title) for title in set(spoken))
    assert ends[0] <= 1.5 * chunks
    # Each post is behind those before it alone: slots that idle at an end go to the next one.
    assert all(end <= (n + 1.5) * chunks for n, end in enumerate(ends))


def test_first_post_is_encoded_first(tmp_path: Path) -> None:
    """Of twelve posts whose engine is faster than encoding, one is out before most are spoken."""
    held = tmp_path / "held"
    held.touch()
    chunks = 10
    # So much sound that it takes longer to encode than to speak.
    settings = toy(tmp_path, rows=ROWS, held=str(held), seconds_a_character=0.06)
    with running(tmp_path, **settings) as daemon:
        for n in range(12):
            daemon.drop(f"post{n:02}.txt", _post(f"post{n:02}", chunks))
        wait(lambda: _states(daemon).get("speaking") == 12, lambda: daemon.log)
        held.unlink()
        wait(lambda: _published(daemon), lambda: daemon.log)
        first_ns = min(path.stat().st_mtime_ns for path in _published(daemon))
        takes = [path.stat().st_mtime_ns for path in (tmp_path / "cache").glob("??/*.flac")]
    before = sum(take_ns < first_ns for take_ns in takes)
    assert chunks <= before <= 4 * chunks


def _published(daemon: Daemon) -> list[Path]:
    return [path for path in daemon.outbox.glob("*.json") if is_manifest(path.name)]


def test_loading_engine_delays_nobody(tmp_path: Path) -> None:
    """Posts whose engine loads hold up no note for a warm voice, however many they are."""
    settings = _with_other_engine(tmp_path, hang_at_load=str(tmp_path / "hangs"))
    (tmp_path / "hangs").touch()
    with running(tmp_path, **settings) as daemon:
        for n in range(60):
            daemon.drop(f"heavy{n}.md", f"---\nengine: heavy\n---\nHeavy post {n}.\n")
        wait(lambda: daemon.status()["queued"] == 60, lambda: daemon.log)
        daemon.drop("note.md", "A short note for the warm voice.\n")
        daemon.manifest("note")
        status = daemon.status()
        assert status["queued"] == 60
        assert status["state"] == "working"
        assert not status["failed"] and not status["waiting"]
        (tmp_path / "hangs").unlink()
        heavy = next(
            each
            for each in status["workers"]
            if "heavy" not in each["engines"] and each["state"] == "starting"
        )
        os.kill(heavy["pid"], signal.SIGKILL)  # the next start of it loads
        for n in range(60):
            daemon.manifest(f"heavy{n}")


def test_slow_engine_delays_nobody(tmp_path: Path) -> None:
    """Posts that a slow engine speaks hold up no post of another engine."""
    held = tmp_path / "held"
    held.touch()
    with running(tmp_path, **_with_other_engine(tmp_path, held=str(held))) as daemon:
        for n in range(60):
            daemon.drop(f"heavy{n}.md", f"---\nengine: heavy\n---\n{_post(f'heavy{n}', 10)}")
        wait(lambda: _states(daemon).get("planned", 0) > 40, lambda: daemon.log)
        daemon.drop("post.md", _post("warm", 10))
        daemon.manifest("post")


BLOG = {
    "undated.md": "amber",
    "by-text-2022.md": "birch",
    "2021-06-01-by-name.md": "cedar",
    "by-text-2019.md": "delta",
    "2013-06-01-by-name.md": "ember",
    "2007-06-01-by-name.md": "flint",
    "by-text-2003.md": "grove",
}
"""Posts, the newest first, each with a word that it says: dated by name, by text, or today."""


def _blog() -> dict[str, str]:
    """The posts, so that neither their names nor their places tell the order."""
    posts = {}
    for name, word in sorted(BLOG.items(), key=lambda item: item[1][::-1]):
        day = f"---\ndate: {name[8:12]}-01-31\n---\n" if "by-text" in name else ""
        posts[name] = day + _post(word, 10)
    return posts


def _begun(daemon: Daemon) -> list[str]:
    """The words of the blog's posts in the order in which the posts were begun."""
    firsts = (text.partition(" paragraph ")[0] for text in daemon.spoken)
    return [word for word in dict.fromkeys(firsts) if word in BLOG.values()]


def _drop_together(daemon: Daemon, files: dict[str, str]) -> None:
    """Drop a folder of posts by one rename, as a synchroniser's last step or `mv` does."""
    staged = daemon.home / "staged"
    for name, text in files.items():
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        (staged / name).write_text(text)
    staged.rename(daemon.inbox / "blog")


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_dates_decide_the_order(tmp_path: Path, order: str) -> None:
    """Posts that wait together are read by their dates, the newest first, or the oldest."""
    held = tmp_path / "held"
    held.touch()
    with running(tmp_path, **toy(tmp_path, rows=1, held=str(held)), order=order) as daemon:
        daemon.drop("first.md", _post("first", 10))
        wait(lambda: _states(daemon).get("speaking") == 1, lambda: daemon.log)
        _drop_together(daemon, _blog())
        wait(lambda: _states(daemon).get("speaking") == 8, lambda: daemon.log)
        held.unlink()
        daemon.wait_idle()
        newest = list(BLOG.values())
        assert _begun(daemon) == (newest if order == "newest" else newest[::-1])


def test_changed_order_applies_at_once(tmp_path: Path) -> None:
    """After a reload posts that wait already follow the other order."""
    held = tmp_path / "held"
    held.touch()
    settings = toy(tmp_path, rows=1, held=str(held))
    with running(tmp_path, **settings) as daemon:
        daemon.drop("first.md", _post("first", 10))
        wait(lambda: _states(daemon).get("speaking") == 1, lambda: daemon.log)
        _drop_together(daemon, _blog())
        wait(lambda: _states(daemon).get("speaking") == 8, lambda: daemon.log)
        daemon.configure(**settings, order="oldest")
        before = len(daemon.statuses)
        daemon.signal(signal.SIGHUP)
        daemon.wait_told("READY=1", before)
        held.unlink()
        daemon.wait_idle()
        assert _begun(daemon) == list(BLOG.values())[::-1]


def test_since_leaves_an_archive_alone(tmp_path: Path) -> None:
    """Posts older than `since` are listed and not narrated; a refresh follows another date."""
    with running(tmp_path, since="2019-01-31", pictures={"wait": "0s"}) as daemon:
        old_picture = {"by-text-2003.md": f"{_blog()['by-text-2003.md']}\n![](old.png)\n"}
        _drop_together(daemon, _blog() | old_picture)
        new, old = list(BLOG)[:4], list(BLOG)[4:]
        for name in new:
            daemon.manifest(f"blog/{name.removesuffix('.md')}")
        wait(lambda: daemon.status()["left_out_count"] == 3, lambda: daemon.log)
        daemon.drop("blog/old.png", "a picture of an old post")
        daemon.drop("later.txt", "It came after the picture.")
        daemon.manifest("later")
        daemon.wait_idle()
        assert daemon.history("blog/old.png") == []
        status = daemon.status()
        assert [path for path, _ in status["left_out"]] == sorted(f"blog/{name}" for name in old)
        assert dict(map(tuple, status["left_out"]))["blog/by-text-2003.md"] == "2003-01-31"
        assert status["state"] == "idle" and not status["failed"] and not status["waiting"]
        assert not any("2003" in name or "error" in name for name in daemon.files)
        assert "left out 3 older than `since`" in daemon.ask("status").stdout
        note = daemon.outbox / "narrated.status.txt"
        wait(lambda: "2003-01-31 blog/by-text-2003.md" in note.read_text(), note.read_text)
        daemon.configure(since="2010-01-01")
        before = len(daemon.statuses)
        daemon.signal(signal.SIGHUP)
        daemon.wait_told("READY=1", before)
        daemon.ask("refresh")
        daemon.manifest("blog/2013-06-01-by-name")
        wait(lambda: daemon.status()["left_out_count"] == 2, lambda: daemon.log)
        (daemon.inbox / "blog/by-text-2003.md").unlink()
        wait(lambda: daemon.status()["left_out_count"] == 1, lambda: daemon.log)


def test_since_keeps_what_is_narrated(tmp_path: Path) -> None:
    """A post that is narrated already follows its edits, whatever its date."""
    with running(tmp_path) as daemon:
        daemon.drop("old.md", "---\ndate: 2001-02-03\n---\nAs it was.\n")
        daemon.manifest("old")
        daemon.configure(since="2020-01-01")
        before = len(daemon.statuses)
        daemon.signal(signal.SIGHUP)
        daemon.wait_told("READY=1", before)
        edited = "---\ndate: 2001-02-03\n---\nAs it is now.\n"
        daemon.drop("old.md", edited)
        daemon.published("old", edited)
        assert daemon.status()["left_out_count"] == 0


def test_changed_settings_yield(tmp_path: Path) -> None:
    """A settings change to many posts yields to a post that comes while they are read again."""
    held = tmp_path / "held"
    many = 60
    with running(tmp_path, **toy(tmp_path, rows=1, held=str(held))) as daemon:
        for n in range(many):
            daemon.drop(f"all/{n}.txt", f"Text {n} says {' and '.join(['so'] * 20)}.\n")
        for n in range(many):
            daemon.manifest(f"all/{n}")
        daemon.wait_idle()
        held.touch()
        (daemon.inbox / "all/.narrated.yaml").write_text("voice: other\n")
        wait(lambda: _states(daemon).get("planned", 0) > many // 2, lambda: daemon.log)
        before = len(daemon.spoken)
        daemon.drop("new.txt", _post("new", 10))
        wait(lambda: (daemon.history("new.txt") or [""])[-1] == "speaking", lambda: daemon.log)
        held.unlink()
        daemon.manifest("new")
        daemon.wait_idle()
        spoken = daemon.spoken[before:]
    mine = [place for place, text in enumerate(spoken) if "paragraph" in text]
    others = [text for text in spoken[: mine[-1]] if "paragraph" not in text]
    # They have a fifth meanwhile; a few were in flight before.
    assert sum(map(len, others)) <= sum(len(spoken[place]) for place in mine) / 4 + 300


def test_edit_goes_before_new_posts(tmp_path: Path) -> None:
    """An edit of what is published is spoken while new posts wait: it has twice their share."""
    held = tmp_path / "held"
    with running(tmp_path, **toy(tmp_path, rows=1, held=str(held))) as daemon:
        daemon.drop("edited.txt", _post("first", 10))
        daemon.manifest("edited")
        held.touch()
        for word in list(BLOG.values())[:6]:
            daemon.drop(f"{word}.txt", _post(word, 10))
        wait(lambda: _states(daemon).get("speaking") == 6, lambda: daemon.log)
        edited = _post("second", 10)
        daemon.drop("edited.txt", edited)
        wait(lambda: _states(daemon).get("speaking") == 7, lambda: daemon.log)
        before = len(daemon.spoken)
        held.unlink()
        daemon.published("edited", edited)
        spoken = daemon.spoken[before:]
    mine = [place for place, text in enumerate(spoken) if text.startswith("second")]
    others = spoken[: mine[-1] + 1]
    share = sum(len(text) for text in others if text.startswith("second")) / sum(map(len, others))
    assert share > 0.5  # 2 to 1, less the requests in flight at its beginning


def test_time_left_counts_what_waits(tmp_path: Path) -> None:
    """The time left of a post counts the posts before it, and stands while nothing is finished."""
    held = tmp_path / "held"
    with running(tmp_path, **toy(tmp_path, rows=2, delay_s=0.05, held=str(held))) as daemon:
        daemon.drop("first.txt", _post("first", 10))
        daemon.manifest("first")
        held.touch()
        words = ["amber", "birch", "cedar"]
        for word in words:
            daemon.drop(f"{word}.txt", _post(word, 10))
            wait(lambda word=word: _left(daemon, f"{word}.txt"), lambda: daemon.log)
        looks = [[_left(daemon, f"{word}.txt") for word in words] for _ in range(5)]
        held.unlink()
        for word in words:
            daemon.manifest(word)
    first, second, third = looks[0]
    assert 1.5 * first < second < third
    for before, after in pairwise(looks):
        assert all(0.5 < now / then < 2 for then, now in zip(before, after, strict=True))


def _left(daemon: Daemon, path: str) -> float:
    reading = {each["path"]: each["left_s"] for each in daemon.status()["reading"]}
    return float(reading.get(path) or 0.0)


def _picture(number: int) -> bytes:
    """A picture of its own colour: on a busy machine it may be an item before its post is seen."""
    painted = BytesIO()
    Image.new("RGB", (8, 8), (number, 0, 0)).save(painted, "PNG")
    return painted.getvalue()


def test_slow_captions_delay_nobody(tmp_path: Path) -> None:
    """Posts whose pictures are described slowly hold up no post without pictures."""
    held = tmp_path / "held"
    held.touch()
    settings = toy(tmp_path)
    options = {"kind": "caption", "rows": 1, "held": str(held)}
    seer = {**settings["engines"]["toy"], "kind": "caption", "options": options}
    settings["engines"]["seer"] = seer
    with running(tmp_path, **settings, pictures={"captions": "seer"}) as daemon:
        for n in range(40):
            daemon.drop(f"shown{n}.png", _picture(n))
            daemon.drop(f"post{n}.md", f"![](shown{n}.png)\n\n{_post(f'shown {n}', 10)}")
        wait(lambda: daemon.status()["queued"] > 20, lambda: daemon.log)
        daemon.drop("plain.md", _post("plain", 10))
        daemon.manifest("plain")
        assert not daemon.status()["failed"]
        held.unlink()
        for n in range(40):
            daemon.manifest(f"post{n}")
        assert "A picture of" in (daemon.outbox / "post39.vtt").read_text()
