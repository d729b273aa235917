"""The manifest beside a narration: what it is, whence it comes, and how to check it.

It is UTF-8 JSON. File names may hold bytes that are not UTF-8: in `source.path`, `shows` and
`consulted`, and in the names of outputs, such a byte stands as `\\xHH`, and a backslash as two.
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
    """What was narrated: its path in the inbox, and its content."""

    path: str
    sha256: str


class ManifestOutput(msgspec.Struct, frozen=True):
    """A published file beside the manifest."""

    name: str
    sha256: str
    bytes: int
    media_type: str


class BlockTime(msgspec.Struct, frozen=True):
    """A block of the document and when it is heard; `text` is its beginning."""

    block: int
    role: str
    text: str
    start_s: float
    end_s: float


class SkippedPart(msgspec.Struct, frozen=True):
    """Something of the source that is not heard, and why."""

    block: int
    kind: str
    reason: str
    text: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A narration as it was published; the last file written, so that it commits the others."""

    format: int = FORMAT_VERSION
    program: str
    """Name and version of what made it."""
    published: str
    """When, in ISO 8601 with the offset."""
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
    """Digest of the script that was spoken."""
    duration_s: float
    blocks: tuple[BlockTime, ...] = ()
    skipped: tuple[SkippedPart, ...] = ()
    shows: dict[str, str] | None = None
    """The pictures that it shows, by inbox path with their sha256; None in older manifests."""
    consulted: dict[str, str] = {}
    """The settings and lexicons that it was written by, the same way."""

    def renamed(self, path: str, old_stem: str, new_stem: str) -> "Manifest":
        """The same narration of a source that now stands at another path, under another stem."""
        old, new = (stem.rpartition("/")[2] for stem in (old_stem, new_stem))
        outputs = tuple(
            msgspec.structs.replace(each, name=new + each.name.removeprefix(old))
            for each in self.outputs
        )
        source = msgspec.structs.replace(self.source, path=path)
        return msgspec.structs.replace(self, source=source, outputs=outputs)


def encode(manifest: Manifest) -> bytes:
    """The manifest as indented UTF-8 JSON; the same manifest makes the same bytes."""
    written = _with_names(manifest, _escaped)
    try:
        line = msgspec.json.encode(written)
    except UnicodeEncodeError:  # a title made from a file name that is not UTF-8
        line = msgspec.json.encode(_encodable(msgspec.to_builtins(written)))
    return msgspec.json.format(line, indent=2) + b"\n"


def decode(content: bytes) -> Manifest:
    """A manifest from its bytes; errors: msgspec.DecodeError, msgspec.ValidationError."""
    return _with_names(msgspec.json.decode(content, type=Manifest), _unescaped)


def read(path: Path) -> Manifest:
    """The manifest at this path; StorageError where there is none or it is not one."""
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise storage_error(error, str(path)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = f"{printable(str(path))} is not a manifest of ours: {error}."
        raise StorageError(problem, "Delete it: the narration is published again.") from error


def standing(path: Path) -> Manifest | None:
    """The manifest at this path; None where there is none, or something else. StorageError."""
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
