"""Drafts and posts of a date to come are held back, told, and narrated once they are public."""

import json
import os
import signal
from pathlib import Path

from support.daemon import Daemon, running, wait
from support.published import is_manifest, narration

PICTURE = Path(__file__).parents[2] / "docs/sample/desk.png"
WORDS = "Said once it is public.\n"
DRAFT = f"---\ndraft: true\n---\n{WORDS}"


def _held(daemon: Daemon) -> dict[str, str]:
    return dict(map(tuple, daemon.status()["held_back"]))


def _wait_held(daemon: Daemon, *paths: str) -> dict[str, str]:
    wait(lambda: set(paths) == set(_held(daemon)), lambda: f"{_held(daemon)}\n{daemon.log}")
    return _held(daemon)


def _reload(daemon: Daemon, **settings: object) -> None:
    before = len(daemon.statuses)
    daemon.configure(**settings)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", before)


def test_held_posts_are_told(tmp_path: Path) -> None:
    """What is no public post yet is not narrated, and the status says why of each."""
    with running(tmp_path) as daemon:
        daemon.drop("draft.md", DRAFT)
        daemon.drop("toml.md", f"+++\ndraft = true\n+++\n{WORDS}")
        daemon.drop("published.md", f"---\npublished: false\n---\n{WORDS}")
        daemon.drop("blog/_drafts/idea.md", WORDS)
        daemon.drop("dated.md", f"---\ndate: 2999-03-04\n---\n{WORDS}")
        daemon.drop("2999-03-04-named.md", WORDS)
        daemon.drop("false.md", f"---\ndraft: false\npublished: true\n---\n{WORDS}")
        daemon.manifest("false")
        held = _wait_held(
            daemon,
            *("draft.md", "toml.md", "published.md", "blog/_drafts/idea.md", "dated.md"),
            "2999-03-04-named.md",
        )
        assert held["draft.md"] == held["toml.md"] == "its front matter says `draft: true`"
        assert held["published.md"] == "its front matter says `published: false`"
        assert held["blog/_drafts/idea.md"] == "it lies in a folder `_drafts`"
        assert held["dated.md"] == "its date is 2999-03-04, which is to come"
        assert held["2999-03-04-named.md"] == held["dated.md"]
        daemon.wait_idle()
        assert daemon.status()["state"] == "idle"
        assert daemon.files == narration("false")
        told = daemon.ask("status").stdout
        assert "  held back draft.md: its front matter says `draft: true`\n" in told
        listed = json.loads(daemon.ask("status", "--json").stdout)
        assert listed["held_back_count"] == 6 == len(listed["held_back"])
        note = daemon.outbox / "narrated.status.txt"
        wait(lambda: "Held back until they are published" in note.read_text(), note.read_text)
        assert "held back: its front matter says" in daemon.ask("history", "draft.md").stdout
        daemon.stop()
        assert json.loads(daemon.ask("status", "--json").stdout)["held_back_count"] == 6


def test_draft_is_narrated_when_public(tmp_path: Path) -> None:
    """A draft is narrated when its source is published, moved out of `_drafts`, or wanted so."""
    with running(tmp_path) as daemon:
        daemon.drop("edited.md", DRAFT)
        daemon.drop("_drafts/moved.md", WORDS)
        daemon.drop("kept.md", DRAFT.replace("once", "when"))
        daemon.drop("2999-03-04-later.md", "At another time.\n")
        _wait_held(daemon, "edited.md", "_drafts/moved.md", "kept.md", "2999-03-04-later.md")
        daemon.drop("edited.md", WORDS)
        daemon.published("edited", WORDS)
        (daemon.inbox / "_drafts/moved.md").rename(daemon.inbox / "moved.md")
        daemon.published("moved", WORDS)
        _wait_held(daemon, "kept.md", "2999-03-04-later.md")
        (daemon.inbox / "2999-03-04-later.md").unlink()
        _wait_held(daemon, "kept.md")
        _reload(daemon, reading={"drafts": "narrate"})
        daemon.manifest("kept")
        assert _held(daemon) == {}


def test_published_draft_is_withdrawn(daemon: Daemon) -> None:
    """A post that becomes a draft loses its narration, as by `narrate: false`; it comes back."""
    daemon.drop("again/post.md", WORDS)
    daemon.published("again/post", WORDS)
    before = len(daemon.spoken)
    daemon.drop("again/post.md", DRAFT)
    wait(lambda: not any(name.startswith("again/") for name in daemon.files), lambda: daemon.log)
    _wait_held(daemon, "again/post.md")
    daemon.drop("again/post.md", WORDS)
    daemon.published("again/post", WORDS)
    assert len(daemon.spoken) == before
    assert _held(daemon) == {}


def test_move_to_drafts_withdraws(daemon: Daemon) -> None:
    """A published post that moves into `_drafts` loses its narration; a way back speaks nothing."""
    words = "Moved to and fro.\n"
    daemon.drop("blog/moved.md", words)
    daemon.published("blog/moved", words)
    before = len(daemon.spoken)
    (daemon.inbox / "blog/_drafts").mkdir()
    (daemon.inbox / "blog/moved.md").rename(daemon.inbox / "blog/_drafts/moved.md")
    _wait_held(daemon, "blog/_drafts/moved.md")
    wait(lambda: not any(name.startswith("blog/") for name in daemon.files), lambda: daemon.log)
    (daemon.inbox / "blog/_drafts/moved.md").rename(daemon.inbox / "blog/moved.md")
    daemon.published("blog/moved", words)
    assert len(daemon.spoken) == before


def test_update_keeps_narrated_drafts(tmp_path: Path) -> None:
    """A draft that is narrated already stays so until it changes, or is refreshed."""
    daemon = Daemon(tmp_path, reading={"drafts": "narrate"})
    posts = ("edited", "refreshed", "kept", "_drafts/placed", "2999-03-04-dated")
    with daemon:
        for stem in posts:
            daemon.drop(f"{stem}.md", DRAFT.replace("once", stem))
        for stem in posts:
            daemon.manifest(stem)
        daemon.wait_idle()
    daemon.configure()
    with daemon:
        for stem in posts:
            os.utime(daemon.inbox / f"{stem}.md")
        daemon.drop("edited.md", f"{DRAFT}\nMore.\n")
        daemon.ask("refresh", "refreshed.md")
        (daemon.inbox / "kept.md").rename(daemon.inbox / "renamed.md")
        daemon.drop(".narrated.yaml", "author: Ada\n")
        wait(lambda: "renamed.json" in daemon.files, lambda: daemon.log)
        wait(lambda: daemon.manifest("_drafts/placed")["author"] == "Ada", lambda: daemon.log)
        _wait_held(daemon, "edited.md", "refreshed.md")
        daemon.wait_idle()
        left = {name.removesuffix(".json") for name in daemon.files if is_manifest(name)}
        assert left == {"renamed", "_drafts/placed", "2999-03-04-dated"}


def test_pictures_of_drafts_are_held(tmp_path: Path) -> None:
    """A picture of a draft, or among drafts, is no item of its own."""
    with running(tmp_path, pictures={"wait": "0s"}) as daemon:
        daemon.drop("post.md", f"{DRAFT}\n![](shown.png)\n")
        _wait_held(daemon, "post.md")
        daemon.drop("shown.png", PICTURE.read_bytes())
        daemon.drop("_drafts/alone.png", PICTURE.read_bytes())
        daemon.drop("last.md", "It came last.\n")
        daemon.manifest("last")
        _wait_held(daemon, "post.md", "_drafts/alone.png")
        daemon.wait_idle()
        assert daemon.history("shown.png") == []
        (daemon.inbox / "post.md").unlink()
        daemon.manifest("shown")


def test_once_ends_though_drafts_wait(tmp_path: Path) -> None:
    """A single pass ends well, and tells what it held back."""
    daemon = Daemon(tmp_path)
    daemon.drop("draft.md", DRAFT)
    daemon.drop("post.md", WORDS)
    done = daemon.ask("once")
    assert done.returncode == 0, done.stderr
    assert "held back draft.md: its front matter says `draft: true`" in done.stdout
    assert "post.mp3" in daemon.files and "draft.mp3" not in daemon.files
    daemon.configure(reading={"drafts": "narrate"})
    assert daemon.ask("once").returncode == 0
    assert "draft.mp3" in daemon.files


def test_commands_tell_of_a_held_draft(daemon: Daemon) -> None:
    """Commands that cannot help a draft say that it is held back, why, and what to do."""
    daemon.drop("asked/draft.md", DRAFT)
    wait(lambda: "asked/draft.md" in _held(daemon), lambda: daemon.log)
    for command in ("retry", "refresh", "respeak"):
        refused = daemon.ask(command, "asked/draft.md")
        assert refused.returncode != 0
        assert "asked/draft.md is held back: its front matter says `draft: true`." in refused.stderr
        assert "`reading: {drafts: narrate}`" in refused.stderr
    shown = daemon.ask("script", str(daemon.inbox / "asked/draft.md"))
    assert "It is held back: its front matter says `draft: true`." in shown.stdout
    assert "Said once it is public." in shown.stdout
    checked = daemon.ask("script", "--check", str(daemon.inbox / "asked"))
    assert "(its front matter says `draft: true`)" in checked.stdout
    assert "1 file held back, and not counted below" in checked.stdout


def test_broken_draft_is_no_failure(daemon: Daemon) -> None:
    """A draft without a word yet gets no note."""
    daemon.drop("begun/draft.md", "---\ntitle: An idea\ndraft: true\n---\n\n---\n")
    wait(lambda: daemon.history("begun/draft.md") == ["removed"], lambda: daemon.log)
    assert not any(name.startswith("begun/") for name in daemon.files)
