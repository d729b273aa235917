"""The text of a post on the page: made while it is planned, with copies of its pictures."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.consistency import verify
from support.daemon import TESTS, Daemon, running, toy, wait
from support.page_texts import marked, parsed

SHOW = {"title": "A blog"}
POST = """# Cats

Some *are red*.

And [some](https://example.org) are not.

![Red](red.png)

![Broken](broken.jpg)

| Cat | Age |
|---|---|
| Tom | 3 |
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose outbox is a podcast with a page."""
    with running(tmp_path, podcast=SHOW) as ready:
        yield ready


def picture(colour: str, size: tuple[int, int] = (2400, 1200)) -> bytes:
    """A picture, half of which one sees through."""
    written = io.BytesIO()
    half = Image.new("RGBA", size, (0, 0, 0, 0))
    half.paste(colour, (0, 0, size[0] // 2, size[1]))
    half.save(written, "PNG")
    return written.getvalue()


def html(daemon: Daemon) -> str:
    """The text of the post; a picture is an episode of its own until the post shows it."""
    for script in (daemon.outbox / "index.files").glob("*.js"):
        with suppress(FileNotFoundError):
            content = script.read_text()
            found = re.fullmatch(r'narrated\.take\("episode",(.*)\);\n', content, re.DOTALL)
            if found and "Cats" in (text := str(json.loads(found[1])["html"])):
                return text
    return ""


def copies(daemon: Daemon) -> list[Path]:
    """The pictures that the text shows."""
    images = parsed(html(daemon)).select("img")
    return [daemon.outbox / str(each["src"]) for each in images]


def wait_text(daemon: Daemon, words: str) -> str:
    """Wait until the only episode's text has some words."""
    wait(lambda: words in html(daemon), lambda: f"{html(daemon)}\n{daemon.log}")
    return html(daemon)


def drop_post(daemon: Daemon) -> None:
    """Drop a post, and its pictures before it."""
    daemon.drop("red.png", picture("red"))
    daemon.drop("broken.jpg", b"\xff\xd8\xff no picture")
    daemon.drop("cats.md", POST)


def check_text(daemon: Daemon, manifest: dict[str, Any]) -> None:
    """The text of the post has its structure, each sentence at its words, and the picture."""
    tree = parsed(wait_text(daemon, " are not."))
    found = marked(tree)
    spoken = [each.get("written", each["spoken"]) for each in manifest["sentences"]]
    assert found[0] == spoken[0] == "Cats"
    assert found[1] == spoken[1] == "Some are red."
    assert found[2] == spoken[2] == "And some are not."
    assert [each.get_text() for each in tree.select("tr.s td")] == ["Tom", "3"]
    assert [each.get_text() for each in tree.select("figcaption")] == ["Red", "Broken"]
    (copy,) = copies(daemon)
    with Image.open(copy) as shown:
        assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (1200, 600))
        left, right = shown.getpixel((10, 10)), shown.getpixel((1190, 10))
    assert left[0] > 240 > 30 > left[1]
    assert min(right) > 240  # white, where the picture is transparent


def test_text_outlives_its_source(tmp_path: Path) -> None:
    """A post that leaves the inbox as soon as it is narrated has its text, and its picture."""
    with running(tmp_path, podcast=SHOW, after="delete") as daemon:
        drop_post(daemon)
        manifest = daemon.manifest("cats")
        wait(lambda: not (daemon.inbox / "cats.md").exists(), lambda: daemon.log)
        check_text(daemon, manifest)
        daemon.wait_idle()
    verify(daemon)


def test_earlier_narration_has_its_text(tmp_path: Path) -> None:
    """A narration of before there was a page has its text, read again; nothing is spoken again."""
    with running(tmp_path) as daemon:
        drop_post(daemon)
        manifest = daemon.manifest("cats")
        daemon.wait_idle()
        spoken = len(daemon.spoken)
        assert not (daemon.outbox / "index.files").exists()
        daemon.configure(**toy(daemon.home), podcast=SHOW)
        daemon.signal(signal.SIGHUP)
        check_text(daemon, manifest)
        assert len(daemon.spoken) == spoken


def test_lost_source_has_its_sentences(tmp_path: Path) -> None:
    """A narration of before, whose source is another by now, has its text by its sentences."""
    with running(tmp_path, after="delete") as daemon:
        drop_post(daemon)
        daemon.manifest("cats")
        wait(lambda: not (daemon.inbox / "cats.md").exists(), lambda: daemon.log)
        daemon.configure(**toy(daemon.home), podcast=SHOW, after="delete")
        daemon.signal(signal.SIGHUP)
        found = marked(parsed(wait_text(daemon, " are not.")))
        assert found[1] == "Some are red."
        assert not copies(daemon)


def test_pictures_follow_the_text(daemon: Daemon) -> None:
    """A picture that the text no longer shows goes, an edit beside it leaves its copy."""
    drop_post(daemon)
    wait_text(daemon, " are not.")
    (copy,) = copies(daemon)
    daemon.drop("cats.md", POST.replace("not", "blue"))
    wait_text(daemon, " are blue.")
    assert copies(daemon) == [copy]
    before = copy.read_bytes()
    daemon.drop("red.png", picture("green"))
    wait(lambda: copies(daemon) != [copy], lambda: daemon.log)
    wait(lambda: not copy.exists(), lambda: daemon.log)
    (green,) = copies(daemon)
    assert green.read_bytes() != before
    daemon.drop("cats.md", "# Cats\n\nNo picture.\n")
    wait_text(daemon, "No picture")
    wait(lambda: not green.exists(), lambda: daemon.log)


def test_broken_text_stops_no_narration(tmp_path: Path) -> None:
    """A post whose text cannot be written is narrated, and on the page by its sentences."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'narrated.parser_process' in sys.orig_argv:\n"
        "    from narrated.post_html import text_answers\n"
        "    text_answers.page_text = None\n"
    )
    daemon = Daemon(tmp_path, podcast=SHOW)
    drop_post(daemon)
    path = f"{tmp_path}:{TESTS.parent / 'daemon'}:{TESTS}"
    command = [sys.executable, "-m", "narrated.cli.main", "--config", str(daemon.config), "once"]
    subprocess.run([*command, "--quiet"], env={**os.environ, "PYTHONPATH": path}, check=True)
    assert marked(parsed(html(daemon)))[1] == "Some are red."


def test_foreign_folder_gets_nothing(tmp_path: Path) -> None:
    """Into somebody else's folder no picture is written; the post is narrated all the same."""
    daemon = Daemon(tmp_path, podcast=SHOW)
    mine = daemon.outbox / "index.files/mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with daemon:
        drop_post(daemon)
        daemon.manifest("cats")
        daemon.wait_idle()
        assert list(mine.parent.iterdir()) == [mine]
