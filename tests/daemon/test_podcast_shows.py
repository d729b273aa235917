"""Several shows in one outbox: a folder with a section, or each first folder, has its own feed."""

import io
import signal
from pathlib import Path
from typing import Any

import feedparser
from PIL import Image

from support.consistency import verify
from support.daemon import Daemon, running, toy, wait

SHOW = {"title": "All", "author": "Ada", "base_url": "https://example.org/pod"}


def _feed(daemon: Daemon, folder: str = "") -> Any:
    """The feed of a folder of the outbox; None if there is none."""
    path = daemon.outbox / folder / "feed.xml"
    if not path.exists():
        return None
    read = feedparser.parse(path.read_bytes())
    assert not read.bozo
    return read


def _titles(daemon: Daemon) -> dict[str, set[str]]:
    """The titles of the episodes of each feed."""
    paths = sorted(daemon.outbox.rglob("feed.xml"))
    folders = [str(each.parent.relative_to(daemon.outbox)) for each in paths]
    feeds = {each: _feed(daemon, each) for each in folders}  # one may go meanwhile
    return {name: {each.title for each in feed.entries} for name, feed in feeds.items() if feed}


def _wait_titles(daemon: Daemon, **expected: set[str]) -> None:
    """Wait until the outbox has exactly these feeds; `root` is that of the outbox itself."""
    shows = {key.replace("root", ".").replace("__", "/"): each for key, each in expected.items()}
    wait(lambda: _titles(daemon) == shows, lambda: f"{_titles(daemon)}\n{daemon.log}")


def _reload(daemon: Daemon, **podcast: Any) -> None:
    told = len(daemon.statuses)
    daemon.configure(**toy(daemon.home), podcast=podcast)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", since=told)


def _drop(daemon: Daemon, path: str) -> None:
    daemon.drop(path, f"# {Path(path).stem}\n\nWords of {Path(path).stem}.\n")


def _picture(color: str) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (300, 200), color).save(drawn, "PNG")
    return drawn.getvalue()


def test_each_folder_is_a_show(tmp_path: Path) -> None:
    """With `folders: each` each first folder has a feed with its own number, address and cover."""
    with running(tmp_path, podcast=SHOW | {"folders": "each"}) as daemon:
        for path in ("one.md", "tea/two.md", "tea/deep/three.md", "pots & pans/four.md"):
            _drop(daemon, path)
        wait(lambda: len(_titles(daemon)) == 3, lambda: daemon.log)
        _wait_titles(daemon, root={"one"}, tea={"two", "three"}, **{"pots-pans": {"four"}})
        feeds = {each: _feed(daemon, each).feed for each in ("", "tea", "pots-pans")}
        assert [each.title for each in feeds.values()] == ["All", "tea", "pots & pans"]
        assert len({each.podcast_guid for each in feeds.values()}) == 3
        three = _feed(daemon, "tea").entries
        urls = {each.enclosures[0].href for each in three}
        assert "https://example.org/pod/tea/deep/three.mp3" in urls
        cover = feeds["tea"].image.href
        assert cover.startswith("https://example.org/pod/tea/cover-")
        folder_jpg = daemon.outbox / "tea/folder.jpg"
        assert folder_jpg.read_bytes() == (daemon.outbox / "tea" / Path(cover).name).read_bytes()
        assert (daemon.outbox / "tea/deep/folder.jpg").read_bytes() == folder_jpg.read_bytes()
        checked = daemon.ask("podcast", "check").stdout
        for feed in ("tea/feed.xml", "pots-pans/feed.xml"):
            assert f"{feed} has" in checked
        assert "not in the outbox" not in checked

        before = (daemon.outbox / "feed.xml").stat().st_mtime_ns
        _drop(daemon, "tea/five.md")
        wait(lambda: len(_feed(daemon, "tea").entries) == 3, lambda: daemon.log)
        wait(lambda: (daemon.outbox / "feed.xml").stat().st_mtime_ns > before)

        numbers = {
            each.title: each.id for folder in feeds for each in _feed(daemon, folder).entries
        }
        _reload(daemon, **SHOW)
        _wait_titles(daemon, root={"one", "two", "three", "four", "five"})
        assert {each.title: each.id for each in _feed(daemon).entries} == numbers
        ours = (daemon.outbox / "folder.jpg").read_bytes()
        wait(lambda: folder_jpg.read_bytes() == ours, lambda: daemon.log)
        daemon.wait_idle()
        daemon.stop()
        verify(daemon)


def test_broken_folder_stops_no_other(tmp_path: Path) -> None:
    """A folder that cannot be written is told; the feeds of the others follow all the same."""
    with running(tmp_path, podcast=SHOW | {"folders": "each"}) as daemon:
        for path in ("pots/one.md", "tea/two.md"):
            _drop(daemon, path)
        _wait_titles(daemon, pots={"one"}, tea={"two"})
        pots, away = daemon.outbox / "pots", daemon.home / "away"
        pots.rename(away)
        pots.symlink_to(away)
        _drop(daemon, "tea/three.md")
        wait(lambda: len(_feed(daemon, "tea").entries) == 2, lambda: daemon.log)
        told = "pots/feed.xml is not up to date"
        wait(lambda: any(told in each for each in daemon.status()["notices"]), lambda: daemon.log)
        pots.unlink()
        away.rename(pots)
        _drop(daemon, "tea/four.md")
        wait(lambda: daemon.status()["notices"] == [], lambda: daemon.log)


def test_section_makes_a_show(tmp_path: Path) -> None:
    """A section gives a show of its own; nothing is spoken again as it comes, changes or goes."""
    with running(tmp_path, podcast=SHOW) as daemon:
        for path in ("one.md", "tea/two.md", "tea/green/three.md"):
            _drop(daemon, path)
        _wait_titles(daemon, root={"one", "two", "three"})
        number = {each.title: each.id for each in _feed(daemon).entries}
        spoken = daemon.spoken
        settings = "podcast:\n  title: All about tea\n  language: de\n  author: Bo\n"
        daemon.drop("tea/.narrated.yaml", settings)
        _wait_titles(daemon, root={"one"}, tea={"two", "three"})
        feed = _feed(daemon, "tea")
        assert (feed.feed.title, feed.feed.language) == ("All about tea", "de")
        assert {each.id for each in feed.entries} == {number["two"], number["three"]}

        daemon.drop("tea/green/.narrated.yaml", "podcast: {title: Green, base_url: https://g.org}")
        _wait_titles(daemon, root={"one"}, tea={"two"}, tea__green={"three"})
        assert _feed(daemon, "tea/green").entries[0].enclosures[0].href == "https://g.org/three.mp3"

        daemon.drop("tea/.narrated.yaml", "podcast: {titel: Tea}")
        wait(lambda: any("titel" in each for each in daemon.status()["notices"]))
        wait((daemon.outbox / "tea/two.error.txt").exists, lambda: daemon.log)
        assert "unknown key `titel`" in (daemon.outbox / "tea/two.error.txt").read_text()
        assert _feed(daemon, "tea").feed.title == "All about tea"

        daemon.kill()
        (daemon.inbox / "tea/.narrated.yaml").unlink()
        (daemon.inbox / "tea/green/.narrated.yaml").unlink()
        daemon.start()
        _wait_titles(daemon, root={"one", "two", "three"})
        assert {each.title: each.id for each in _feed(daemon).entries} == number
        daemon.wait_idle()
        assert daemon.spoken == spoken
        daemon.stop()
        verify(daemon)


def test_wrong_section_is_told_once(tmp_path: Path) -> None:
    """`once` tells a wrong section beside its post alone; check and status tell it afterwards."""
    daemon = Daemon(tmp_path, podcast=SHOW | {"folders": "each"}, log="info")
    _drop(daemon, "tea/one.md")
    _drop(daemon, "pots/two.md")
    daemon.drop("tea/.narrated.yaml", "podcast: {titel: Tea}")
    daemon.drop("own/.narrated.yaml", "podcast: {language: klingon!}")
    theirs = daemon.outbox / "pots"
    theirs.mkdir()
    for name in ("feed.xml", "folder.jpg"):
        (theirs / name).write_text("mine")
    (daemon.outbox / "index.html").mkdir()
    asked = daemon.ask("once")
    said = asked.stdout + asked.stderr
    assert said.count("unknown key `titel`") == 2  # as it failed, and at the end
    assert "is removed" not in said
    assert "is not ours" not in said
    other = "own/.narrated.yaml: `podcast: language`: that is no language."
    mine = f"{theirs}/feed.xml is not narrated's, and is left alone"
    for text in (asked.stderr, daemon.ask("status").stdout):
        assert text.count(f"{other} Name a language") >= 1
    assert f"{mine}, so that pots has no feed. Move it away." in asked.stderr
    assert "pots/folder.jpg in the outbox is not narrated's, and stays. Move it away:" in said
    checked = daemon.ask("podcast", "check").stdout
    assert f"BAD   podcast, folder: {other}\n      Name a language" in checked
    assert "BAD   podcast, folder: tea/.narrated.yaml: `podcast` has an unknown key" in checked
    assert f"BAD   podcast: {mine}." in checked


def test_foreign_cover_may_be_moved(tmp_path: Path) -> None:
    """Once a folder.jpg of others is moved away, the next change puts the cover there."""
    theirs = tmp_path / "outbox/folder.jpg"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    with running(tmp_path, podcast=SHOW) as daemon:
        _drop(daemon, "one.md")
        wait(lambda: any("folder.jpg" in each for each in daemon.status()["notices"]))
        theirs.rename(tmp_path / "away")
        _drop(daemon, "two.md")
        wait(lambda: daemon.status()["notices"] == [], lambda: daemon.log)
        assert theirs.read_bytes() == next(daemon.outbox.glob("cover-*.jpg")).read_bytes()


def test_show_ends_with_its_episodes(tmp_path: Path) -> None:
    """The feed of a show goes with its last episode; one that is not ours stays and is told."""
    options: dict[str, Any] = {"removed": "withdraw", "withdraw_after": 0, "scan": "200ms"}
    with running(tmp_path, podcast=SHOW | {"folders": "each"}, **options) as daemon:
        for path in ("tea/one.md", "pots/two.md"):
            _drop(daemon, path)
        _wait_titles(daemon, tea={"one"}, pots={"two"})
        theirs = daemon.outbox / "pots/feed.xml"
        theirs.write_text("<rss><channel><title>Mine</title></channel></rss>")
        for path in ("tea/one.md", "pots/two.md"):
            (daemon.inbox / path).unlink()
        wait(lambda: not (daemon.outbox / "tea").exists(), lambda: daemon.log)
        wait(lambda: not (daemon.outbox / "pots/two.mp3").exists(), lambda: daemon.log)
        wait(lambda: _titles(daemon).get(".") == set(), lambda: daemon.log)
        assert "Mine" in theirs.read_text()


def test_cover_of_a_show_is_of_the_inbox(tmp_path: Path) -> None:
    """A section's picture is its show's cover, from the inbox alone; without one it is told."""
    with running(tmp_path, podcast=SHOW) as daemon:
        _drop(daemon, "tea/one.md")
        daemon.drop("tea/.narrated.yaml", "podcast: {image: cover.png}")
        wait(
            lambda: any("tea/cover.png" in each for each in daemon.status()["notices"]),
            lambda: daemon.log,
        )
        daemon.drop("tea/cover.png", _picture("red"))
        _drop(daemon, "tea/two.md")
        _wait_titles(daemon, tea={"one", "two"})

        def middle() -> Any:
            with Image.open(daemon.outbox / "tea/folder.jpg") as cover:
                return cover.getpixel((700, 700))

        wait(lambda: middle() == (254, 0, 0), lambda: daemon.log)
        wait(lambda: daemon.status()["notices"] == [])
        daemon.drop("tea/cover.png", _picture("blue"))
        wait(lambda: middle() == (0, 0, 254), lambda: daemon.log)
        assert daemon.history("tea/cover.png") == []
        covers = daemon.outbox / "tea"
        wait(lambda: len(list(covers.glob("cover-*.jpg"))) == 1, lambda: daemon.log)
        daemon.wait_idle()
        daemon.stop()
        verify(daemon)


def test_once_narrates_no_cover(tmp_path: Path) -> None:
    """A pass reads the sections before it narrates pictures: a show's cover is no episode."""
    daemon = Daemon(tmp_path, podcast=SHOW)
    daemon.drop("tea/.narrated.yaml", "podcast: {image: cover.png}")
    daemon.drop("tea/cover.png", _picture("red"))
    daemon.drop("tea/photo.png", _picture("blue"))
    for _ in range(2):
        done = daemon.ask("once", "--quiet")
        assert done.returncode == 0, done.stderr
        assert not (daemon.outbox / "tea/cover.mp3").exists()
        assert (daemon.outbox / "tea/photo.mp3").exists()
        assert len(_feed(daemon, "tea").entries) == 1
    verify(daemon)


def test_spoken_picture_becomes_a_cover(tmp_path: Path) -> None:
    """The narration of a picture that becomes a cover is withdrawn; it comes back with an edit.

    The daemon and a pass do so alike.
    """
    with running(tmp_path, podcast=SHOW, pictures={"wait": "0s"}) as daemon:
        _drop(daemon, "tea/one.md")
        daemon.drop("tea/cover.png", _picture("red"))
        sound = daemon.outbox / "tea/cover.mp3"
        wait(sound.exists, lambda: daemon.log)
        daemon.drop("tea/.narrated.yaml", "podcast: {image: cover.png}")
        wait(lambda: not sound.exists(), lambda: daemon.log)
        _wait_titles(daemon, tea={"one"})
        daemon.drop("tea/.narrated.yaml", "podcast: {title: Tea}")
        wait(sound.exists, lambda: daemon.log)
        daemon.stop()
        daemon.drop("tea/.narrated.yaml", "podcast: {image: cover.png}")
        done = daemon.ask("once", "--quiet")
        assert (done.returncode, sound.exists()) == (0, False), done.stderr
        assert _titles(daemon) == {"tea": {"one"}}
        verify(daemon)


def test_configured_cover_is_no_episode(tmp_path: Path) -> None:
    """The configuration's picture may stand in the inbox: it is no narration as long as it counts.

    It is narrated once it is named no more, and withdrawn when it is named again.
    """
    named = SHOW | {"image": "inbox/cover.png"}
    with running(tmp_path, podcast=named, pictures={"wait": "0s"}) as daemon:
        daemon.drop("cover.png", _picture("red"))
        _drop(daemon, "one.md")
        _wait_titles(daemon, root={"one"})
        daemon.wait_idle()
        sound = daemon.outbox / "cover.mp3"
        assert not sound.exists()
        _reload(daemon, **SHOW)
        wait(sound.exists, lambda: daemon.log)
        _reload(daemon, **named)
        wait(lambda: not sound.exists(), lambda: daemon.log)
        _wait_titles(daemon, root={"one"})
        daemon.stop()
        assert daemon.ask("once", "--quiet").returncode == 0
        assert not sound.exists()


def test_feed_without_address_is_told(tmp_path: Path) -> None:
    """Without `base_url` status, note and doctor say what works and what does not."""
    with running(tmp_path, podcast={"title": "All"}) as daemon:
        _drop(daemon, "one.md")
        _wait_titles(daemon, root={"one"})
        assert _feed(daemon).entries[0].enclosures[0].href == "one.mp3"
        said = ("gPodder follows them", "newsboat, Apple and Spotify cannot subscribe.", "base_url")
        note = daemon.outbox / "narrated.status.txt"
        wait(lambda: note.exists() and "The podcast" in note.read_text(), lambda: daemon.log)
        texts = [note.read_text(), daemon.ask("status").stdout, daemon.ask("doctor").stdout]
        daemon.stop()
        texts.append(daemon.ask("status").stdout)
        for text in texts:
            assert all(each in " ".join(text.split()) for each in said), text
