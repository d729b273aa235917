"""Manifests: a JSON file next to each narration with its source, outputs and digests.

File names may hold bytes that are not UTF-8. In `source.path`, `shows`, `consulted` and the names
of outputs such a byte is written as `\\xHH`, and a backslash as two.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from narrated.errors import StorageError
from narrated.printable import printable
from narrated.safe_text import encodable
from narrated.storage_errors import storage_error

MANIFEST_SUFFIX = ".json"
FORMAT_VERSION = 1

_ODD = re.compile(r"[\\\udc80-\udcff]")
_ESCAPED = re.compile(r"\\(?:x([89a-f][0-9a-f])|\\)")


class ManifestSource(msgspec.Struct, frozen=True):
    """The narrated source: its path in the inbox, and its digest."""

    path: str
    sha256: str


class ManifestOutput(msgspec.Struct, frozen=True):
    """A published file in the manifest's folder."""

    name: str
    sha256: str
    bytes: int
    media_type: str


class BlockTime(msgspec.Struct, frozen=True):
    """A block of the document and its times; `text` is its beginning."""

    block: int
    role: str
    text: str
    start_s: float
    end_s: float


class SkippedPart(msgspec.Struct, frozen=True):
    """A part of the source that is not spoken, and the reason."""

    block: int
    kind: str
    reason: str
    text: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A published narration. The manifest is written last, and so commits the other files."""

    format: int = FORMAT_VERSION
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
    duration_s: float
    blocks: tuple[BlockTime, ...] = ()
    skipped: tuple[SkippedPart, ...] = ()
    shows: dict[str, str] | None = None
    """The post's pictures: inbox path to sha256; None in older manifests."""
    consulted: dict[str, str] = {}
    """The settings and lexicons it was planned with: inbox path to sha256."""

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
    try:
        line = msgspec.json.encode(written)
    except UnicodeEncodeError:  # a title made from a file name that is not UTF-8
        line = msgspec.json.encode(_encodable(msgspec.to_builtins(written)))
    return msgspec.json.format(line, indent=2) + b"\n"


def decode(content: bytes) -> Manifest:
    """Decode a manifest. Errors: msgspec.DecodeError, msgspec.ValidationError."""
    return _with_names(msgspec.json.decode(content, type=Manifest), _unescaped)


def read(path: Path) -> Manifest:
    """Read the manifest at a path; StorageError if it is missing or not a manifest."""
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise storage_error(error, str(path)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = f"{printable(str(path))} is not a manifest of narrated: {error}."
        raise StorageError(
            problem, "Delete it, and the daemon publishes the narration again."
        ) from error


def standing(path: Path) -> Manifest | None:
    """Read the manifest at a path; None if missing or not a manifest. Errors: StorageError."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise storage_error(error, str(path)) from error
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return decode(content)
    return None


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
    def escape(odd: re.Match[str]) -> str:
        found = odd.group()
        return "\\\\" if found == "\\" else f"\\x{ord(found) - 0xDC00:02x}"

    return _ODD.sub(escape, name)


def _unescaped(name: str) -> str:
    def restore(escaped: re.Match[str]) -> str:
        byte = escaped.group(1)
        return chr(0xDC00 + int(byte, 16)) if byte else "\\"

    return _ESCAPED.sub(restore, name)


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return encodable(value)
        case dict():
            return {_encodable(key): _encodable(each) for key, each in value.items()}
        case list() | tuple():
            return [_encodable(each) for each in value]
        case _:
            return value
