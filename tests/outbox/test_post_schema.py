"""The schema of a manifest says what the manifest is."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from narrated.outbox.manifest import (
    FORMAT_VERSION,
    BlockTime,
    Manifest,
    ManifestChapter,
    ManifestOutput,
    ManifestSource,
    SkippedPart,
    encode,
)
from narrated.outbox.manifest_sentences import SentenceTime, encoded_sentences
from narrated.outbox.manifest_takes import (
    NO_TAKES,
    ChunkTakes,
    ManifestTakes,
    TakeFault,
    encoded_takes,
)

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "post.schema.json").read_text())
PARTS = {
    "source": ManifestSource,
    "output": ManifestOutput,
    "blockTime": BlockTime,
    "chapter": ManifestChapter,
    "skipped": SkippedPart,
    "sentence": SentenceTime,
    "takes": ManifestTakes,
    "chunkTakes": ChunkTakes,
    "fault": TakeFault,
}
SENTENCE = SentenceTime(
    block=0, lines=(3, 5), start_s=0.25, end_s=2.0, spoken="Eight.", written="8.", words=(0.25,)
)
TAKES = ManifestTakes(
    checked=3,
    heard=2,
    hearing="whisper-base",
    rules=1,
    retaken=1,
    doubtful=1,
    chunks=(
        ChunkTakes(
            chunk=0,
            block=0,
            start_s=0.25,
            end_s=2.0,
            takes=3,
            faults=(TakeFault("inner_silence", 1.1, "it stops for 1.1 s inside"),),
            heard="ate",
            text="Eight.",
        ),
    ),
)
FULL = Manifest(
    program="narrated 0.1.0",
    published="2026-11-22T08:46:10+01:00",
    source=ManifestSource("post.md", "ab" * 32),
    outputs=(ManifestOutput("post.mp3", "cd" * 32, 12345, "audio/mpeg"),),
    title="T",
    engine="espeak",
    voice="",
    duration_s=2.0,
    blocks=(BlockTime(0, "title", "Eight.", 0.25, 2.0),),
    skipped=(SkippedPart(3, "code", "code is not read", "import os"),),
    shows={"a.png": "ef" * 32},
    chapters=(ManifestChapter("T", 0.0, "a.png"),),
    takes=encoded_takes(TAKES),
    sentences=encoded_sentences([SENTENCE, SentenceTime(block=-1, start_s=2, end_s=2, spoken="")]),
)


def test_schema_is_valid() -> None:
    """The schema is one, and bears the version of the manifest."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["title"].endswith(f"version {FORMAT_VERSION}")


@pytest.mark.parametrize(
    ("schema", "struct"),
    [(SCHEMA, Manifest), *((SCHEMA["$defs"][name], struct) for name, struct in PARTS.items())],
)
def test_schema_and_struct_agree(schema: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    """Schema and struct have the same fields, and need the same ones."""
    fields = msgspec.structs.fields(struct)
    assert set(schema["properties"]) == {field.encode_name for field in fields}
    assert set(schema["required"]) == {field.encode_name for field in fields if field.required}


def test_full_manifest_follows_schema() -> None:
    """A manifest with everything follows the schema, and so does one without its optional parts."""
    bare = msgspec.structs.replace(
        FULL,
        sentences=encoded_sentences([]),
        takes=NO_TAKES,
        shows=None,
        chapters=None,
        blocks=(),
        skipped=(),
    )
    for manifest in (FULL, bare):
        jsonschema.validate(json.loads(encode(manifest)), SCHEMA)


@pytest.mark.parametrize(
    ("field", "value"),
    [("lines", [0, 1]), ("lines", [3]), ("start_s", -1.0), ("written", ""), ("odd", 1)],
)
def test_schema_refuses_nonsense(field: str, value: object) -> None:
    """A sentence that narrated would not write does not follow the schema."""
    content = json.loads(encode(FULL))
    content["sentences"][0][field] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, SCHEMA)
