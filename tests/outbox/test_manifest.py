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


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "post.json"
    path.write_bytes(encode(WHOLE))
    assert read(path) == WHOLE


def test_a_manifest_is_json_that_a_person_can_read() -> None:
    content = encode(WHOLE)
    assert json.loads(content)["source"] == {"path": "blog/post.md", "sha256": "ab" * 32}
    assert '\n  "title": "Größe",\n' in content.decode()
    assert content.endswith(b"}\n")


def test_the_same_manifest_makes_the_same_bytes() -> None:
    assert encode(WHOLE) == encode(decode(encode(WHOLE)))


def test_a_name_that_is_no_text_stands_in_valid_json_and_comes_back() -> None:
    path = os.fsdecode(b"caf\xe9\\x41/\xff.md")
    odd = msgspec.structs.replace(WHOLE, source=ManifestSource(path, ""))
    content = encode(odd)
    assert json.loads(content.decode("utf-8"))["source"]["path"] == "caf\\xe9\\\\x41/\\xff.md"
    assert decode(content) == odd


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_whatever_the_bytes_of_a_name_they_come_back(name: bytes) -> None:
    path = os.fsdecode(name)
    output = ManifestOutput(path, "", 0, "")
    odd = msgspec.structs.replace(WHOLE, source=ManifestSource(path, ""), outputs=(output,))
    assert decode(encode(odd)) == odd


def test_a_title_made_of_odd_bytes_loses_them_alone() -> None:
    odd = msgspec.structs.replace(WHOLE, title="caf\udce9 ü", settings={"a": ["\udcff"]})
    back = decode(encode(odd))
    assert back.title == "caf\ufffd ü"
    assert back.settings == {"a": ["\ufffd"]}
    assert back.blocks == odd.blocks


def test_a_renamed_narration_names_its_new_place() -> None:
    moved = WHOLE.renamed("essays/new.md", "blog/post", "essays/new")
    assert moved.source == ManifestSource("essays/new.md", "ab" * 32)
    assert [each.name for each in moved.outputs] == ["new.mp3"]
    assert moved.blocks == WHOLE.blocks


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": 1}', b"\xff\xfe", b'{"title": "\xff"}']
)
def test_what_is_not_a_manifest_of_ours_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "post.json"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"post\.json is not a manifest"):
        read(path)


def test_a_missing_manifest_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        read(tmp_path / "none.json")
