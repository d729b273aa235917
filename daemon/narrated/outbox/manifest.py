"""Manifests: a JSON file next to each narration with its source, outputs and digests.

File names may hold bytes that are not UTF-8. In `source.path`, `shows`, `consulted` and the names
of outputs such a byte is written as `\\xHH`, and a backslash as two.
"""

import re
from collections.abc import Callable
from itertools import accumulate
from typing import Annotated, Any

import msgspec

from narrated.outbox.manifest_sentences import (
    MOST_SENTENCES_VALUES,
    NO_SENTENCES,
    count_values,
)
from narrated.outbox.manifest_takes import NO_TAKES
from narrated.printable import encodable

MANIFEST_SUFFIX = ".json"
FORMAT_VERSION = 2
"""The version of docs/post.schema.json that a manifest follows; 1 had no sentences."""
NO_MANIFEST = (msgspec.DecodeError, UnicodeDecodeError)
"""Errors of content that is not a manifest."""

MOST_VALUES = 1 << 19
"""Bound on a manifest's values without its sentences: they may take fifty times the memory of their
text. A book of 250 hours has half as many."""

MOST_LEVELS = 64
"""Bound on the nesting of a manifest's values; ours have at most four levels. How deep Python
itself can go differs from version to version."""

_MOST = (1 << 63) - 1
Integer = Annotated[int, msgspec.Meta(ge=-_MOST, le=_MOST)]
Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]

_LAST_FIELD_AND_END = b"null\n}"

_ODD = re.compile(r"[\\\udc80-\udcff]")
_GUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKETS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - _BRACKETS.keys())
_ESCAPED = re.compile(r"\\(?:x([89a-f][0-9a-f])|\\)")


class ManifestSource(msgspec.Struct, frozen=True):
    """The narrated source: its path in the inbox, and its digest."""

    path: str
    sha256: str


class ManifestOutput(msgspec.Struct, frozen=True):
    """A published file in the manifest's folder."""

    name: str
    sha256: str
    bytes: Count
    media_type: str


class BlockTime(msgspec.Struct, frozen=True):
    """A block of the document and its times; `text` is its beginning."""

    block: Integer
    role: str
    text: str
    start_s: Seconds
    end_s: Seconds


class ManifestChapter(msgspec.Struct, frozen=True):
    """A chapter, and the address of the picture that it shows, as written in the source."""

    title: str
    start_s: Seconds
    image: str = ""


class SkippedPart(msgspec.Struct, frozen=True):
    """A part of the source that is not spoken, and the reason."""

    block: Integer
    kind: str
    reason: str
    text: str = ""


class _SentencesAlone(msgspec.Struct, frozen=True):
    sentences: msgspec.Raw = NO_SENTENCES


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A published narration. The manifest is written last, and so commits the other files."""

    format: Count = FORMAT_VERSION
    program: str
    """Name and version of the program that made it."""
    published: str
    """Time of publication in ISO 8601 with the offset."""
    source: ManifestSource
    outputs: tuple[ManifestOutput, ...]
    title: str
    author: str = ""
    date: str = ""
    language: str = ""
    engine: str
    voice: str
    settings: dict[str, Any] = {}
    script: str = ""
    """Digest of the spoken script."""
    duration_s: Seconds
    blocks: tuple[BlockTime, ...] = ()
    skipped: tuple[SkippedPart, ...] = ()
    shows: dict[str, str] | None = None
    """The post's pictures: inbox path to sha256; None in older manifests."""
    description: str = ""
    tags: tuple[str, ...] = ()
    """The post's own; they are the file's genres."""
    chapters: tuple[ManifestChapter, ...] | None = None
    """None in older manifests, whose narrations have none."""
    publish_at: str = ""
    """The date of publication with its time of day, as the post has it; empty if it is `date`."""
    guid: str = ""
    """Its number as an episode of a podcast; empty in older manifests."""
    consulted: dict[str, str] = {}
    """The settings and lexicons it was planned with: inbox path to sha256."""
    takes: msgspec.Raw = NO_TAKES
    """See `manifest_takes`; null in older manifests, and where takes are not checked."""
    sentences: msgspec.Raw = NO_SENTENCES
    """See `manifest_sentences`. It is the last field, and stays JSON until somebody asks for it."""

    @property
    def episode_guid(self) -> str:
        """Its number as an episode, if it is one that we give; else empty."""
        return self.guid if _GUID.fullmatch(self.guid) else ""

    def renamed(self, path: str, old_stem: str, new_stem: str) -> "Manifest":
        """Return the manifest for the same narration after its source and stem were renamed."""
        old, new = (stem.rpartition("/")[2] for stem in (old_stem, new_stem))
        outputs = tuple(
            msgspec.structs.replace(each, name=new + each.name.removeprefix(old))
            for each in self.outputs
        )
        source = msgspec.structs.replace(self.source, path=path)
        return msgspec.structs.replace(self, source=source, outputs=outputs)


def encode(manifest: Manifest) -> bytes:
    """Encode a manifest as indented UTF-8 JSON; the same manifest makes the same bytes."""
    written = _with_names(manifest, _escaped)
    written = msgspec.structs.replace(written, sentences=NO_SENTENCES)
    try:
        line = msgspec.json.encode(written)
    except UnicodeEncodeError:  # a title made from a file name that is not UTF-8
        line = msgspec.json.encode(_encodable(_builtins(written)))
    content = msgspec.json.format(line, indent=2)
    return content.removesuffix(_LAST_FIELD_AND_END) + bytes(manifest.sentences) + b"\n}\n"


def decode(content: bytes) -> Manifest:
    """Decode a manifest. Errors: NO_MANIFEST."""
    values = count_values(content)
    if values > MOST_VALUES + MOST_SENTENCES_VALUES:
        raise msgspec.ValidationError("it holds too many values")
    if _levels(content) > MOST_LEVELS:
        raise msgspec.ValidationError("it is nested too deeply")
    if values > MOST_VALUES:
        sentences = msgspec.json.decode(content, type=_SentencesAlone).sentences
        if values - count_values(bytes(sentences)) > MOST_VALUES:
            raise msgspec.ValidationError("it holds too many values")
    return _with_names(msgspec.json.decode(content, type=Manifest), _unescaped)


def _builtins(manifest: Manifest) -> dict[str, Any]:
    takes = msgspec.json.decode(bytes(manifest.takes))
    fields = msgspec.structs.asdict(manifest) | {"takes": takes, "sentences": None}
    return {name: msgspec.to_builtins(value) for name, value in fields.items()}


def _levels(content: bytes) -> int:
    """Count the levels of nested values."""
    brackets = _STRING.sub(b"", content).translate(None, _NO_BRACKETS)
    return max(accumulate(_BRACKETS[each] for each in brackets), default=0)


def _with_names(manifest: Manifest, convert: Callable[[str], str]) -> Manifest:
    source = msgspec.structs.replace(manifest.source, path=convert(manifest.source.path))
    outputs = tuple(
        msgspec.structs.replace(each, name=convert(each.name)) for each in manifest.outputs
    )
    shows, consulted = (
        None if paths is None else {convert(path): sha256 for path, sha256 in paths.items()}
        for paths in (manifest.shows, manifest.consulted)
    )
    return msgspec.structs.replace(
        manifest, source=source, outputs=outputs, shows=shows, consulted=consulted or {}
    )


def _escaped(name: str) -> str:
    return _ODD.sub(lambda odd: rf"\x{ord(odd[0]) - 0xDC00:02x}" if odd[0] != "\\" else r"\\", name)


def _unescaped(name: str) -> str:
    return _ESCAPED.sub(lambda found: chr(0xDC00 + int(found[1], 16)) if found[1] else "\\", name)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    return list(map(_encodable, value)) if isinstance(value, list | tuple) else value
