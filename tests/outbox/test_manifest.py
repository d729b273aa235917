"""Manifests: the same in, the same out, whatever the names."""

import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrated.errors import StorageError
from narrated.outbox.manifest import (
    BlockTime,
    Manifest,
    ManifestOutput,
    ManifestSource,
    SkippedPart,
    decode,
    encode,
    read,
)

WHOLE = Manifest(
    program="narrated 0.1.0",
    published="2026-11-22T08:46:10+01:00",
    source=ManifestSource("blog/post.md", "ab" * 32),
    outputs=(ManifestOutput("post.mp3", "cd" * 32, 12345, "audio/mpeg"),),
    title="Größe",
    author="Ada",
    date="2026-11-22",
    language="en",
    engine="espeak",
    voice="en-us",
    settings={"links": "text", "pauses": {"title": 0.5}},
    script="ef" * 32,
    duration_s=61.25,
    blocks=(BlockTime(0, "heading", "Größe", 0.25, 1.5),),
    skipped=(SkippedPart(3, "code", "code is announced, not read", "import os"),),
)


def test_manifest_is_read_back(tmp_path: Path) -> None:
    """A written manifest is read back."""
    path = tmp_path / "post.json"
    path.write_bytes(encode(WHOLE))
    assert read(path) == WHOLE


def test_manifest_is_readable_json() -> None:
    """A manifest is JSON that a person can read."""
    content = encode(WHOLE)
    assert json.loads(content)["source"] == {"path": "blog/post.md", "sha256": "ab" * 32}
    assert '\n  "title": "Größe",\n' in content.decode()
    assert content.endswith(b"}\n")


def test_encoding_is_deterministic() -> None:
    """The same manifest makes the same bytes."""
    assert encode(WHOLE) == encode(decode(encode(WHOLE)))


def test_undecodable_name_is_escaped() -> None:
    """An undecodable name makes valid JSON, and is read back."""
    path = os.fsdecode(b"caf\xe9\\x41/\xff.md")
    odd = msgspec.structs.replace(WHOLE, source=ManifestSource(path, ""))
    content = encode(odd)
    assert json.loads(content.decode("utf-8"))["source"]["path"] == "caf\\xe9\\\\x41/\\xff.md"
    assert decode(content) == odd


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_names_of_any_bytes(name: bytes) -> None:
    """A name of any bytes is read back."""
    path = os.fsdecode(name)
    output = ManifestOutput(path, "", 0, "")
    odd = msgspec.structs.replace(WHOLE, source=ManifestSource(path, ""), outputs=(output,))
    assert decode(encode(odd)) == odd


def test_title_loses_odd_bytes() -> None:
    """A title loses its undecodable bytes only."""
    odd = msgspec.structs.replace(WHOLE, title="caf\udce9 ü", settings={"a": ["\udcff"]})
    back = decode(encode(odd))
    assert back.title == "caf\ufffd ü"
    assert back.settings == {"a": ["\ufffd"]}
    assert back.blocks == odd.blocks


def test_renamed_manifest() -> None:
    """A renamed manifest has the new path and names."""
    moved = WHOLE.renamed("essays/new.md", "blog/post", "essays/new")
    assert moved.source == ManifestSource("essays/new.md", "ab" * 32)
    assert [each.name for each in moved.outputs] == ["new.mp3"]
    assert moved.blocks == WHOLE.blocks


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": 1}', b"\xff\xfe", b'{"title": "\xff"}']
)
def test_foreign_json_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is no manifest is refused."""
    path = tmp_path / "post.json"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"post\.json is not a manifest"):
        read(path)


def test_missing_manifest_is_an_error(tmp_path: Path) -> None:
    """A missing manifest is a StorageError."""
    with pytest.raises(StorageError):
        read(tmp_path / "none.json")
