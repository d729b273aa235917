"""The outbox, as whoever syncs it sees it: whole files, whole sets, nobody else's touched."""

import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from narrated.errors import SourceError, StorageError
from narrated.outbox.manifest import Manifest, ManifestOutput, ManifestSource, encode
from narrated.outbox.open_folder import DraftFile, opened
from narrated.outbox.published_files import (
    PreparedFile,
    intact,
    move,
    publish,
    sweep,
    withdraw,
)
from narrated.outbox.untrusted_reads import known_manifest

MakeFile = Callable[[str, bytes], Path]


def manifest(outputs: tuple[ManifestOutput, ...]) -> bytes:
    return encode(
        Manifest(
            program="narrated",
            published="2026-11-22T08:46:10+01:00",
            source=ManifestSource("post.md", ""),
            outputs=outputs,
            title="Post",
            engine="espeak",
            voice="en-us",
            duration_s=1.0,
        )
    )


@pytest.fixture
def files(file: MakeFile) -> list[PreparedFile]:
    sound, words = file("a.mp3", b"sound" * 1000), file("a.vtt", b"WEBVTT\n")
    return [PreparedFile(sound, ".mp3"), PreparedFile(words, ".vtt")]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, which may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_published_set_is_complete(outbox: Path, files: list[PreparedFile]) -> None:
    """A published set holds the prepared files and their manifest."""
    publish(outbox, "post", files, manifest)
    assert names(outbox) == ["post.json", "post.mp3", "post.vtt"]
    assert (outbox / "post.mp3").read_bytes() == b"sound" * 1000
    assert (outbox / "post.vtt").read_bytes() == b"WEBVTT\n"
    assert intact(outbox, "post")


def test_result_matches_the_files(outbox: Path, files: list[PreparedFile]) -> None:
    """The returned sizes and digests are those of the files."""
    published = publish(outbox, "blog/post", files, manifest)
    assert [each.name for each in published] == ["post.mp3", "post.vtt", "post.json"]
    for each in published:
        path = outbox / "blog" / each.name
        found = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert each == ManifestOutput(each.name, digest, found.st_size, each.media_type)
    assert [each.media_type for each in published] == ["audio/mpeg", "text/vtt", "application/json"]
    assert known_manifest(outbox, "blog/post").outputs == published[:-1]


def test_manifest_of_any_bytes(outbox: Path) -> None:
    """A manifest is written as its maker gives it."""
    (only,) = publish(outbox, "post", [], lambda outputs: b"{}")
    assert (outbox / only.name).read_bytes() == b"{}"


def test_large_file_is_whole(outbox: Path, file: MakeFile) -> None:
    """A large file is copied as a whole."""
    content = os.urandom(3 * 1024 * 1024 + 17)
    publish(outbox, "post", [PreparedFile(file("a", content), ".wav")], manifest)
    assert (outbox / "post.wav").read_bytes() == content
    assert intact(outbox, "post")


def test_group_may_write(outbox: Path, files: list[PreparedFile]) -> None:
    """The group may read and write, whatever the umask."""
    before = os.umask(0o077)
    try:
        publish(outbox, "a/b/post", files, manifest)
    finally:
        os.umask(before)
    assert (outbox / "a").stat().st_mode & 0o7777 == 0o2775
    assert (outbox / "a/b").stat().st_mode & 0o7777 == 0o2775
    assert {path.stat().st_mode & 0o7777 for path in (outbox / "a/b").iterdir()} == {0o664}


def test_existing_folders_keep_rights(outbox: Path, files: list[PreparedFile]) -> None:
    """Folders that existed keep their rights."""
    (outbox / "mine").mkdir(mode=0o700)
    publish(outbox, "mine/post", files, manifest)
    assert (outbox / "mine").stat().st_mode & 0o7777 == 0o700


def test_new_version_replaces_old(outbox: Path, file: MakeFile, files: list[PreparedFile]) -> None:
    """A new version replaces the old one, and removes files it no longer has."""
    publish(outbox, "post", files, manifest)
    (outbox / "post.jpg").write_bytes(b"somebody's own")
    publish(outbox, "post", [PreparedFile(file("b", b"other sound"), ".opus")], manifest)
    assert names(outbox) == ["post.jpg", "post.json", "post.opus"]
    assert intact(outbox, "post")


@pytest.mark.parametrize(
    "name",
    ["../precious.txt", "other.mp3", "sub/post.mp3", "post", "post.d/x", "post.md.mp3"],
)
def test_forged_manifest_keeps_files(outbox: Path, files: list[PreparedFile], name: str) -> None:
    """A manifest that somebody changed deletes no files of others."""
    victim = outbox / "blog" / name
    (outbox / "blog").mkdir()
    victim.parent.mkdir(exist_ok=True)
    victim.write_bytes(b"precious")
    forged = manifest((ManifestOutput(name, "", 8, "text/plain"),))
    (outbox / "blog" / "post.json").write_bytes(forged)
    publish(outbox, "blog/post", files, manifest)
    assert victim.read_bytes() == b"precious"


def test_damaged_manifest_is_replaced(outbox: Path, files: list[PreparedFile]) -> None:
    """A damaged manifest is replaced."""
    (outbox / "post.json").write_bytes(b"\xff{")
    assert not intact(outbox, "post")
    publish(outbox, "post", files, manifest)
    assert intact(outbox, "post")


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["post.json", "post.mp3", "post.vtt"])
@pytest.mark.parametrize("harm", [Path.unlink, damage, lambda path: os.truncate(path, 3)])
def test_changed_set_is_not_intact(
    outbox: Path, files: list[PreparedFile], name: str, harm: Callable[[Path], None]
) -> None:
    """A set with a missing or changed file is not intact."""
    publish(outbox, "post", files, manifest)
    harm(outbox / name)
    assert not intact(outbox, "post")


def test_missing_set_is_not_intact(outbox: Path) -> None:
    """A set that was never published is not intact."""
    assert not intact(outbox, "no/post")


def test_manifest_names_no_file_outside(outbox: Path) -> None:
    """A manifest cannot name a file in another folder."""
    (outbox / "theirs.txt").write_bytes(b"theirs")
    digest = hashlib.sha256(b"theirs").hexdigest()
    theirs = manifest((ManifestOutput("../theirs.txt", digest, 6, ""),))
    publish(outbox, "blog/post", [], lambda outputs: theirs)
    assert not intact(outbox, "blog/post")


def test_publish_follows_no_link(outbox: Path, tmp_path: Path, files: list[PreparedFile]) -> None:
    """No file is written through a link."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"mine")
    (outbox / "link").symlink_to(elsewhere)
    (outbox / "post.mp3").symlink_to(elsewhere / "precious")
    with pytest.raises(StorageError, match="Put a real folder there"):
        publish(outbox, "link/post", files, manifest)
    publish(outbox, "post", files, manifest)
    assert names(elsewhere) == ["precious"]
    assert (elsewhere / "precious").read_bytes() == b"mine"
    assert not (outbox / "post.mp3").is_symlink()


@pytest.mark.parametrize("stem", ["../post", "/post", "a/../../post", "", "a//post"])
def test_stem_stays_in_the_outbox(outbox: Path, files: list[PreparedFile], stem: str) -> None:
    """A stem that leads out of the outbox is refused."""
    with pytest.raises(ValueError, match="not inside"):
        publish(outbox, stem, files, manifest)


def test_missing_outbox_is_not_made(tmp_path: Path, files: list[PreparedFile]) -> None:
    """A missing outbox is not created."""
    with pytest.raises(StorageError, match=r"No such file.*mount the disk"):
        publish(tmp_path / "unmounted", "post", files, manifest)
    assert not (tmp_path / "unmounted").exists()


@pytest.mark.parametrize("suffix", [".mp3", ".vtt", ".json"])
def test_folder_in_place_of_a_file(outbox: Path, files: list[PreparedFile], suffix: str) -> None:
    """A folder in place of a file is a SourceError, and nothing is replaced."""
    (outbox / f"post{suffix}").mkdir()
    (outbox / f"post{suffix}" / "inner.md").write_text("theirs")
    before = tree(outbox)
    with pytest.raises(SourceError, match=rf"post\{suffix} .*a folder of .*Rename one of the two"):
        publish(outbox, "post", files, manifest)
    assert tree(outbox) == before
    assert not intact(outbox, "post")


def test_file_in_place_of_a_folder(outbox: Path, files: list[PreparedFile]) -> None:
    """A file in place of a folder is a SourceError."""
    (outbox / "a").mkdir()
    (outbox / "a" / "blog").write_bytes(b"theirs")
    with pytest.raises(SourceError, match=r"blog .*a file of .*Rename one of the two"):
        publish(outbox, "a/blog/post", files, manifest)
    assert not intact(outbox, "a/blog/post")
    withdraw(outbox, "a/blog/post", [".mp3"])
    assert (outbox / "a" / "blog").read_bytes() == b"theirs"


def test_move_onto_a_folder_fails(outbox: Path, files: list[PreparedFile]) -> None:
    """A narration is not moved to the name of a folder."""
    publish(outbox, "post", files, manifest)
    (outbox / "new.vtt").mkdir()
    with pytest.raises(SourceError, match=r"new\.vtt .*a folder of"):
        move(outbox, "post", "new", [".mp3", ".vtt"], b"{}")
    assert intact(outbox, "post")


def test_withdraw_keeps_foreign_folder(outbox: Path, files: list[PreparedFile]) -> None:
    """A folder in the place of an output is not removed."""
    publish(outbox, "post", files, manifest)
    (outbox / "post.mp3").unlink()
    (outbox / "post.mp3").mkdir()
    assert not intact(outbox, "post")
    withdraw(outbox, "post", [".mp3", ".vtt"])
    assert names(outbox) == ["post.mp3"]


def test_error_forges_no_line(outbox: Path, files: list[PreparedFile]) -> None:
    """No name can forge a line of an error."""
    (outbox / "a\nb.mp3").mkdir()
    with pytest.raises(SourceError, match=r"a\\nb\.mp3 cannot") as caught:
        publish(outbox, "a\nb", files, manifest)
    assert "\n" not in str(caught.value)


def test_full_disk_changes_nothing(
    small_disk: Path, file: MakeFile, files: list[PreparedFile]
) -> None:
    """A full disk changes nothing, and leaves no draft."""
    publish(small_disk, "post", files, manifest)
    before = (small_disk / "post.mp3").read_bytes()
    large = PreparedFile(file("large", bytes(200 * 1024)), ".vtt")
    with pytest.raises(StorageError, match=r"No space left.*Free some space"):
        publish(small_disk, "post", [files[0], large], manifest)
    assert names(small_disk) == ["post.json", "post.mp3", "post.vtt"]
    assert (small_disk / "post.mp3").read_bytes() == before
    assert intact(small_disk, "post")


def test_read_only_disk_is_reported(small_disk: Path, files: list[PreparedFile]) -> None:
    """A read-only disk is reported."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageError, match="Mount it writable"):
        publish(small_disk, "post", files, manifest)


def test_missing_right_is_reported(files: list[PreparedFile]) -> None:
    """A missing right to write is reported."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        with nobody(), pytest.raises(StorageError, match=r"Permission denied.*doctor"):
            publish(Path(folder), "post", files, manifest)
        Path(folder).chmod(0o755)


def test_withdraw_prunes_folders(outbox: Path, files: list[PreparedFile]) -> None:
    """A withdrawn narration takes the folders it empties along."""
    publish(outbox, "a/b/c/post", files, manifest)
    (outbox / "a" / "theirs.txt").write_text("mine")
    withdraw(outbox, "a/b/c/post", [".mp3", ".vtt", ".json"])
    assert tree(outbox) == ["a", "a/theirs.txt"]


def test_withdraw_leaves_others(outbox: Path, files: list[PreparedFile]) -> None:
    """A withdrawal leaves other narrations alone."""
    publish(outbox, "a/post", files, manifest)
    publish(outbox, "a/post2", files, manifest)
    withdraw(outbox, "a/post", [".mp3", ".vtt"])
    assert names(outbox / "a") == ["post2.json", "post2.mp3", "post2.vtt"]
    assert intact(outbox, "a/post2")


def test_withdraw_twice(outbox: Path) -> None:
    """It is no error to withdraw a narration that is gone."""
    withdraw(outbox, "post", [".mp3"])
    withdraw(outbox, "no/such/post", [".mp3"])
    assert outbox.is_dir()


def test_move_is_complete(outbox: Path, files: list[PreparedFile]) -> None:
    """A moved narration is complete under its new name."""
    publish(outbox, "a/b/post", files, manifest)
    published_at = (outbox / "a/b/post.mp3").stat().st_mtime_ns
    renamed = known_manifest(outbox, "a/b/post").renamed("c/new.md", "a/b/post", "c/new")
    placed = move(outbox, "a/b/post", "c/new", [".mp3", ".vtt"], encode(renamed))
    assert tree(outbox) == ["c", "c/new.json", "c/new.mp3", "c/new.vtt"]
    assert intact(outbox, "c/new")
    assert placed.name == "new.json"
    assert (outbox / "c/new.mp3").stat().st_mtime_ns == published_at


def test_move_within_a_folder(outbox: Path, files: list[PreparedFile]) -> None:
    """A narration can move within its folder."""
    publish(outbox, "a/post", files, manifest)
    renamed = known_manifest(outbox, "a/post").renamed("a/new.md", "a/post", "a/new")
    move(outbox, "a/post", "a/new", [".mp3", ".vtt"], encode(renamed))
    assert names(outbox / "a") == ["new.json", "new.mp3", "new.vtt"]
    assert intact(outbox, "a/new")


def test_move_to_the_same_name(outbox: Path, files: list[PreparedFile]) -> None:
    """A narration can get a new manifest under the same name."""
    publish(outbox, "a/post", files, manifest)
    renamed = known_manifest(outbox, "a/post").renamed("a/post.txt", "a/post", "a/post")
    move(outbox, "a/post", "a/post", [".mp3", ".vtt"], encode(renamed))
    assert known_manifest(outbox, "a/post").source.path == "a/post.txt"
    assert intact(outbox, "a/post")


def test_incomplete_set_does_not_move(outbox: Path, files: list[PreparedFile]) -> None:
    """A narration without one of its files does not move."""
    publish(outbox, "a/post", files, manifest)
    (outbox / "a/post.vtt").unlink()
    with pytest.raises(StorageError):
        move(outbox, "a/post", "b/new", [".mp3", ".vtt"], b"{}")
    assert names(outbox / "a") == ["post.json", "post.mp3"]


def test_sweep_removes_drafts_only(outbox: Path, files: list[PreparedFile]) -> None:
    """Only drafts of narrated are swept."""
    publish(outbox, "post", files, manifest)
    (outbox / ".narrated-0123456789abcdef.tmp").write_bytes(b"half")
    theirs = [".narrated-notes.tmp", ".syncthing.post.mp3.tmp", "narrated-0123456789abcdef.tmp"]
    for name in theirs:
        (outbox / name).write_bytes(b"theirs")
    assert sweep(outbox) == 1
    assert names(outbox) == sorted([*theirs, "post.json", "post.mp3", "post.vtt"])
    assert sweep(outbox / "none") == 0


@pytest.mark.parametrize("age_s", [-3600 * 24 * 365, 3600 * 24 * 365])
def test_open_draft_is_not_swept(outbox: Path, age_s: float) -> None:
    """A draft of this process is not swept, whatever its time."""
    with opened(outbox, "") as folder, DraftFile(folder) as draft:
        (name,) = names(outbox)
        os.utime(outbox / name, (time.time() - age_s,) * 2)
        assert sweep(outbox) == 0
        draft.place("post.mp3")
    assert names(outbox) == ["post.mp3"]


def test_withdraw_during_publish(outbox: Path, files: list[PreparedFile]) -> None:
    """A withdrawal that empties a folder does not make a publication there fail."""

    def come_and_go(stem: str) -> None:
        for _ in range(50):
            publish(outbox, stem, files, manifest)
            came.append(stem)
            withdraw(outbox, stem, [".mp3", ".vtt"])

    came: list[str] = []
    threads = [Thread(target=come_and_go, args=(f"a/b/{name}",)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came) == 150
    assert names(outbox) == []
