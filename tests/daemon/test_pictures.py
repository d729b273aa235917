"""A picture that a post shows is part of the post; one that nobody shows is an item of its own."""

import hashlib
import io
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from mutagen.id3 import ID3
from PIL import Image

from support.daemon import Daemon, running, toy, wait
from support.published import narration, spoken_words


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with which a picture waits only a moment for a post."""
    with running(tmp_path_factory.mktemp("daemon"), pictures={"wait": "1s"}) as ready:
        yield ready


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with which a picture waits for its post for longer than reading the post takes."""
    with running(tmp_path_factory.mktemp("patient"), pictures={"wait": "8s"}) as ready:
        yield ready


def _picture(colour: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def _post(title: str, *pictures: str) -> str:
    shown = "\n\n".join(f"![]({picture})" for picture in pictures)
    return f"# {title}\n\nWords before.\n\n{shown}\n\nWords after.\n"


def _set(stem: str) -> set[str]:
    """The files of a post, whose picture begins a chapter."""
    return narration(stem, "mp3", "chapters.json")


def _item(stem: str) -> set[str]:
    return narration(stem, "mp3", "txt")


def _below(daemon: Daemon, folder: str) -> set[str]:
    return {name for name in daemon.files if name.startswith(f"{folder}/")}


def _wait_said(daemon: Daemon, stem: str, words: str) -> None:
    """Wait until the transcript of a post holds these words."""
    daemon.manifest(stem)
    told = partial(spoken_words, daemon.outbox, stem)
    wait(lambda: words in told(), lambda: f"{told()}\n{daemon.log}")


def test_lone_picture_is_captioned(daemon: Daemon) -> None:
    """A picture dropped alone becomes a caption and its narration."""
    daemon.drop("alone/photo.png", _picture("red"))
    manifest = daemon.manifest("alone/photo")
    assert _below(daemon, "alone") == _item("alone/photo")
    caption = (daemon.outbox / "alone/photo.txt").read_text().strip()
    assert "red" in caption
    assert {each["name"] for each in manifest["outputs"]} == _item("photo") - {"photo.json"}
    assert any("red" in text for text in daemon.spoken)


def test_model_free_caption_has_advice(daemon: Daemon) -> None:
    """The text beside a picture that no model described tells how to get one; nobody says so."""
    daemon.drop("advice/photo.png", _picture("orange"))
    daemon.manifest("advice/photo")
    caption, advice = (daemon.outbox / "advice/photo.txt").read_text().strip().split("\n\n")
    assert "orange" in caption
    assert "narrated models pull" in advice
    assert "pictures: {captions:" in advice
    assert not any("narrated" in text for text in daemon.spoken)


def test_shown_picture_is_no_item(patient: Daemon) -> None:
    """A picture that a post shows is part of it and no item."""
    patient.drop("shown/desk.png", _picture("blue"))
    patient.drop("shown/post.md", _post("Shown", "desk.png"))
    _wait_said(patient, "shown/post", "blue")
    wait(lambda: patient.history("shown/desk.png") == ["superseded"])
    assert _below(patient, "shown") == _set("shown/post")


def test_late_picture_is_put_in(daemon: Daemon) -> None:
    """A picture that comes after its post is put in."""
    daemon.drop("late/post.md", _post("Late", "desk.png"))
    _wait_said(daemon, "late/post", "Words after")
    before = len(daemon.spoken)
    daemon.drop("late/desk.png", _picture("green"))
    _wait_said(daemon, "late/post", "green")
    daemon.wait_idle()
    assert [text for text in daemon.spoken[before:] if "green" not in text] == []
    assert _below(daemon, "late") == _set("late/post")
    wait(lambda: daemon.history("late/post.md") == ["superseded", "done"])


def test_edited_picture_is_redescribed(patient: Daemon) -> None:
    """An edited picture is described again in its post."""
    patient.drop("edited/desk.png", _picture("green"))
    patient.drop("edited/post.md", _post("Edited", "desk.png"))
    _wait_said(patient, "edited/post", "green")
    before = len(patient.spoken)
    patient.drop("edited/desk.png", _picture("yellow"))
    _wait_said(patient, "edited/post", "yellow")
    assert all("yellow" in text for text in patient.spoken[before:])
    patient.wait_idle()
    assert _below(patient, "edited") == _set("edited/post")


def test_unshown_picture_becomes_item(daemon: Daemon) -> None:
    """A picture that no post shows any more becomes an item."""
    daemon.drop("let/desk.png", _picture("cyan"))
    daemon.drop("let/post.md", _post("Let go", "desk.png"))
    _wait_said(daemon, "let/post", "Words after")
    text = _post("Let go")
    daemon.drop("let/post.md", text)
    daemon.published("let/post", text)
    daemon.manifest("let/desk")
    told = _set("let/post") - {"let/post.chapters.json"}
    assert _below(daemon, "let") == told | _item("let/desk")


def test_orphaned_picture_becomes_item(daemon: Daemon) -> None:
    """A picture whose post is gone becomes an item."""
    daemon.drop("left/desk.png", _picture("magenta"))
    path = daemon.drop("left/post.md", _post("Left", "desk.png"))
    _wait_said(daemon, "left/post", "Words after")
    path.unlink()
    daemon.manifest("left/desk")
    assert _below(daemon, "left") == _set("left/post") | _item("left/desk")


def test_published_picture_stays(daemon: Daemon) -> None:
    """The narration of a picture stays when a post shows it."""
    daemon.drop("stays/desk.png", _picture("orange"))
    daemon.manifest("stays/desk")
    daemon.drop("stays/post.md", _post("Stays", "desk.png"))
    _wait_said(daemon, "stays/post", "Words after")
    assert _below(daemon, "stays") == _set("stays/post") | _item("stays/desk")


def test_replaced_picture_is_new_cover(patient: Daemon) -> None:
    """A picture replaced by one that is described alike becomes the cover; nothing is spoken."""
    post = _post("Cover", "square.png").replace("![]", "![a square]")
    patient.drop("cover/square.png", _picture("#c81e1e"))
    patient.drop("cover/post.md", post)
    patient.published("cover/post", post)
    before, cover = len(patient.spoken), _cover(patient, "cover/post")
    changed = _picture("#cd1e20")
    patient.drop("cover/square.png", changed)
    shown = {"cover/square.png": hashlib.sha256(changed).hexdigest()}
    wait(lambda: patient.manifest("cover/post")["shows"] == shown, lambda: patient.log)
    assert _cover(patient, "cover/post") != cover
    assert len(patient.spoken) == before


def test_missing_cover_is_listed(patient: Daemon) -> None:
    """A cover that is not in the inbox costs the post nothing, and is listed."""
    patient.drop("lost/post.md", "---\nimage: img/lost.png\n---\nWords of a lost cover.\n")
    skipped = patient.manifest("lost/post")["skipped"]
    told = [(each["text"], each["reason"]) for each in skipped]
    assert told == [("cover: img/lost.png", "lost/img/lost.png is not in the inbox")]


def test_front_matter_names_cover(patient: Daemon) -> None:
    """A picture that the front matter names is the cover, before those that the post shows."""
    patient.drop("named/square.png", _picture("#c81e1e"))
    patient.drop("named/cover.png", _picture("blue", (30, 90)))
    post = _post("Named", "square.png")
    patient.drop("named/post.md", post)
    patient.published("named/post", post)
    before, cover = len(patient.spoken), _cover(patient, "named/post")
    named = f"---\nimage: {{path: cover.png}}\n---\n{post}"
    patient.drop("named/post.md", named)
    patient.published("named/post", named)
    assert _cover(patient, "named/post") != cover
    assert list(patient.manifest("named/post")["shows"]) == ["named/cover.png", "named/square.png"]
    assert len(patient.spoken) == before


def test_description_is_no_speech(patient: Daemon) -> None:
    """A changed description and changed tags are tagged anew, and nothing is spoken."""
    text = "---\ndescription: {}\ntags: [{}]\n---\n# About\n\nWords."
    patient.drop("about.md", text.format("First", "a, b"))
    patient.published("about", text.format("First", "a, b"))
    before = len(patient.spoken)
    for said, tags in (("Second", "a, b"), ("Second", "c")):
        patient.drop("about.md", text.format(said, tags))
        patient.published("about", text.format(said, tags))
        made, found = patient.manifest("about"), ID3(patient.outbox / "about.mp3")
        assert (made["description"], made["tags"]) == (said, tags.split(", "))
        assert (found["TCON"].text, found.getall("COMM")[0].text) == (tags.split(", "), [said])
    assert len(patient.spoken) == before


def _cover(daemon: Daemon, stem: str) -> bytes:
    return bytes(ID3(daemon.outbox / f"{stem}.mp3").getall("APIC")[0].data)


def test_folder_with_picture_moves(patient: Daemon) -> None:
    """A folder of a post and its picture moves without speech."""
    patient.drop("moving/old/desk.png", _picture("navy", (30, 90)))
    patient.drop("moving/old/post.md", _post("Moving", "desk.png"))
    _wait_said(patient, "moving/old/post", "Words after")
    patient.wait_idle()
    before = len(patient.spoken)
    (patient.inbox / "moving/old").rename(patient.inbox / "moving/new")
    wait(lambda: _below(patient, "moving") == _set("moving/new/post"), lambda: patient.log)
    wait(lambda: patient.history("moving/new/desk.png") == ["superseded"])
    assert len(patient.spoken) == before
    assert _below(patient, "moving") == _set("moving/new/post")


def test_picture_comes_during_planning(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A picture that comes while its post is being planned is put in."""
    home = tmp_path_factory.mktemp("slow")
    settings = toy(home)
    options = {"kind": "caption", "log": str(home / "seen.txt"), "rows": 1}
    entry = {**settings["engines"]["toy"], "kind": "caption", "options": options}
    settings["engines"]["looker"] = entry
    with running(home, **settings, pictures={"captions": "looker"}) as daemon:
        daemon.drop("slow.png", b"SLOW:1")
        daemon.drop("post.md", _post("Planned", "early.png", "slow.png"))
        wait(lambda: any(each["in_flight"] for each in daemon.status()["workers"]))
        daemon.drop("early.png", b"It came meanwhile.")
        _wait_said(daemon, "post", "eighteen bytes")


def test_one_wait_for_many_spellings(daemon: Daemon) -> None:
    """A picture written in a hundred ways is waited for once."""
    (daemon.inbox / "ways").mkdir()
    (daemon.inbox / "ways/never.png").touch()  # an empty one is never taken
    ways = [f"never.png?{number}" for number in range(100)]
    daemon.drop("ways/desk.png", _picture("orange"))
    daemon.drop("ways/post.md", _post("Ways", *ways, "desk.png", "./desk.png#again"))
    daemon.manifest("ways/post")  # a hundred waits, a second each, would exceed its patience
    assert "never.png is not in the inbox" in (daemon.outbox / "ways/post.json").read_text()


def test_shown_picture_drops_its_note(daemon: Daemon) -> None:
    """A picture that failed alone leaves no note once a post shows it."""
    daemon.drop("failed/desk.png", _picture("red")[:40])
    assert "no picture" in daemon.note("failed/desk")
    daemon.drop("failed/post.md", _post("Shows it", "desk.png"))
    _wait_said(daemon, "failed/post", "Words after")
    wait(lambda: daemon.history("failed/desk.png") == ["superseded"], lambda: daemon.log)
    wait(lambda: _below(daemon, "failed") == _set("failed/post"), lambda: daemon.log)
    daemon.drop("failed/desk.png", _picture("red"))
    _wait_said(daemon, "failed/post", "red")
    wait(lambda: _below(daemon, "failed") == _set("failed/post"), lambda: daemon.log)


def test_changed_picture_becomes_item(
    daemon: Daemon,
) -> None:
    """A picture that changed while a post showed it is an item as it is then."""
    daemon.drop("back/desk.png", _picture("red"))
    daemon.manifest("back/desk")
    path = daemon.drop("back/post.md", _post("Shows it", "desk.png"))
    _wait_said(daemon, "back/post", "red")
    daemon.drop("back/desk.png", _picture("blue"))
    _wait_said(daemon, "back/post", "blue")
    path.unlink()
    daemon.published("back/desk", _picture("blue"))


def test_picture_left_behind_is_item(daemon: Daemon) -> None:
    """A picture that its post left behind becomes an item."""
    for folder in ("behind/one", "behind/two"):
        daemon.drop(f"{folder}/desk.png", _picture("red"))
    path = daemon.drop("behind/one/post.md", _post("Behind", "desk.png"))
    _wait_said(daemon, "behind/one/post", "red")
    path.rename(daemon.inbox / "behind/two/post.md")
    daemon.manifest("behind/two/post")
    daemon.manifest("behind/one/desk")


def test_picture_outlives_its_post(
    tmp_path: Path,
) -> None:
    """A picture whose post was withdrawn is an item though a broken one comes in its place."""
    timing = {"removed": "withdraw", "withdraw_after": "100ms", "pictures": {"wait": "1s"}}
    with running(tmp_path, **timing) as daemon:
        daemon.drop("desk.png", _picture("red"))
        path = daemon.drop("post.md", _post("Withdrawn", "desk.png"))
        _wait_said(daemon, "post", "red")
        path.unlink()
        wait(lambda: daemon.history("post.md") == ["removed"], lambda: daemon.log)
        daemon.drop("post.md", "---\nlexicon: missing-lexicon.yaml\n---\nIt is missing.\n")
        daemon.note("post")
        daemon.manifest("desk")


def test_deleted_picture_is_missing(daemon: Daemon) -> None:
    """A picture that is deleted as its post is edited is told as missing."""
    picture = daemon.drop("deleted/desk.png", _picture("red"))
    daemon.drop("deleted/post.md", _post("Both", "desk.png"))
    _wait_said(daemon, "deleted/post", "red")
    edited = _post("Both at once", "desk.png")
    picture.unlink()
    daemon.drop("deleted/post.md", edited)
    manifest = daemon.published("deleted/post", edited)
    assert "desk.png is not" in json.dumps(manifest)


def test_mended_post_leaves_no_note(tmp_path: Path) -> None:
    """A picture of a post whose rights are mended leaves no note."""
    daemon = Daemon(tmp_path, pictures={"wait": "8s"})
    daemon.start(as_anybody=True)
    try:
        picture = daemon.drop("desk.png", _picture("red"))
        daemon.drop("post.md", _post("Shows it", "desk.png"))
        _wait_said(daemon, "post", "red")
        picture.chmod(0)
        assert "chmod" in daemon.note("desk")
        picture.chmod(0o644)
        wait(lambda: daemon.files == _set("post"), lambda: daemon.log)
        assert daemon.status()["waiting"] == []
    finally:
        daemon.stop()


def test_text_shown_as_picture(daemon: Daemon) -> None:
    """A text that a post shows like a picture is a post of its own."""
    daemon.drop("text/post.md", _post("Shows a text", "other.md"))
    daemon.drop("text/other.md", "The other one.")
    assert "not a picture" in json.dumps(daemon.manifest("text/post"))
    daemon.published("text/other", "The other one.")
    daemon.drop("text/other.md", "The other one, edited.")
    daemon.published("text/other", "The other one, edited.")
