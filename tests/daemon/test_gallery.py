"""A folder whose settings say `gallery: true`: its pictures are one narration."""

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.daemon import Daemon, running, wait
from support.published import narration, spoken_words

GALLERY = "gallery: true\n"
QUICK: dict[str, Any] = {"settle": "100ms", "pictures": {"wait": "1s"}}
"""A folder is quiet after a second, and a picture waits only a moment for a post."""

_FIGURE = re.compile(
    r'<figure class="announced" data-s="\d+"><img src="([^"]+)".*?<figcaption>(.*?)</figcaption>'
)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that waits only a moment."""
    with running(tmp_path_factory.mktemp("daemon"), **QUICK) as ready:
        yield ready


def _picture(colour: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def _drop(daemon: Daemon, folder: str, *colours: str, settings: str = GALLERY) -> None:
    """Drop a folder with a picture of each colour, its settings first."""
    daemon.drop(f"{folder}/.narrated.yaml", settings)
    for number, colour in enumerate(colours, start=1):
        daemon.drop(f"{folder}/{number}.png", _picture(colour))


def _told(daemon: Daemon, stem: str) -> str:
    path = daemon.outbox / f"{stem}.transcript.json"
    return spoken_words(daemon.outbox, stem) if path.exists() else ""


def _wait_told(daemon: Daemon, stem: str, *words: str) -> None:
    """Wait until a gallery tells these words after its title, in this order, and no others."""
    wait(
        lambda: (
            [_told(daemon, stem).count(each) for each in words] == [1] * len(words)
            and _told(daemon, stem).count("An image") == len(words)
        ),
        lambda: f"{_told(daemon, stem)!r}\n{daemon.log}",
    )
    places = [_told(daemon, stem).index(each) for each in words]
    assert places == sorted(places)


def _below(daemon: Daemon, folder: str) -> set[str]:
    """The files of a gallery, or of its folder, without chapters: a short one has none."""
    files = {name for name in daemon.files if name.startswith((f"{folder}/", f"{folder}."))}
    return files - {f"{folder}.chapters.json"}


def _gallery(stem: str) -> set[str]:
    return narration(stem)


def test_pictures_are_one_narration(daemon: Daemon) -> None:
    """A gallery tells its title, its description, and its own pictures in natural order."""
    settings = "gallery: true\ntitle: Summer days\ndescription: We were at the sea.\n"
    daemon.drop("album/10.png", _picture("blue"))
    daemon.drop("album/2.png", _picture("red"))
    daemon.drop("album/inner/1.png", _picture("green"))
    daemon.drop("album/.narrated.yaml", settings)
    manifest = daemon.manifest("album")
    assert [(each["role"], each["text"]) for each in manifest["blocks"]] == [
        ("title", "Summer days"),
        ("paragraph", "We were at the sea."),
        ("picture", "An image: wide, all red."),
        ("picture", "An image: wide, all blue."),
    ]
    assert manifest["description"] == "We were at the sea."
    assert list(manifest["shows"]) == ["album/2.png", "album/10.png"]
    inner = narration("album/inner/1", "mp3", "txt")
    wait(lambda: _below(daemon, "album") == _gallery("album") | inner, lambda: daemon.log)


def _wait_noted(daemon: Daemon, folder: str) -> None:
    """Wait until the status lists a gallery whose folder has changed."""
    wait(lambda: f"{folder}/.narrated.yaml" in str(daemon.status()["arriving"]), lambda: daemon.log)


def _hurry(daemon: Daemon, settle: str) -> None:
    """Change the time after which a folder is quiet."""
    daemon.configure(**{**QUICK, "settle": settle})
    assert daemon.ask("reload").returncode == 0


def test_changes_wait_for_quiet(tmp_path: Path) -> None:
    """Pictures that come one after the other make one job; none is narrated by itself."""
    with running(tmp_path, **{**QUICK, "settle": "20s"}) as daemon:  # quiet after 200 s
        _drop(daemon, "slow", "red")
        _wait_noted(daemon, "slow")
        daemon.drop("slow/2.png", _picture("green"))
        daemon.drop("slow/3.png", _picture("blue"))
        wait(lambda: ".png" not in str(daemon.status()["arriving"]), lambda: daemon.log)
        assert daemon.history("slow/.narrated.yaml") == []
        _hurry(daemon, "100ms")
        _wait_told(daemon, "slow", "red", "green", "blue")
        daemon.wait_idle()
        assert daemon.history("slow/.narrated.yaml") == ["done"]
        assert _below(daemon, "slow") == _gallery("slow")
        assert [daemon.history(f"slow/{number}.png") for number in (1, 2, 3)] == [[], [], []]


def test_changed_gallery_is_remade(daemon: Daemon) -> None:
    """A gallery follows pictures that come, change and go; only what is new is spoken."""
    _drop(daemon, "living", "red", "green")
    _wait_told(daemon, "living", "red", "green")
    guid, before = daemon.manifest("living")["guid"], len(daemon.spoken)
    daemon.drop("living/1.png", _picture("yellow"))
    daemon.drop("living/3.png", _picture("blue"))
    _wait_told(daemon, "living", "yellow", "green", "blue")
    assert all("green" not in text for text in daemon.spoken[before:])
    (daemon.inbox / "living/2.png").unlink()
    _wait_told(daemon, "living", "yellow", "blue")
    assert daemon.manifest("living")["guid"] == guid


def test_singles_give_way(daemon: Daemon) -> None:
    """Pictures that are narrated already give way to a gallery, and come back without it."""
    daemon.drop("late/1.png", _picture("red"))
    daemon.drop("late/2.png", _picture("blue"))
    singles = narration("late/1", "mp3", "txt") | narration("late/2", "mp3", "txt")
    wait(lambda: _below(daemon, "late") == singles, lambda: daemon.log)
    daemon.drop("late/.narrated.yaml", GALLERY)
    wait(lambda: _below(daemon, "late") == _gallery("late"), lambda: daemon.log)
    daemon.drop("late/.narrated.yaml", "language: en\n")
    wait(lambda: _below(daemon, "late") == singles, lambda: daemon.log)


def test_gone_settings_end_a_gallery(tmp_path: Path) -> None:
    """Without its settings a gallery is withdrawn, and its pictures are narrated by themselves."""
    with running(tmp_path, **QUICK) as daemon:
        _drop(daemon, "ended", "red")
        _wait_told(daemon, "ended", "red")
        (daemon.inbox / "ended/.narrated.yaml").unlink()
        single = narration("ended/1", "mp3", "txt")
        wait(lambda: _below(daemon, "ended") == single, lambda: daemon.log)


def test_empty_gallery_is_withdrawn(daemon: Daemon) -> None:
    """A gallery without a picture is withdrawn, and returns with the next."""
    _drop(daemon, "empty", "red")
    _wait_told(daemon, "empty", "red")
    (daemon.inbox / "empty/1.png").unlink()
    wait(lambda: _below(daemon, "empty") == set(), lambda: daemon.log)
    wait(lambda: daemon.history("empty/.narrated.yaml")[-1] == "removed", lambda: daemon.log)
    daemon.drop("empty/2.png", _picture("blue"))
    _wait_told(daemon, "empty", "blue")


def test_broken_picture_has_a_note(daemon: Daemon) -> None:
    """A picture that cannot be decoded gets a note, and the others are read; mended, it is in."""
    daemon.drop("broken/2.png", b"no picture at all")
    _drop(daemon, "broken", "red")
    _wait_told(daemon, "broken", "red")
    assert "2.png" in daemon.note("broken/2")
    daemon.drop("broken/2.png", _picture("blue"))
    _wait_told(daemon, "broken", "red", "blue")
    wait(lambda: _below(daemon, "broken") == _gallery("broken"), lambda: daemon.log)


def test_bad_settings_have_a_note(daemon: Daemon) -> None:
    """Broken settings cost one note, not one for each picture."""
    _drop(daemon, "bad", "red", "blue", settings="gallery: perhaps\n")
    assert "Allowed: true, false." in daemon.note("bad")
    daemon.wait_idle()
    assert _below(daemon, "bad") == {"bad.error.txt"}
    daemon.drop("bad/.narrated.yaml", GALLERY)
    _wait_told(daemon, "bad", "red", "blue")
    wait(lambda: _below(daemon, "bad") == _gallery("bad"), lambda: daemon.log)  # the note goes last


def test_post_beside_stays_its_own(daemon: Daemon) -> None:
    """A post in the folder of a gallery has a narration of its own, and no title of the folder."""
    daemon.drop("mixed/post.md", "Only words.")
    _drop(daemon, "mixed", "red", settings="gallery: true\ntitle: Mixed\ndescription: Told.\n")
    _wait_told(daemon, "mixed", "red")
    post = daemon.manifest("mixed/post")
    assert (post["title"], post["description"]) == ("post", "")
    assert "red" not in _told(daemon, "mixed/post")


def test_renamed_gallery_moves(daemon: Daemon) -> None:
    """A renamed folder takes its gallery along: the same episode, and nothing is said again."""
    _drop(daemon, "before", "red", "green", settings="gallery: true\ntitle: Kept\n")
    _wait_told(daemon, "before", "red", "green")
    guid, spoken = daemon.manifest("before")["guid"], len(daemon.spoken)
    (daemon.inbox / "before").rename(daemon.inbox / "after")
    wait(lambda: _below(daemon, "after") == _gallery("after"), lambda: daemon.log)
    wait(lambda: _below(daemon, "before") == set(), lambda: daemon.log)
    daemon.wait_idle()
    assert daemon.manifest("after")["guid"] == guid
    assert daemon.spoken[spoken:] == []


def test_alike_settings_are_no_move(daemon: Daemon) -> None:
    """A gallery does not take the place of another one that is gone, though their settings are
    equal."""
    _drop(daemon, "first", "red", settings="gallery: true  # alike\n")
    _wait_told(daemon, "first", "red")
    guid = daemon.manifest("first")["guid"]
    shutil.rmtree(daemon.inbox / "first")
    _drop(daemon, "second", "blue", settings="gallery: true  # alike\n")
    _wait_told(daemon, "second", "blue")
    assert daemon.manifest("second")["guid"] != guid
    assert _below(daemon, "first") == _gallery("first")  # until `withdraw_after`


def test_gallery_stays_with_archive(tmp_path: Path) -> None:
    """`after: delete` leaves the pictures of a gallery, which is made of all of them each time."""
    with running(tmp_path, after="delete", **QUICK) as daemon:
        _drop(daemon, "kept", "red")
        _wait_told(daemon, "kept", "red")
        daemon.drop("kept/2.png", _picture("blue"))
        _wait_told(daemon, "kept", "red", "blue")
        post = daemon.drop("post.md", "Words.")
        wait(lambda: not post.exists())
        assert sorted(each.name for each in (daemon.inbox / "kept").iterdir()) == [
            ".narrated.yaml",
            "1.png",
            "2.png",
        ]


@pytest.mark.faults
def test_killed_daemon_makes_gallery(tmp_path: Path) -> None:
    """A gallery whose folder changed before a kill is narrated after the next start."""
    daemon = Daemon(tmp_path, **{**QUICK, "settle": "20s"})
    daemon.start()
    _drop(daemon, "killed", "red")
    _wait_noted(daemon, "killed")
    daemon.kill()
    daemon.drop("killed/2.png", _picture("blue"))
    daemon.configure(**QUICK)
    with daemon:
        _wait_told(daemon, "killed", "red", "blue")
        _hurry(daemon, "20s")
        (daemon.inbox / "killed/1.png").unlink()
        _wait_noted(daemon, "killed")
        daemon.kill()
    daemon.configure(**QUICK)
    with daemon:
        _wait_told(daemon, "killed", "blue")
        daemon.wait_idle()
        assert _below(daemon, "killed") == _gallery("killed")


def test_commands_know_a_gallery(daemon: Daemon) -> None:
    """`script`, `history` and `read` take a gallery's folder by its name."""
    _drop(daemon, "named", "red", settings="gallery: true\ntitle: A name\n")
    _wait_told(daemon, "named", "red")
    script = daemon.ask("script", str(daemon.inbox / "named")).stdout
    assert "A name" in script
    assert "all red" in script
    assert "done" in daemon.ask("history", str(daemon.inbox / "named")).stdout
    check = daemon.ask("script", "--check", str(daemon.inbox / "named")).stdout
    assert "named/.narrated.yaml" in check


def test_once_narrates_a_gallery(tmp_path: Path) -> None:
    """`narrated once` narrates a gallery as one."""
    daemon = Daemon(tmp_path, **QUICK)
    _drop(daemon, "single", "red", "blue")
    result = daemon.ask("once")
    assert result.returncode == 0, result.stdout + result.stderr
    assert _below(daemon, "single") == _gallery("single")


def test_page_shows_each_picture(tmp_path: Path) -> None:
    """On the page a gallery, and each picture of its own, have their pictures with the captions."""
    daemon = Daemon(tmp_path, **QUICK, podcast={"title": "Pictures"})
    _drop(daemon, "album", "red", "blue")
    daemon.drop("loose.png", _picture("green"))
    assert daemon.ask("once").returncode == 0
    page = (daemon.outbox / "index.html").read_text()
    kinds = re.findall(r'id="e=(\w+)" data-kind="(\w+)"', page)
    assert sorted(kind for _, kind in kinds) == ["gallery", "picture"]
    for key, kind in kinds:
        script = (daemon.outbox / f"index.files/{key}.js").read_text()
        shown = _FIGURE.findall(
            json.loads(script[script.index("{") : script.rindex("}") + 1])["html"]
        )
        words = ["all red", "all blue"] if kind == "gallery" else ["all green"]
        assert len(shown) == len(words)
        for (picture, caption), word in zip(shown, words, strict=True):
            assert word in caption
            with Image.open(daemon.outbox / picture) as copy:
                assert copy.size == (64, 48)
