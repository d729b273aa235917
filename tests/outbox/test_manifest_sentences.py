"""The sentences of a manifest: kept as JSON, bounded, and readable."""

import json
import os

import msgspec
import pytest

from narrated.outbox import manifest_sentences
from narrated.outbox.manifest import MOST_VALUES, Manifest, ManifestSource, decode, encode
from narrated.outbox.manifest_sentences import (
    NO_SENTENCES,
    SentenceTime,
    decoded_sentences,
    encoded_sentences,
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


def sentence(at: int, *words: float, spoken: str = "One, two.") -> SentenceTime:
    return SentenceTime(block=at, start_s=float(at), end_s=at + 1.0, spoken=spoken, words=words)


def with_sentences(*sentences: SentenceTime) -> Manifest:
    return msgspec.structs.replace(PLAIN, sentences=encoded_sentences(sentences))


def test_sentences_are_read_back() -> None:
    """Sentences are read back; each has a line of its own in the file."""
    whole = with_sentences(sentence(0, 0.0, 0.5), sentence(1))
    content = encode(whole)
    assert decode(content) == whole
    assert decoded_sentences(decode(content).sentences) == (sentence(0, 0.0, 0.5), sentence(1))
    assert '\n    {"block":1,"start_s":1.0,' in content.decode()
    assert content.endswith(b"}\n  ]\n}\n")
    json.loads(content)


def test_manifest_without_sentences() -> None:
    """A manifest of an earlier version has no sentences, and keeps its version."""
    later = b',\n  "takes": null,\n  "sentences": null\n}'
    earlier = encode(PLAIN).replace(later, b"\n}")
    earlier = earlier.replace(b'"format": 2', b'"format": 1')
    assert b"sentences" not in earlier
    found = decode(earlier)
    assert (found.format, found.sentences) == (1, NO_SENTENCES)
    assert decoded_sentences(found.sentences) == ()


def test_sentences_stay_json_until_asked() -> None:
    """More sentences than a manifest may have values are no reason to refuse it."""
    count = MOST_VALUES // 4
    content = encode(with_sentences(*(sentence(at) for at in range(count))))
    found = decode(content)
    assert isinstance(found.sentences, msgspec.Raw)
    assert len(decoded_sentences(found.sentences)) == count


def test_too_many_words_lose_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many sentences lose the times of their words, then are left out."""
    many = [sentence(at, 1.0, 2.0) for at in range(100)]
    monkeypatch.setattr(manifest_sentences, "MOST_WORDS", 150)
    assert all(not each.words for each in decoded_sentences(encoded_sentences(many)))
    monkeypatch.setattr(manifest_sentences, "MOST_SENTENCES_BYTES", 1000)
    assert encoded_sentences(many) == NO_SENTENCES


@pytest.mark.parametrize(
    "hostile",
    [b"5", b'"a"', b"{}", b"[1]", b'[{"block":0}]', b"[" + b"0," * (1 << 21) + b"0]", b'["\xff"]'],
)
def test_hostile_sentences_are_none(hostile: bytes) -> None:
    """Sentences that are none cost no memory, and nothing else of the manifest."""
    assert decoded_sentences(msgspec.Raw(hostile)) == ()


def test_sentences_lose_odd_bytes() -> None:
    """A sentence loses its undecodable bytes only."""
    odd = os.fsdecode(b"caf\xe9 one")
    (back,) = decoded_sentences(encoded_sentences([sentence(0, spoken=odd)]))
    assert back.spoken == "caf\ufffd one"
