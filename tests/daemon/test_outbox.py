"""The outbox as a user finds it: whole sets, stable names, notes, and nothing half made."""

import hashlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from support.daemon import Daemon, running, toy, wait
from support.published import is_manifest, narration
from support.watching import Watch


def _below(daemon: Daemon, folder: str) -> set[str]:
    return {name for name in daemon.files if name.startswith(f"{folder}/")}


def _heard_s(path: Path) -> float:
    with av.open(str(path)) as container:
        frames = container.decode(audio=0)
        return sum(frame.samples / frame.sample_rate for frame in frames)


def _cues(path: Path) -> Iterator[tuple[float, float]]:
    for start, end in re.findall(r"([\d:.]+) --> ([\d:.]+)", path.read_text()):
        yield _seconds(start), _seconds(end)


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.fixture(scope="module")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that a reload tells which format to publish."""
    with running(tmp_path_factory.mktemp("formats")) as daemon:
        yield daemon


@pytest.mark.parametrize("audio", ["mp3", "opus", "ogg", "m4a", "flac", "wav"])
def test_published_files_agree(formats: Daemon, audio: str) -> None:
    """Sound, transcript and manifest agree in every format."""
    stem, text = f"{audio}/post", "# Agreed\n\nA first paragraph.\n\nAnd a second one.\n"
    told = len(formats.statuses)
    slow = toy(formats.home, seconds_a_character=0.03)
    formats.configure(**slow, audio={"format": audio})
    formats.signal(signal.SIGHUP)
    formats.wait_told("READY=1", since=told)
    formats.drop(f"{stem}.md", text)
    manifest = formats.published(stem, text)
    assert narration(stem, audio) == {
        name for name in formats.files if name.startswith(f"{audio}/")
    }
    for output in manifest["outputs"]:
        content = (formats.outbox / audio / output["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == output["sha256"]
    duration_s = manifest["duration_s"]
    assert abs(_heard_s(formats.outbox / f"{stem}.{audio}") - duration_s) < 0.15
    cues = list(_cues(formats.outbox / f"{stem}.vtt"))
    times = [time for cue in cues for time in cue]
    assert len(cues) == 3
    assert times == sorted(times)
    assert times[-1] <= duration_s
    blocks = [(block["start_s"], block["end_s"]) for block in manifest["blocks"]]
    assert [start for start, _ in blocks] == sorted(start for start, _ in blocks)
    assert all(start < end <= duration_s for start, end in blocks)
    assert (manifest["engine"], manifest["voice"]) == ("toy", "toy")


def test_configured_bitrate_is_published(formats: Daemon) -> None:
    """A configured bitrate is that of what is published."""
    told = len(formats.statuses)
    formats.configure(**toy(formats.home), audio={"format": "mp3", "bitrate": "24k"})
    formats.signal(signal.SIGHUP)
    formats.wait_told("READY=1", since=told)
    formats.drop("small.md", "Words.\n")
    formats.published("small", "Words.\n")
    with av.open(str(formats.outbox / "small.mp3")) as container:
        assert container.streams.audio[0].bit_rate == 24_000


@pytest.mark.parametrize("order", [("a.md", "a.txt"), ("a.txt", "a.md")])
def test_same_stem_gets_two_names(tmp_path: Path, order: tuple[str, str]) -> None:
    """Two sources of one stem have two names for good."""
    first, second = order
    daemon = Daemon(tmp_path)
    with daemon:
        daemon.drop(first, f"The words of {first}.")
        daemon.published("a", f"The words of {first}.")
        daemon.drop(second, f"The words of {second}.")
        daemon.published(second, f"The words of {second}.")
    with daemon:
        for name, stem in ((second, second), (first, "a")):
            daemon.drop(name, f"New words of {name}.")
            daemon.published(stem, f"New words of {name}.")
        assert daemon.files == narration("a") | narration(second)


def test_unreadable_source_names_chmod(
    tmp_path: Path,
) -> None:
    """An unreadable source names the chmod and goes on when it is mended."""
    daemon = Daemon(tmp_path)
    daemon.start(as_anybody=True)
    try:
        text = "Nobody may read this, at first."
        (tmp_path / "aside").write_text(text)
        (tmp_path / "aside").chmod(0)
        path = (tmp_path / "aside").rename(daemon.inbox / "post.md")
        assert "chmod" in daemon.note("post")
        assert daemon.status()["waiting"][0]["path"] == "post.md"
        path.chmod(0o644)
        daemon.published("post", text)
        wait(lambda: daemon.files == narration("post"), lambda: daemon.log)
    finally:
        daemon.stop()


def test_unreadable_source_is_missed(tmp_path: Path) -> None:
    """An unreadable source that goes takes its note and its job along, also while nobody looks."""
    daemon = Daemon(tmp_path)
    for name in ("now.md", "later.md"):
        (tmp_path / "aside").write_text("Nobody may read this.")
        (tmp_path / "aside").chmod(0)
        (tmp_path / "aside").rename(daemon.inbox / name)
    daemon.drop("post.md", "Read this.")
    daemon.start(as_anybody=True)
    try:
        daemon.published("post", "Read this.")
        assert "chmod" in daemon.note("now") + daemon.note("later")
        (daemon.inbox / "now.md").unlink()
        wait(lambda: daemon.history("now.md") == ["removed"], lambda: daemon.log)
        daemon.stop()
        (daemon.inbox / "later.md").unlink()
        daemon.start(as_anybody=True)
        wait(lambda: daemon.history("later.md") == ["removed"], lambda: daemon.log)
        wait(lambda: daemon.files == narration("post"), lambda: daemon.log)
        assert daemon.status()["waiting"] == []
    finally:
        daemon.stop()


def test_refresh_replaces_old_format(tmp_path: Path) -> None:
    """A changed format replaces the old files on refresh."""
    daemon = Daemon(tmp_path)
    with daemon:
        daemon.drop("post.md", "The same words.")
        daemon.published("post", "The same words.")
        spoken = daemon.spoken
        told = len(daemon.statuses)
        daemon.configure(audio={"format": "opus"})
        daemon.signal(signal.SIGHUP)
        daemon.wait_told("READY=1", told)
        assert daemon.files == narration("post")
        assert "post.md is narrated again" in daemon.ask("refresh").stdout
        wait(lambda: daemon.files == narration("post", "opus"), lambda: daemon.log)
        assert daemon.spoken == spoken


def test_status_note_is_current(
    tmp_path: Path,
) -> None:
    """The status note tells what is read and never claims it afterwards."""
    with running(tmp_path, **toy(tmp_path, delay_s=0.5, rows=1)) as daemon:
        note = daemon.outbox / "narrated.status.txt"
        wait(lambda: note.exists() and "nothing to do" in note.read_text())
        assert re.search(r"as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}", note.read_text())
        daemon.drop("book.md", "\n\n".join(f"Line {n} of it." for n in range(60)))
        daemon.wait_told("STATUS=reading book.md")
        assert re.search(r"reading book\.md: \d+%", " ".join(daemon.statuses))
        daemon.stop()
        assert "stopped" in note.read_text()
        assert "Being read" not in note.read_text()
        assert "book.md" in note.read_text()


def test_outbox_shows_whole_files_only(daemon: Daemon, figure: Callable[[str], None]) -> None:
    """Nothing half made is ever seen in the outbox."""
    with Watch(daemon.outbox / "whole") as watch:
        made = []
        for version in range(4):
            text = f"# Whole\n\nVersion {version}.\n"
            daemon.drop("whole/post.md", text)
            made.append(daemon.published("whole/post", text))
    figure(watch.verify(made))
    assert {name for name in watch.seen if not name.startswith(".")} == narration("post")


def test_hard_names_come_through(daemon: Daemon) -> None:
    """Names that are hard on everybody come through."""
    names = ["hard/Ünïcode – post.md", "hard/line\nbreak.md", "hard/" + "l" * 240 + ".md"]
    for name in names:
        daemon.drop(name, "Well read.")
    raw = os.fsencode(daemon.inbox) + b"/hard/not-\xff-utf8.md"
    Path(os.fsdecode(raw)).write_text("Well read.")
    wait(
        lambda: sum(is_manifest(name) for name in _below(daemon, "hard")) == 4,
        lambda: f"{_below(daemon, 'hard')}\n{daemon.log}",
    )
    assert "\nbreak" not in daemon.ask("status").stdout


def test_folder_in_the_way_fails_later(
    tmp_path: Path,
) -> None:
    """A folder and a file of one name fail the later and go on when one is renamed."""
    with running(tmp_path, audio={"format": "wav"}) as daemon:
        daemon.drop("post.md", "The file.\n")
        daemon.manifest("post")
        daemon.drop("post.wav/inner.md", "Below a folder named like the file.\n")
        assert "a file of the same name" in daemon.note("post.wav~inner")
        (daemon.inbox / "post.md").rename(daemon.inbox / "other.md")
        daemon.manifest("other")
        daemon.ask("retry", "--failed")
        daemon.manifest("post.wav/inner")
        daemon.wait_idle()
        assert daemon.files == narration("other", "wav") | narration("post.wav/inner", "wav")
