"""Digests of published files are compared slice by slice."""

import hashlib
from pathlib import Path

import pytest

from narrated.outbox import sliced_digest
from narrated.outbox.manifest import Manifest, ManifestOutput, ManifestSource, encode
from narrated.outbox.sliced_digest import digests_of
from support.hostile_files import make_sparse

CONTENT = bytes(range(100)) * 10


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An outbox with a narration, whose files are read in slices of 100 bytes."""
    monkeypatch.setattr(sliced_digest, "SLICE_BYTES", 100)
    (tmp_path / "blog").mkdir()
    (tmp_path / "blog/post.mp3").write_bytes(CONTENT)
    _record(tmp_path, len(CONTENT))
    return tmp_path


def _record(outbox: Path, count: int) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    manifest = Manifest(
        program="narrated",
        published="2026-11-22T08:46:10+01:00",
        source=ManifestSource("blog/post.md", "a" * 64),
        outputs=(ManifestOutput("post.mp3", sha256, count, "audio/mpeg"),),
        title="Post",
        engine="toy",
        voice="toy",
        duration_s=1.0,
    )
    (outbox / "blog/post.json").write_bytes(encode(manifest))


def _slices(outbox: Path) -> tuple[int, bool]:
    """The number of slices that are read, and whether the file is another."""
    (digest,) = digests_of(outbox, "blog/post", 1.0)
    count = 1
    while digest.read_slice():
        count += 1
    return count, digest.is_other


def test_whole_file_has_its_digest(outbox: Path) -> None:
    """A whole file is read to its end, and is the one of the manifest."""
    assert _slices(outbox) == (11, False)


@pytest.mark.parametrize("content", [bytes(1000), CONTENT[:-1], CONTENT + bytes(1000), b""])
def test_other_file_is_seen(outbox: Path, content: bytes) -> None:
    """A file of other content is another; one that grew is read no further than it should be."""
    (outbox / "blog/post.mp3").write_bytes(content)
    count, is_other = _slices(outbox)
    assert is_other
    assert count <= 11


def test_file_gone_is_no_other(outbox: Path) -> None:
    """A file that its listener took away is not another, nor is a link in its place."""
    (outbox / "blog/post.mp3").unlink()
    assert _slices(outbox) == (1, False)
    (outbox / "blog/post.mp3").symlink_to("/dev/zero")
    assert _slices(outbox) == (1, False)


def test_absurd_size_is_not_read(outbox: Path) -> None:
    """A manifest of files that are larger than its narration can be is not compared."""
    _record(outbox, 1 << 40)
    make_sparse(outbox / "blog/post.mp3")
    assert digests_of(outbox, "blog/post", 1.0) == []
