"""The podcast: the feed of an outbox, from the first post on, through edits, moves and kills."""

import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import feedparser
import pytest
from mutagen.id3 import ID3
from PIL import Image

from support.consistency import verify
from support.daemon import TESTS, Daemon, running, toy, wait

SHOW = {"title": "A blog", "base_url": "https://example.org/pod"}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose outbox is a podcast."""
    with running(tmp_path, podcast=SHOW) as ready:
        yield ready


def _feed(daemon: Daemon, feed: str = "feed.xml") -> Any:
    """The feed that stands in the outbox, as feedparser reads it; empty if none does."""
    path = daemon.outbox / feed
    read = feedparser.parse(path.read_bytes() if path.exists() else b"<rss/>")
    assert not read.bozo
    return read


def _entry(daemon: Daemon, title: str) -> Any:
    return next((each for each in _feed(daemon).entries if each.title == title), None)


def _wait_titles(daemon: Daemon, *titles: str) -> Any:
    """Wait until the feed has exactly these episodes, in this order; returns it."""
    wait(
        lambda: [each.title for each in _feed(daemon).entries] == list(titles),
        lambda: f"{[each.title for each in _feed(daemon).entries]}\n{daemon.log}",
    )
    return _feed(daemon)


def _reload(daemon: Daemon, **podcast: Any) -> None:
    told = len(daemon.statuses)
    daemon.configure(**toy(daemon.home), podcast=podcast)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", since=told)


def _file_of(daemon: Daemon, entry: Any) -> Path:
    """The file of the outbox that an entry's address leads to, as a server finds it."""
    from urllib.parse import unquote_to_bytes

    address = entry.enclosures[0].href.removeprefix("https://example.org/pod/")
    return daemon.outbox / unquote_to_bytes(address).decode("utf-8", "surrogateescape")


def test_feed_follows_the_outbox(daemon: Daemon) -> None:
    """A post enters the feed, keeps its number through an edit and a rename, and leaves with it."""
    daemon.drop("old.md", "---\ndate: 2001-01-02 09:30 +0100\nauthor: Ada\n---\n# Old\n\nOf old.\n")
    daemon.drop(
        "tea.md", "---\ndate: 2001-01-03\n---\n# Tea\n\nAll about tea.\n\n## Pots\n\nPots.\n"
    )
    first = _wait_titles(daemon, "Tea", "Old")
    tea, old = first.entries
    assert old.published == "Tue, 02 Jan 2001 08:30:00 GMT"
    assert old.author == "Ada"
    assert tea.summary == "All about tea."
    sound = _file_of(daemon, tea)
    assert int(tea.enclosures[0].length) == sound.stat().st_size
    assert ID3(sound).getall("COMM")[0].text == [tea.summary]
    written = (daemon.outbox / "feed.xml").read_text()
    for transcript in ("tea.vtt", "tea.srt", "tea.transcript.json"):
        assert f'<podcast:transcript url="https://example.org/pod/{transcript}"' in written
    assert tea.podcast_chapters["url"].endswith("/tea.chapters.json")
    assert written.count('<psc:chapter start="') == 2

    daemon.drop("tea.md", "---\ndate: 2001-01-03\n---\n# Green tea\n\nAll about it.\n")
    edited = _wait_titles(daemon, "Green tea", "Old").entries[0]
    assert edited.id == tea.id
    assert int(edited.enclosures[0].length) == sound.stat().st_size

    (daemon.inbox / "tea.md").rename(daemon.inbox / "leaves.md")
    wait(lambda: "leaves" in str(_file_of(daemon, _entry(daemon, "Green tea"))), lambda: daemon.log)
    assert _entry(daemon, "Green tea").id == tea.id
    assert _file_of(daemon, _entry(daemon, "Green tea")).exists()

    _reload(daemon, title="A blog", base_url="https://elsewhere.example.org/")
    wait(lambda: "elsewhere" in _entry(daemon, "Green tea").enclosures[0].href)
    assert _entry(daemon, "Green tea").id == tea.id
    assert _feed(daemon).feed.podcast_guid == first.feed.podcast_guid

    daemon.configure(
        **toy(daemon.home), podcast=SHOW, removed="withdraw", withdraw_after=0, scan="200ms"
    )
    daemon.signal(signal.SIGHUP)
    (daemon.inbox / "leaves.md").unlink()
    _wait_titles(daemon, "Old")
    daemon.wait_idle()
    daemon.stop()
    verify(daemon)


def test_kill_before_the_feed_is_mended(daemon: Daemon) -> None:
    """What a kill kept from the feed comes in at the next start; nothing else changes."""
    daemon.drop("one.md", "---\ndate: 2001-01-01\n---\n# One\n\nWords.\n")
    one = _wait_titles(daemon, "One").entries[0]
    held = daemon.outbox / "feed.xml"
    ours = held.read_bytes()
    held.unlink()
    held.mkdir()  # so that no feed is written before the kill
    daemon.drop("two.md", "---\ndate: 2001-01-02\n---\n# Two\n\nMore words.\n")
    daemon.published("two", (daemon.inbox / "two.md").read_bytes())
    daemon.kill()
    held.rmdir()
    held.write_bytes(ours)
    daemon.start()
    assert _wait_titles(daemon, "Two", "One").entries[1] == one


def test_same_content_same_bytes(daemon: Daemon) -> None:
    """A restart, and items made again, change no byte; a feed of the same bytes stays."""
    daemon.drop("one.md", "# One\n\nWords.\n")
    _wait_titles(daemon, "One")
    before = (daemon.outbox / "feed.xml").read_bytes()
    daemon.stop()
    daemon.start()
    _reload(daemon, title="Another")
    wait(lambda: _feed(daemon).feed.title == "Another", lambda: daemon.log)
    _reload(daemon, **SHOW)
    wait(lambda: _feed(daemon).feed.title == "A blog", lambda: daemon.log)
    assert (daemon.outbox / "feed.xml").read_bytes() == before
    daemon.stop()
    written = (daemon.outbox / "feed.xml").stat()
    assert daemon.ask("once").returncode == 0
    left = (daemon.outbox / "feed.xml").stat()
    assert (left.st_ino, left.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)


def test_feed_of_others_stays(daemon: Daemon) -> None:
    """A feed.xml that is not ours stays as it is; the status says so until it is moved away."""
    _wait_titles(daemon)
    theirs = daemon.outbox / "feed.xml"
    wait(theirs.exists)
    theirs.write_text("<rss><channel><title>Mine</title></channel></rss>")
    daemon.drop("one.md", "# One\n\nWords.\n")
    wait(lambda: any("feed.xml" in each for each in daemon.status()["notices"]), lambda: daemon.log)
    assert "Mine" in theirs.read_text()
    assert daemon.log.count("left alone, so the podcast has no feed") == 1
    theirs.unlink()
    daemon.drop("two.md", "---\ndate: 2001-01-01\n---\n# Two\n\nWords.\n")
    _wait_titles(daemon, "One", "Two")
    assert daemon.status()["notices"] == []


def test_no_podcast_no_feed(tmp_path: Path) -> None:
    """Without `podcast:` there is no feed; with it, what was published before is in it."""
    with running(tmp_path) as daemon:
        daemon.drop("one.md", "# One\n\nWords.\n")
        daemon.published("one", "# One\n\nWords.\n")
        assert not (daemon.outbox / "feed.xml").exists()
        _reload(daemon, **SHOW)
        _wait_titles(daemon, "One")


def test_any_name_is_in_the_feed(tmp_path: Path) -> None:
    """The address of any name leads to its file, and any title reads as it was written."""
    with running(tmp_path, podcast=SHOW, outbox_names="posix") as daemon:
        _check_names(daemon)


def _check_names(daemon: Daemon) -> None:
    names = [
        "feed.xml/a.md",
        "a b&c.md",
        "ü #1%.md",
        "bytes\udcfe.md",
        "new\nline.md",
        "q?\"'<>.md",
    ]
    for place, name in enumerate(names):
        daemon.drop(name, f"# <i>{place}</i> & ]]>\n\nWords of <b>{place}</b>.\n")
    wait(lambda: len(_feed(daemon).entries) == len(names), lambda: daemon.log)
    for entry in _feed(daemon).entries:
        assert _file_of(daemon, entry).exists()
        assert "<b>" not in entry.summary


def test_numbers_outlive_the_ledger(daemon: Daemon) -> None:
    """A ledger that is lost takes no number along: neither an episode's, nor the show's."""
    daemon.drop("one.md", "---\ndate: 2001-01-01\n---\n# One\n\nWords.\n")
    before = _wait_titles(daemon, "One")
    (daemon.inbox / "one.md").rename(daemon.inbox / "two.md")
    wait(lambda: "two.mp3" in _entry(daemon, "One").enclosures[0].href, lambda: daemon.log)
    daemon.stop()
    for file in (daemon.home / "state").glob("ledger.sqlite*"):
        file.unlink()
    daemon.start()
    daemon.drop("three.md", "---\ndate: 2001-01-02\n---\n# Three\n\nWords.\n")
    after = _wait_titles(daemon, "Three", "One")
    assert after.entries[1].id == before.entries[0].id
    assert after.feed.podcast_guid == before.feed.podcast_guid


def test_soundless_episode_is_left_out(daemon: Daemon) -> None:
    """An episode whose sound somebody took away leaves the feed with the next change."""
    daemon.drop("one.md", "---\ndate: 2001-01-01\n---\n# One\n\nWords.\n")
    _wait_titles(daemon, "One")
    (daemon.outbox / "one.mp3").unlink()
    daemon.drop("two.md", "# Two\n\nWords.\n")
    _wait_titles(daemon, "Two")


def test_hostile_manifest_spoils_no_feed(daemon: Daemon) -> None:
    """A manifest that somebody has forged makes no broken feed, and takes no other's number."""
    daemon.drop("one.md", "---\ndate: 2001-01-02\n---\n# One\n\nWords.\n")
    daemon.drop("two.md", "---\ndate: 2001-01-01\n---\n# Two\n\nWords.\n")
    one, two = _wait_titles(daemon, "One", "Two").entries
    daemon.stop()
    path = daemon.outbox / "two.json"
    forged = json.loads(path.read_text()) | {
        "guid": one.id,
        "title": "<x>\u0000" * 10_000,
        "author": "]]>" * 10_000,
        "date": "9999-12-31",
        "published": "9999-12-31T00:00:00",
        "language": '"/><evil/>',
        "description": "&" * 100_000,
        "duration_s": 1e9,
        "blocks": [{"block": 0, "role": "<b>", "text": "]]>", "start_s": 0, "end_s": 0}] * 50_000,
        "shows": {"../../etc/passwd": "0" * 64, "one.md": "0" * 64},
        "sentences": [{"block": 0, "start_s": 0, "end_s": 0, "spoken": "<script>"}] * 50_000,
    }
    path.write_text(json.dumps(forged))
    with closing(sqlite3.connect(daemon.home / "state/ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE episodes SET job = NULL")  # as if it had come just now
    daemon.start()
    wait(lambda: len(_feed(daemon).entries) == 2 and _entry(daemon, "Two") is None)
    found = {entry.id: entry for entry in _feed(daemon).entries}
    assert found[one.id] == one
    assert found[two.id].title.startswith("‹x›")
    assert "<script" not in (daemon.outbox / "feed.xml").read_text()
    assert found[two.id].published_parsed.tm_year < 9999


def _cover(daemon: Daemon, entry: Any) -> bytes:
    """The cover of an entry."""
    return (daemon.outbox / entry.image.href.rpartition("/")[2]).read_bytes()


def _colour_of(cover: bytes) -> Any:
    """The colour in the middle of a cover that Apple takes."""
    opened = Image.open(io.BytesIO(cover))
    assert (opened.size, opened.mode, opened.format) == ((1400, 1400), "RGB", "JPEG")
    return opened.getpixel((700, 700))


def test_covers_follow_what_they_show(daemon: Daemon) -> None:
    """Show and episodes have covers that Apple takes; a changed one has a new name, alone."""
    red = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(red, "PNG")
    daemon.drop("red.png", red.getvalue())
    daemon.drop("one.md", "---\ndate: 2001-01-02\n---\n# One\n\n![A](red.png)\n")
    daemon.drop("two.md", "---\ndate: 2001-01-01\n---\n# Two\n\nWords.\n")
    one, two = _wait_titles(daemon, "One", "Two").entries
    written = (daemon.outbox / "feed.xml").read_text()
    address = re.search(r'&lt;img src="https://example.org/pod/([^"]+)"', written)
    assert address is not None
    with Image.open(daemon.outbox / address[1]) as copy:
        assert copy.size == (300, 200)
    show = _feed(daemon).feed.image.href
    covers = [_cover(daemon, one), _cover(daemon, two), _cover(daemon, _feed(daemon).feed)]
    colours = [_colour_of(each) for each in covers]
    assert colours[0] == (254, 0, 0)
    assert (daemon.outbox / "folder.jpg").read_bytes() == covers[2]

    daemon.drop("two.md", "---\ndate: 2001-01-01\n---\n# Another two\n\nWords.\n")
    renamed = _wait_titles(daemon, "One", "Another two").entries[1]
    assert renamed.image.href != two.image.href
    _reload(daemon, **SHOW | {"title": "Another blog"})
    wait(lambda: _feed(daemon).feed.image.href != show, lambda: daemon.log)
    daemon.wait_idle()
    wait(lambda: len(list(daemon.outbox.glob("*.jpg"))) == 4, lambda: daemon.log)
    checked = daemon.ask("podcast", "check").stdout
    assert "no file" not in checked and "no image" not in checked
    wait(lambda: daemon.history("red.png") == ["superseded"], lambda: daemon.log)
    daemon.stop()
    verify(daemon)


def test_folder_cover_of_others_stays(tmp_path: Path) -> None:
    """A folder.jpg that is not ours stays, and the status says so; the podcast has its cover."""
    daemon = Daemon(tmp_path, podcast=SHOW)
    theirs = daemon.outbox / "folder.jpg"
    theirs.write_bytes(b"theirs")
    with daemon:
        wait(lambda: any("folder.jpg" in each for each in daemon.status()["notices"]))
        _wait_titles(daemon)
        wait(lambda: "image" in _feed(daemon).feed, lambda: daemon.log)
        assert _colour_of(_cover(daemon, _feed(daemon).feed))
        assert theirs.read_bytes() == b"theirs"


@pytest.mark.faults  # it starts a process from the first instruction
def test_daemon_loads_no_xml(daemon: Daemon) -> None:
    """Parsers write the feed: the daemon's own process never loads lxml."""
    daemon.stop()
    daemon.start("env")
    daemon.drop("one.md", "# One\n\nWords.\n")
    _wait_titles(daemon, "One")
    assert daemon.process is not None
    assert "lxml" not in Path(f"/proc/{daemon.process.pid}/maps").read_text()


def test_new_names_suit_addresses(tmp_path: Path) -> None:
    """New narrations of a podcast have plain names, such as their slugs; old names stay."""
    with running(tmp_path) as daemon:
        daemon.drop("Crème brûlée.md", "# One\n\nWords.\n")
        daemon.published("Crème brûlée", "# One\n\nWords.\n")
        _reload(daemon, **SHOW)
        daemon.drop("Crème brûlée.md", "# One\n\nOther words.\n")
        daemon.drop("Thé & café.md", "# Two\n\nWords.\n")
        daemon.drop("2024 Tee.md", "---\nslug: /blog/grüner-tee\n---\n# Three\n\nWords.\n")
        wait(lambda: len(_feed(daemon).entries) == 3, lambda: daemon.log)
        names = {_file_of(daemon, entry).name for entry in _feed(daemon).entries}
        assert names == {"Crème brûlée.mp3", "The-cafe.mp3", "gruner-tee.mp3"}
        number = _entry(daemon, "Three").id
        (daemon.inbox / "2024 Tee.md").rename(daemon.inbox / "2025 Tee.md")
        wait(lambda: daemon.history("2025 Tee.md") == ["done"], lambda: daemon.log)
        daemon.drop("last.md", "# Last\n\nWords.\n")
        wait(lambda: len(_feed(daemon).entries) == 4, lambda: daemon.log)
        assert _file_of(daemon, _entry(daemon, "Three")).name == "gruner-tee.mp3"
        assert _entry(daemon, "Three").id == number
        daemon.wait_idle()
        daemon.stop()
        verify(daemon)


def test_absent_cover_picture_is_told(tmp_path: Path) -> None:
    """A configured picture that cannot be read is told with the remedy; the cover is drawn."""
    with running(tmp_path, podcast=SHOW | {"image": "none.png"}) as daemon:
        told = f"{tmp_path / 'none.png'} cannot be read: No such file or directory. Mend"
        wait(lambda: any(told in each for each in daemon.status()["notices"]), lambda: daemon.log)
        assert _colour_of(_cover(daemon, _feed(daemon).feed))


def test_lost_manifest_holds_up_no_feed(tmp_path: Path) -> None:
    """A narration of before there was a feed, whose manifest and source are gone, is left out."""
    with running(tmp_path) as daemon:
        for stem in ("lost", "kept"):
            daemon.drop(f"{stem}.md", f"# {stem.title()}\n\nWords.\n")
            daemon.manifest(stem)
        daemon.wait_idle()
        (daemon.inbox / "lost.md").unlink()
        wait(lambda: daemon.log.count("files scanned") > 1)
        daemon.stop()
        (daemon.outbox / "lost.json").unlink()
        with closing(sqlite3.connect(daemon.home / "state/ledger.sqlite")) as ledger, ledger:
            ledger.execute("DELETE FROM episodes")  # as a version without a feed left it
        daemon.configure(**toy(daemon.home), podcast=SHOW)
        daemon.start()
        _wait_titles(daemon, "Kept")


def test_check_looks_below_the_outbox(daemon: Daemon) -> None:
    """A forged feed has no file outside of the outbox looked at."""
    daemon.drop("one.md", "---\ndate: 2001-01-02\n---\n# One\n\nWords.\n")
    _wait_titles(daemon, "One")
    daemon.stop()
    (daemon.home / "secret.mp3").write_bytes(b"secret")
    feed = daemon.outbox / "feed.xml"
    for outside in (b"../secret.mp3", bytes(daemon.home / "secret.mp3")):
        forged = feed.read_bytes().replace(b"one.mp3", outside)
        feed.write_bytes(forged)
        assert "sound" in daemon.ask("podcast", "check").stdout
        feed.write_bytes(forged.replace(outside, b"one.mp3"))


def test_stop_cuts_the_feed_of_once(tmp_path: Path) -> None:
    """A stop ends `narrated once` while its feed is still written."""
    asked = tmp_path / "asked"
    (tmp_path / "sitecustomize.py").write_text(
        "import pathlib, sys, time\n"
        "if 'narrated.parser_process' in sys.orig_argv:\n"
        "    from narrated.podcast import feed_answers\n"
        "    def answer(*_):\n"
        f"        pathlib.Path({str(asked)!r}).touch()\n"
        "        time.sleep(3600)\n"
        "    feed_answers.answer = answer\n"
    )
    daemon = Daemon(tmp_path, podcast=SHOW)
    daemon.drop("one.md", "# One\n\nWords.\n")
    path = f"{tmp_path}:{TESTS.parent / 'daemon'}:{TESTS}"
    command = [sys.executable, "-m", "narrated.cli.main", "--config", str(daemon.config), "once"]
    with subprocess.Popen([*command, "--quiet"], env={**os.environ, "PYTHONPATH": path}) as once:
        daemon.manifest("one")
        wait(asked.exists)
        once.terminate()
        try:
            assert once.wait(60) == 1
        finally:
            once.kill()
