"""Chapters of a post: in its sound, in a file beside it, and in its manifest."""

import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from mutagen.id3 import ID3
from PIL import Image

from support.consistency import verify
from support.daemon import Daemon, running, toy, wait
from support.published import narration

TEXT = "# Tea\n\nAll about tea.\n\n## Über <green> tea\n\nIt is green.\n\n### Water\n\nIt is hot.\n"
TITLES = ["Tea", "Über <green> tea", "Water"]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose settings a reload changes."""
    with running(tmp_path_factory.mktemp("daemon")) as ready:
        yield ready


def _reload(daemon: Daemon, **audio: Any) -> None:
    told = len(daemon.statuses)
    daemon.configure(**toy(daemon.home), audio=audio)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", since=told)


def _heard(path: Path) -> list[tuple[str, float]]:
    """Give title and start of the chapters that FFmpeg's libraries find."""
    with av.open(str(path)) as sound:
        return [
            (each["metadata"]["title"], float(each["start"] * each["time_base"]))
            for each in sound.chapters()
        ]


def _told(daemon: Daemon, stem: str) -> list[tuple[str, float]]:
    """Give title and start of the chapters in the file beside a narration."""
    content = json.loads((daemon.outbox / f"{stem}.chapters.json").read_bytes())
    return [(each["title"], each["startTime"]) for each in content["chapters"]]


def _files(daemon: Daemon, above: str) -> set[str]:
    """The rest of the names of the outbox's files that begin like this."""
    return {name.removeprefix(above) for name in daemon.files if name.startswith(above)}


@pytest.mark.parametrize("format", ["mp3", "opus", "ogg", "m4a", "flac"])
def test_sound_and_file_have_chapters(daemon: Daemon, format: str) -> None:
    """Players find the chapters in the sound and beside it, each where its heading is heard."""
    _reload(daemon, format=format)
    daemon.drop(f"{format}/tea.md", TEXT)
    manifest = daemon.published(f"{format}/tea", TEXT)
    starts_s = [each["start_s"] for each in manifest["blocks"] if each["role"] == "heading"]
    wanted = list(zip(TITLES, [0.0, *starts_s], strict=True))
    assert _heard(daemon.outbox / f"{format}/tea.{format}") == wanted
    assert _told(daemon, f"{format}/tea") == wanted
    types = {each["name"]: each["media_type"] for each in manifest["outputs"]}
    assert types["tea.chapters.json"] == "application/json+chapters"


def test_chapters_move_and_go(daemon: Daemon) -> None:
    """The file with the chapters moves with its narration, and goes once there are none."""
    _reload(daemon)
    daemon.drop("moved/old.md", TEXT)
    daemon.published("moved/old", TEXT)
    (daemon.inbox / "moved/old.md").rename(daemon.inbox / "moved/new.md")
    whole = narration("new", "mp3", "chapters.json")
    wait(lambda: _files(daemon, "moved/") == whole, lambda: daemon.log)
    assert [title for title, _ in _told(daemon, "moved/new")] == TITLES
    daemon.drop("moved/new.md", "# Tea\n\nAll about tea.\n")
    wait(lambda: _files(daemon, "moved/") == whole - {"new.chapters.json"}, lambda: daemon.log)


@pytest.mark.parametrize("format", ["mp3", "m4a"])
def test_refresh_brings_chapters(daemon: Daemon, format: str) -> None:
    """`refresh` follows `audio: chapters`, and speaks and encodes nothing for it."""
    _reload(daemon, format=format, chapters=False)
    stem = f"later/{format}"
    daemon.drop(f"{stem}.md", TEXT)
    daemon.published(stem, TEXT)
    sound = daemon.outbox / f"{stem}.{format}"
    assert (_heard(sound), len(_files(daemon, stem))) == ([], 5)
    spoken = len(daemon.spoken)
    _reload(daemon, format=format)
    daemon.ask("refresh", f"{stem}.md")
    wait(lambda: len(_files(daemon, stem)) == 6, lambda: daemon.log)
    assert _heard(sound) == _told(daemon, stem)
    assert len(daemon.spoken) == spoken


def test_chapters_take_no_ones_name(daemon: Daemon) -> None:
    """A source with the name of a post's chapters gets another, and both are whole."""
    _reload(daemon)
    daemon.drop("names/tea.md", TEXT)
    daemon.drop("names/tea.chapters.md", TEXT)
    for stem in ("names/tea", "names/tea.chapters.md"):
        daemon.published(stem, TEXT) if stem == "names/tea" else daemon.manifest(stem)
        assert [title for title, _ in _told(daemon, stem)] == TITLES
    daemon.wait_idle()
    verify(daemon)


def test_picture_is_in_its_chapter(daemon: Daemon) -> None:
    """An mp3's chapter of a picture has the picture, scaled down; the file names no path."""
    _reload(daemon)
    picture = io.BytesIO()
    Image.new("RGB", (1800, 900), "green").save(picture, "PNG")
    daemon.drop("shown/leaf.png", picture.getvalue())
    text = "# Leaves\n\nBefore.\n\n![A leaf](leaf.png)\n\nAfter.\n"
    daemon.drop("shown/post.md", text)
    daemon.published("shown/post", text)
    id3 = ID3(daemon.outbox / "shown/post.mp3")
    first, second = sorted(id3.getall("CHAP"), key=lambda each: int(each.start_time))
    assert second.sub_frames["TIT2"].text == ["A leaf"]
    assert not first.sub_frames.getall("APIC")
    (found,) = second.sub_frames.getall("APIC")
    assert Image.open(io.BytesIO(found.data)).size == (600, 300)
    assert "leaf.png" not in (daemon.outbox / "shown/post.chapters.json").read_text()
