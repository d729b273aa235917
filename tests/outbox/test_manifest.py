"""Manifests: the same in, the same out, whatever the names."""

import json
import os
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrated.outbox.manifest import (
    MOST_VALUES,
    NO_MANIFEST,
    BlockTime,
    Manifest,
    ManifestOutput,
    ManifestSource,
    SkippedPart,
    decode,
    encode,
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


def test_manifest_is_read_back() -> None:
    """A written manifest is read back."""
    assert decode(encode(WHOLE)) == WHOLE


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


def test_blocks_lose_odd_bytes() -> None:
    """A block and a skipped part lose their undecodable bytes only."""
    block = msgspec.structs.replace(WHOLE.blocks[0], text="caf\udce9 ü")
    part = SkippedPart(0, "image", "caf\udce9.png is not in the inbox")
    back = decode(encode(msgspec.structs.replace(WHOLE, blocks=(block,), skipped=(part,))))
    assert back.blocks[0].text == "caf\ufffd ü"
    assert "caf\ufffd.png is not in the inbox" in str(back.skipped)


def test_renamed_manifest() -> None:
    """A renamed manifest has the new path and names."""
    moved = WHOLE.renamed("essays/new.md", "blog/post", "essays/new")
    assert moved.source == ManifestSource("essays/new.md", "ab" * 32)
    assert [each.name for each in moved.outputs] == ["new.mp3"]
    assert moved.blocks == WHOLE.blocks


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bytes", -1),
        ("bytes", 1 << 63),
        ("block", 1 << 70),
        ("start_s", -0.5),
        ("duration_s", -1.0),
    ],
)
def test_absurd_number_is_refused(field: str, value: float) -> None:
    """A manifest with a number that no narration has is refused."""
    content = re.sub(rf'"{field}": [\d.]+', f'"{field}": {value}', encode(WHOLE).decode())
    with pytest.raises(NO_MANIFEST):
        decode(content.encode())


@pytest.mark.parametrize("nested", ["[" * 70 + "]" * 70, '{"a":' * 70 + "1" + "}" * 70])
@pytest.mark.parametrize("field", ["settings", "unknown"])
def test_deep_nesting_is_refused(field: str, nested: str) -> None:
    """A manifest nested beyond any sense is refused like any other that is none."""
    content = encode(WHOLE).decode().replace("{", f'{{"{field}": {{"a": {nested}}},', 1)
    with pytest.raises(NO_MANIFEST):
        decode(content.replace('"settings": {\n', '"other": {\n').encode())


def test_many_values_are_refused() -> None:
    """A manifest of more values than any narration has is refused before it fills the memory."""
    values = ",".join(["[]"] * MOST_VALUES)
    content = encode(WHOLE).decode().replace('"links": "text"', f'"links": [{values}]')
    with pytest.raises(NO_MANIFEST, match="too many values"):
        decode(content.encode())
