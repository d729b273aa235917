"""The takes of a manifest: read back, bounded, and no trouble to whoever does not know them."""

import json

import msgspec
import pytest

from narrated.outbox.manifest import Manifest, ManifestSource, decode, encode
from narrated.outbox.manifest_takes import (
    MOST_CHARACTERS,
    MOST_CHUNKS,
    NO_TAKES,
    ChunkTakes,
    ManifestTakes,
    TakeFault,
    bounded,
    decoded_takes,
    encoded_takes,
    told_chunks,
)

STOPS = (TakeFault("inner_silence", 2.1, "it stops for 2.1 s inside"),)
DOUBTFUL = ChunkTakes(
    chunk=4, block=2, start_s=8.0, end_s=9.5, takes=3, faults=STOPS, heard="one", text="One two."
)
TAKES = ManifestTakes(
    checked=9, heard=9, hearing="whisper", rules=1, retaken=1, doubtful=1, chunks=(DOUBTFUL,)
)
PLAIN = Manifest(
    program="p",
    published="2026-11-22T08:46:10+01:00",
    source=ManifestSource("a.md", "ab" * 32),
    outputs=(),
    title="T",
    engine="espeak",
    voice="",
    duration_s=9.0,
)


def test_takes_are_read_back() -> None:
    """Takes are read back from the file, and written again as they are."""
    content = encode(msgspec.structs.replace(PLAIN, takes=encoded_takes(TAKES)))
    found = decode(content)
    assert decoded_takes(found.takes) == TAKES
    assert encode(found) == content
    assert json.loads(content)["takes"]["chunks"][0]["faults"][0]["told"] == STOPS[0].told


def test_title_of_odd_bytes_keeps_takes() -> None:
    """A title that is no UTF-8 does not cost the takes."""
    odd = msgspec.structs.replace(PLAIN, title="\udcff", takes=encoded_takes(TAKES))
    assert decoded_takes(decode(encode(odd)).takes) == TAKES


def test_manifest_of_before_has_none() -> None:
    """A manifest of before has no takes, and stays one."""
    earlier = json.loads(encode(PLAIN))
    assert earlier.pop("takes") is None
    found = decode(json.dumps(earlier).encode())
    assert found.takes == NO_TAKES
    assert decoded_takes(found.takes) is None


@pytest.mark.parametrize(
    "takes",
    [
        [],
        {"checked": -1},
        {"checked": 1, "chunks": 5},
        {"checked": 1, "hearing": "x" * 201},
        {"checked": 1, "chunks": [{"chunk": 0, "block": 0, "start_s": 1e99, "end_s": 2}]},
        {"checked": 1, "chunks": [json.loads(msgspec.json.encode(DOUBTFUL))] * (MOST_CHUNKS + 1)},
        {"checked": 1, "chunks": [[]] * 600_000},
    ],
)
def test_strangers_takes_cost_the_takes(takes: object) -> None:
    """Takes that narrated would not write are none."""
    assert decoded_takes(json.dumps(takes).encode()) is None


def test_odd_takes_keep_the_manifest() -> None:
    """The rest of a manifest is read whatever stands for its takes."""
    odd = json.loads(encode(PLAIN)) | {"takes": [{"checked": "many"}, 7]}
    found = decode(json.dumps(odd).encode())
    assert (found.title, decoded_takes(found.takes)) == ("T", None)


def test_long_list_keeps_the_doubtful() -> None:
    """Of too many chunks the doubtful ones are told, in the order of time."""
    retaken = [
        ChunkTakes(chunk=at, block=0, start_s=at, end_s=at + 1, takes=2)
        for at in range(2 * MOST_CHUNKS)
    ]
    last = msgspec.structs.replace(DOUBTFUL, chunk=2 * MOST_CHUNKS)
    told = told_chunks([*retaken, last])
    assert len(told) == MOST_CHUNKS
    assert [each.chunk for each in told] == [*range(MOST_CHUNKS - 1), last.chunk]


def test_long_words_are_cut() -> None:
    """Words are cut to their bound, and what is no text is replaced."""
    assert bounded("x" * 1000) == "x" * (MOST_CHARACTERS - 1) + "…"
    assert bounded("a\udcffb") == "a\ufffdb"
