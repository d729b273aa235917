"""What stands in the outbox is read back as a stranger's: a manifest of ours, or nothing."""

import logging
import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from narrated.errors import StorageError
from narrated.outbox.manifest import Manifest, ManifestOutput, ManifestSource, encode
from narrated.outbox.narration_search import whole_narrations
from narrated.outbox.published_files import intact, is_damaged, sweep, withdraw
from narrated.outbox.untrusted_reads import (
    MOST_MANIFEST_BYTES,
    file_in,
    known_manifest,
    manifest,
    note,
)
from support.hostile_files import make_socket, make_sparse

Put = Callable[[Path], object]

OURS = Manifest(
    program="narrated",
    published="2026-11-22T08:46:10+01:00",
    source=ManifestSource("post.md", "a" * 64),
    outputs=(ManifestOutput("post.mp3", "", 1000, "audio/mpeg"),),
    title="Post",
    engine="toy",
    voice="toy",
    duration_s=1.0,
)


def _nested(path: Path) -> None:
    deep = "[" * 3000 + "]" * 3000
    path.write_text(encode(OURS).decode().replace('"settings": {}', f'"settings": {{"a": {deep}}}'))


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _link(path: Path) -> None:
    ours = path.with_name(".whole")
    ours.write_bytes(encode(OURS))
    path.symlink_to(ours)


def _binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe{")


def _nan(path: Path) -> None:
    path.write_bytes(encode(OURS).replace(b'"duration_s": 1.0', b'"duration_s": NaN'))


def _others(path: Path) -> None:
    names = (ManifestOutput("../post.mp3", "", 1, ""),)
    path.write_bytes(encode(msgspec.structs.replace(OURS, outputs=names)))


def _unnamed(path: Path) -> None:
    path.write_bytes(encode(OURS).replace(b"post.mp3", b"post.\\u0000mp3"))


def _long(path: Path) -> None:
    path.write_bytes(encode(OURS).replace(b"post.mp3", b"post." + b"mp3" * 1000))


HOSTILE: dict[str, Put] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "socket": make_socket,
    "loop": _loop,
    "link": _link,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "sparse": make_sparse,
    "nested": _nested,
    "binary": _binary,
    "not a number": _nan,
    "files of others": _others,
    "no name": _unnamed,
    "long name": _long,
    "foreign": lambda path: path.write_text('{"title": "theirs"}'),
    "empty": Path.touch,
}
hostile = pytest.mark.parametrize("put", HOSTILE.values(), ids=HOSTILE.keys())


@hostile
def test_hostile_manifest_is_not_ours(
    outbox: Path, put: Put, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with a manifest, it is not ours: told once, and left as it is."""
    put(outbox / "post.json")
    (outbox / "post.mp3").write_bytes(b"x")
    before = os.lstat(outbox / "post.json")
    with caplog.at_level(logging.WARNING, "narrated"):
        for _ in range(3):
            assert manifest(outbox, "post") is None
            assert intact(outbox, "post") is None
            assert not list(whole_narrations(outbox))
    assert [record.getMessage() for record in caplog.records if "is not ours" in record.message]
    assert len(caplog.records) == 1
    assert os.lstat(outbox / "post.json") == before


@hostile
def test_hostile_manifest_is_damage(outbox: Path, put: Put) -> None:
    """A narration with anything else in its manifest's place is damaged."""
    put(outbox / "post.json")
    assert is_damaged(outbox, "post", [".mp3"])


@hostile
def test_hostile_note_is_no_note(outbox: Path, put: Put) -> None:
    """A note is read back only if it is a file, and of a note's size."""
    put(outbox / "post.error.txt")
    found = note(outbox, "post.error.txt")
    assert found is None or len(found) < 64 * 1024


def test_device_is_not_ours() -> None:
    """A device is neither read nor waited for."""
    folder = os.open("/dev", os.O_RDONLY)
    for name in ("zero", "null", "tty", "ptmx"):
        assert file_in(folder, name, f"/dev/{name}") is None
    os.close(folder)


def test_linked_folder_is_not_entered(outbox: Path, tmp_path: Path) -> None:
    """Nothing is read, swept or removed through a linked folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (outbox / "blog").symlink_to(elsewhere)
    (elsewhere / "post.json").write_bytes(encode(OURS))
    (elsewhere / "post.mp3").write_bytes(b"x")
    (elsewhere / ".narrated-0123456789abcdef.tmp").touch()
    assert manifest(outbox, "blog/post") is None
    assert not is_damaged(outbox, "blog/post", [".mp3"])
    assert not list(whole_narrations(outbox))
    with pytest.raises(StorageError):
        sweep(outbox, "blog")
    with pytest.raises(StorageError):
        withdraw(outbox, "blog/post", [".mp3"])
    assert len(list(elsewhere.iterdir())) == 3


@pytest.mark.parametrize(
    ("put", "damaged"),
    [
        (os.mkfifo, True),
        (lambda path: path.write_bytes(b"xx"), True),
        (lambda path: path.symlink_to("/dev/zero"), False),
        (lambda path: None, False),
    ],
    ids=["pipe", "other size", "link", "absent"],
)
def test_output_that_is_another(outbox: Path, put: Put, damaged: bool) -> None:
    """A file in an output's place makes no whole narration; an absent one was taken away."""
    (outbox / "post.json").write_bytes(encode(OURS))
    put(outbox / "post.mp3")
    assert not intact(outbox, "post")
    assert not list(whole_narrations(outbox))
    assert is_damaged(outbox, "post", [".mp3"]) == damaged


def test_unreadable_manifest_is_not_ours() -> None:
    """A file whose rights forbid to read it is not ours, and no trouble of the storage."""
    with tempfile.TemporaryDirectory() as folder:
        outbox = Path(folder)
        outbox.chmod(0o755)
        (outbox / "post.json").write_bytes(encode(OURS))
        (outbox / "post.json").chmod(0)
        if os.geteuid() == 0:
            os.seteuid(65534)
        try:
            assert manifest(outbox, "post") is None
        finally:
            os.seteuid(os.getuid())


def test_missing_manifest_is_an_error(outbox: Path) -> None:
    """A manifest that somebody must have is missed in words."""
    with pytest.raises(StorageError, match=r"post\.json is not a manifest"):
        known_manifest(outbox, "post")


def test_deep_tree_is_walked(outbox: Path) -> None:
    """Folders nested beyond any path are left, and end no walk."""
    descriptor = os.open(outbox, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    (outbox / "post.json").write_bytes(encode(OURS))
    (outbox / "post.mp3").write_bytes(b"ID3" + bytes(997))
    assert [stem for stem, _ in whole_narrations(outbox)] == ["post"]


def test_hostile_manifest_costs_little(outbox: Path) -> None:
    """A manifest that would grow fifty times in memory is refused by its text."""
    values = b"[]," * (MOST_MANIFEST_BYTES // 4)
    content = encode(OURS).replace(b'"settings": {}', b'"settings": {"a": [' + values + b"1]}")
    size_bytes = (outbox / "post.json").write_bytes(content)
    del content, values
    tracemalloc.start()
    try:
        assert manifest(outbox, "post") is None
        assert tracemalloc.get_traced_memory()[1] < 2.5 * size_bytes
    finally:
        tracemalloc.stop()


def test_terabyte_of_sound_is_not_hashed(outbox: Path) -> None:
    """A file that is larger than any narration of its length is not read to compare its digest."""
    output = ManifestOutput("post.mp3", "", 1 << 40, "audio/mpeg")
    forged = msgspec.structs.replace(OURS, outputs=(output,))
    (outbox / "post.json").write_bytes(encode(forged))
    make_sparse(outbox / "post.mp3")
    assert intact(outbox, "post", 60.0) is None


LEASE = """
import fcntl, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
with open(sys.argv[1], "r+b") as file:
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_leased_manifest_is_not_ours(outbox: Path) -> None:
    """A file that another program holds a lease on is neither waited for nor trouble."""
    (outbox / "post.json").write_bytes(encode(OURS))
    command = [sys.executable, "-c", LEASE, str(outbox / "post.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert manifest(outbox, "post") is None
        holder.communicate()
    assert manifest(outbox, "post") == OURS
