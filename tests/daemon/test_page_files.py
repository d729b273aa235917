"""The page's files in the outbox: they follow each change, and nobody else's is touched."""

import io
import itertools
import json
import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.consistency import verify
from support.daemon import Daemon, running, toy, wait
from support.disk import small

SHOW = {"title": "A blog"}
_KEY = re.compile(r'<li class="entry" id="e=([0-9a-f]{16})"')


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose outbox is a podcast with a page."""
    with running(tmp_path, podcast=SHOW) as ready:
        yield ready


def _page(daemon: Daemon) -> str:
    path = daemon.outbox / "index.html"
    return path.read_text() if path.exists() else ""


def _keys(daemon: Daemon) -> list[str]:
    """The keys of the page's entries, in their order."""
    return _KEY.findall(_page(daemon))


def _wait_entries(daemon: Daemon, count: int) -> list[str]:
    wait(lambda: len(_keys(daemon)) == count, lambda: f"{_keys(daemon)}\n{daemon.log}")
    return _keys(daemon)


def _files(daemon: Daemon) -> dict[str, tuple[int, int]]:
    """Each file of the page with its inode and its time."""
    folder = daemon.outbox / "index.files"
    files = [*folder.iterdir(), daemon.outbox / "index.html"]
    return {each.name: (each.stat().st_ino, each.stat().st_mtime_ns) for each in files}


def _taken(path: Path) -> Any:
    """What a script hands to the page."""
    return _data(path.read_text())


def _data(content: str) -> Any:
    found = re.fullmatch(r'narrated\.take\("\w+",(.*)\);\n', content, re.DOTALL)
    assert found, content
    return json.loads(found[1])


def _news(daemon: Daemon) -> Any:
    path = daemon.outbox / "index.files/now.js"
    return _taken(path) if path.exists() else {"running": False, "reading": [], "waiting": 0}


def _reload(daemon: Daemon, **podcast: Any) -> None:
    told = len(daemon.statuses)
    daemon.configure(**toy(daemon.home), podcast=podcast)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", since=told)


def test_page_follows_the_outbox(daemon: Daemon) -> None:
    """An episode has an entry, a script and its words; an edit changes these, and no other file."""
    daemon.drop("one.md", "---\ndate: 2001-01-02\n---\n# One & <only>\n\nAll about cats.\n")
    daemon.drop("two.md", "---\ndate: 2001-01-01\n---\n# Two\n\nAll about dogs.\n")
    one, two = _wait_entries(daemon, 2)
    assert "One &amp; &lt;only&gt;" in _page(daemon)
    script = daemon.outbox / f"index.files/{one}.js"
    wait(lambda: "cats" in script.read_text())
    assert _taken(script)["sentences"]
    assert "dogs" in (daemon.outbox / "index.files/search-0.js").read_text()
    daemon.wait_idle()
    wait(lambda: not _news(daemon)["waiting"])
    before = _files(daemon)

    daemon.drop("one.md", "---\ndate: 2001-01-02\n---\n# One & <only>\n\nAll about mice.\n")
    wait(lambda: "mice" in script.read_text(), lambda: daemon.log)
    wait(lambda: _files(daemon)["index.html"] != before["index.html"], lambda: daemon.log)
    assert _keys(daemon) == [one, two]
    after = _files(daemon)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed <= {f"{one}.js", "search-0.js", "index.html", "now.js"}
    assert after.keys() == before.keys()

    daemon.configure(
        **toy(daemon.home), podcast=SHOW, removed="withdraw", withdraw_after=0, scan="200ms"
    )
    daemon.signal(signal.SIGHUP)
    (daemon.inbox / "one.md").unlink()
    assert _wait_entries(daemon, 1) == [two]
    wait(lambda: not script.exists(), lambda: daemon.log)
    daemon.wait_idle()
    daemon.stop()
    verify(daemon)
    assert "mice" not in (daemon.outbox / "index.files/search-0.js").read_text()


def test_restart_writes_nothing_again(daemon: Daemon) -> None:
    """A restart, and even a new ledger, leave each file as it is, but for the news."""
    daemon.drop("one.md", "# One\n\nWords.\n")
    _wait_entries(daemon, 1)
    daemon.stop()
    before = _files(daemon)
    daemon.start()
    wait(lambda: _news(daemon)["running"], lambda: daemon.log)
    daemon.stop()
    for file in (daemon.home / "state").glob("ledger.sqlite*"):
        file.unlink()
    orphan = daemon.outbox / "index.files/0123456789abcdef.js"
    orphan.write_text("of an episode that went with the ledger")
    daemon.start()
    wait(lambda: not orphan.exists(), lambda: daemon.log)
    daemon.stop()
    after = _files(daemon)
    del before["now.js"], after["now.js"]
    touched = before.pop("index.html"), after.pop("index.html")
    assert touched[0][0] == touched[1][0]
    assert after == before


def test_older_parts_are_made_again(daemon: Daemon) -> None:
    """After an upgrade that writes other parts, each is made again from what is published."""
    daemon.drop("one.md", "# One\n\nWords.\n")
    _wait_entries(daemon, 1)
    daemon.stop()
    before = _page(daemon)
    with closing(sqlite3.connect(daemon.home / "state/ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE page_entries SET made_for = 'older', entry = '<li>Older</li>'")
    (daemon.outbox / "index.html").write_text(before.replace("One", "Older"))
    (daemon.inbox / "one.md").unlink()
    daemon.start()
    wait(lambda: _page(daemon) == before, lambda: daemon.log)


def test_kill_leaves_no_half_page(daemon: Daemon) -> None:
    """After a kill while the page is written, the next start names all, and all that it names."""
    for number in range(8):
        daemon.drop(f"{number}.md", f"# Post {number}\n\nWords of {number}.\n")
    wait(lambda: list(daemon.outbox.glob("index.files/*")), lambda: daemon.log)
    daemon.kill()
    assert _page(daemon) == "" or _page(daemon).endswith("</html>\n")
    draft = daemon.outbox / "index.files/.narrated-00112233445566aa.tmp"
    draft.write_text("half")
    daemon.start()
    wait(lambda: not draft.exists(), lambda: daemon.log)
    keys = _wait_entries(daemon, 8)
    wait(lambda: not list(daemon.outbox.glob("index.files/.*")), lambda: daemon.log)
    daemon.wait_idle()
    daemon.stop()
    verify(daemon)
    for key in keys:
        assert _taken(daemon.outbox / f"index.files/{key}.js")["key"] == key


def test_page_is_of_the_root_podcast(tmp_path: Path) -> None:
    """The page has title and number of the root's podcast, before it has an episode and after."""
    with running(tmp_path, podcast=SHOW | {"folders": "each"}) as daemon:
        daemon.drop("tea/leaves.md", "# Leaves\n\nWords.\n")
        _wait_entries(daemon, 1)
        wait(lambda: not (daemon.outbox / "feed.xml").exists(), lambda: daemon.log)
        (guid,) = re.findall(r'data-podcast="([0-9a-f-]{36})"', _page(daemon))
        assert f"<title>{SHOW['title']}</title>" in _page(daemon)
        assert 'data-show="tea"' in _page(daemon)
        daemon.drop("own.md", "# Own\n\nWords.\n")
        _wait_entries(daemon, 2)
        assert f'data-podcast="{guid}"' in _page(daemon)
        assert f"<podcast:guid>{guid}<" in (daemon.outbox / "feed.xml").read_text()


@pytest.mark.parametrize("theirs", ["index.html", "index.files/notes.txt", "index.files"])
def test_page_of_others_stays(theirs: str, tmp_path: Path) -> None:
    """An index.html or index.files that is not ours stays, and is told until it is moved away."""
    daemon = Daemon(tmp_path, podcast=SHOW)
    path = daemon.outbox / theirs
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    named = daemon.outbox / theirs.partition("/")[0]
    with daemon:
        daemon.drop("one.md", "# One\n\nWords.\n")
        told = f"{named} is not narrated's, and is left alone, so the podcast has no page."
        wait(lambda: any(told in each for each in daemon.status()["notices"]), lambda: daemon.log)
        wait((daemon.outbox / "feed.xml").exists)
        assert path.read_text() == "mine"
        assert {each.name for each in named.parent.glob("index.*")} == {named.name}
        named.rename(tmp_path / "away")
        daemon.drop("two.md", "# Two\n\nWords.\n")
        _wait_entries(daemon, 2)
        wait(lambda: daemon.status()["notices"] == [], lambda: daemon.log)


def test_off_leaves_the_last_page(daemon: Daemon) -> None:
    """With `page: off` the last page stays, and says that nothing is being read."""
    daemon.drop("one.md", "# One\n\nWords.\n")
    _wait_entries(daemon, 1)
    wait(lambda: _news(daemon)["running"], lambda: daemon.log)
    _reload(daemon, **SHOW, page=False)
    wait(lambda: not _news(daemon)["running"], lambda: daemon.log)
    before = _files(daemon)
    daemon.drop("two.md", "# Two\n\nWords.\n")
    wait(lambda: "Two" in (daemon.outbox / "feed.xml").read_text(), lambda: daemon.log)
    daemon.wait_idle()
    assert _files(daemon) == before
    _reload(daemon, **SHOW)
    _wait_entries(daemon, 2)


def test_news_tell_of_the_work(tmp_path: Path) -> None:
    """The page's news tell what is being read, what waits, what failed and why, and the end."""
    settings = toy(tmp_path, delay_s=0.2, rows=1)
    with running(tmp_path, podcast=SHOW, **settings) as daemon:
        daemon.drop("bad.md", "This will FAIL.\n")
        daemon.drop("later.md", "---\ndraft: true\n---\n# Later\n\nWords.\n")
        daemon.note("bad")
        text = "\n\n".join(f"Sentence number {number}." for number in range(200))
        daemon.drop("<i>long.md", f"# Long\n\n{text}\n")
        wait(lambda: _news(daemon)["reading"], lambda: daemon.log)
        news = _news(daemon)
        assert news["reading"][0]["name"] == "<i>long.md"
        assert "<i>" not in (daemon.outbox / "index.files/now.js").read_text()
        assert news["failed"][0]["name"] == "bad.md"
        assert news["failed"][0]["problem"] in daemon.note("bad")
        assert news["held"] == [{"name": "later.md", "why": "its front matter says `draft: true`"}]
    news = _news(daemon)
    assert (news["running"], news["reading"], news["waiting"]) == (False, [], 1)


def test_news_are_written_rarely(tmp_path: Path) -> None:
    """News are 3 s apart at least, those of progress alone 30 s: a synchroniser sends each."""
    with running(tmp_path, podcast=SHOW, **toy(tmp_path, delay_s=0.2, rows=1)) as daemon:
        text = "\n\n".join(f"Sentence number {number}." for number in range(400))
        daemon.drop("long.md", f"# Long\n\n{text}\n")
        wait(lambda: _news(daemon)["reading"], lambda: daemon.log)
        written = []
        for _ in range(40):
            with (daemon.outbox / "index.files/now.js").open() as file:
                written_s = os.fstat(file.fileno()).st_mtime
                if not written or written[-1][0] != written_s:
                    written.append((written_s, _data(file.read())))
            time.sleep(0.2)
        assert daemon.status()["reading"], "it was over too soon to tell"
    for (one_s, one), (other_s, other) in itertools.pairwise(written):
        is_progress_alone = _without_progress(one) == _without_progress(other)
        assert other_s - one_s > (29 if is_progress_alone else 2.9), (one, other)


def _without_progress(news: Any) -> Any:
    reading = [each["name"] for each in news["reading"]]
    return news | {"reading": reading, "told_s": 0}


def test_loose_picture_has_its_copy(daemon: Daemon) -> None:
    """A picture that was dropped alone is of its own kind, with a copy in the page's folder."""
    red = io.BytesIO()
    Image.new("RGB", (2000, 1000), "red").save(red, "PNG")
    daemon.drop("red.png", red.getvalue())
    _wait_entries(daemon, 1)
    assert 'data-kind="picture"' in _page(daemon)
    pictures = sorted(daemon.outbox.glob("index.files/*.jpg"))
    opened = [Image.open(io.BytesIO(each.read_bytes())) for each in pictures]
    assert sorted(each.size for each in opened) == [(320, 320), (1600, 800)]


@pytest.mark.faults  # it takes root to mount a disk
def test_full_disk_is_told_and_mended(tmp_path: Path) -> None:
    """On a full disk the page stays as it was, the status says why, and room mends it."""
    with small(tmp_path / "outbox", 4096) as disk, running(tmp_path, podcast=SHOW) as daemon:
        daemon.drop("one.md", "# One\n\nWords.\n")
        _wait_entries(daemon, 1)
        daemon.wait_idle()
        before = _page(daemon)
        disk.fill()
        _reload(daemon, title="Another")
        wait(lambda: any("is not up to date" in each for each in daemon.status()["notices"]))
        assert _page(daemon) == before
        disk.empty()
        _reload(daemon, title="Another blog")
        wait(lambda: "Another blog" in _page(daemon), lambda: daemon.log)
        wait(lambda: daemon.status()["notices"] == [], lambda: daemon.log)


def test_commands_name_feed_and_page(tmp_path: Path) -> None:
    """`narrated once` ends with a line of feed and page; the status names both."""
    daemon = Daemon(tmp_path, podcast=SHOW)
    daemon.drop("one.md", "# One\n\nWords.\n")
    told = daemon.ask("once").stdout
    feed, page = daemon.outbox / "feed.xml", daemon.outbox / "index.html"
    last = told.splitlines()[-1]
    assert re.fullmatch(rf"Podcast: subscribe to {feed}; read along:  \S+ ?{page}", last), told
    told = daemon.ask("status").stdout
    assert f"  feed    {feed}\n  page    {page}\n" in told
    with daemon:
        wait(lambda: daemon.status()["page"] == str(page), lambda: daemon.log)
        assert daemon.status()["feeds"] == [str(feed)]


def test_check_names_missing_files(tmp_path: Path) -> None:
    """`podcast check` tells a page that is gone, one of others, and files that it names in vain."""
    daemon = Daemon(tmp_path, podcast=SHOW)
    daemon.drop("one.md", "# One\n\nWords.\n")
    assert daemon.ask("once").returncode == 0
    page, folder = daemon.outbox / "index.html", daemon.outbox / "index.files"
    told = daemon.ask("podcast", "check").stdout
    assert f"{page} has 1 episode, and names" in told and "are gone" not in told
    script, picture = f"{_keys(daemon)[0]}.js", next(folder.glob("*.jpg")).name
    for name in (script, picture, "search-0.js", "now.js", "page.css"):
        (folder / name).rename(tmp_path / name)
        told = daemon.ask("podcast", "check").stdout
        assert f"names files that are gone: `index.files/{name}`." in told, told
        (tmp_path / name).rename(folder / name)
    (daemon.outbox / "one.mp3").rename(tmp_path / "one.mp3")
    told = daemon.ask("podcast", "check").stdout
    assert "gone: `one.mp3`.\n      The next change of the outbox takes the episodes off" in told
    (tmp_path / "one.mp3").rename(daemon.outbox / "one.mp3")
    page.write_text("mine")
    assert f"{page} is not narrated's" in daemon.ask("podcast", "check").stdout
    page.unlink()
    page.mkdir()
    for command in (("podcast", "check"), ("status",)):
        asked = daemon.ask(*command)
        assert (asked.stderr, "is not there" in asked.stdout) == ("", False)
    assert f"{page} is not narrated's" in daemon.ask("podcast", "check").stdout
    page.rmdir()
    assert f"{page} is not there." in daemon.ask("podcast", "check").stdout
