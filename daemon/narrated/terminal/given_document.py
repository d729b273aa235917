"""The document that a command is given: a file anywhere on the disk, or the standard input."""

import sys
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISFIFO, S_ISREG

from narrated import regular_file
from narrated.config.values import Config
from narrated.errors import NarratedError, SourceError
from narrated.inbox import safe_read
from narrated.jobs.one_off_narration import OneOffDocument
from narrated.jobs.picture_captions import PICTURE_BYTES, is_picture
from narrated.jobs.planner import TEXT_BYTES
from narrated.jobs.settings_and_lexicons import SETTINGS_BYTES
from narrated.printable import printable
from narrated.reading.file_kinds import (
    FOLDER_SETTINGS,
    READ,
    is_gallery_path,
    may_be_gallery,
    remedy_for,
    suffix_of,
)

NOWHERE = Path("/nonexistent")
_STDIN = "stdin"
_SUFFIXES = {"md": ".md", "txt": ".txt", "html": ".html"}
FORMATS = tuple(_SUFFIXES)
"""The formats that a text can be read as."""
GIVE_A_TEXT = 'Give a text: narrated say "Hello".'
"""The remedy for a text that is missing."""
_PAGE_BEGINNINGS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<article", b"<?xml")
_SIGNATURES = {
    b"\x89PNG\r\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"%PDF-": ".pdf",
    b"PK\3\4": ".docx",
}


@dataclass(frozen=True, slots=True)
class GivenDocument:
    """A document, and the folder in which its pictures, settings and lexicons are looked for."""

    root: Path
    document: OneOffDocument
    stem: str
    """The name of a file for its sound, without a suffix."""
    shown: str
    """Its name for messages."""


def document_of_file(config: Config | None, file: Path, format: str = "") -> GivenDocument:
    """Read a file; `format` stands for its suffix.

    A file of the inbox is read as the daemon would, any other with the settings of its own folder.
    Errors: NarratedError.
    """
    shown = printable(str(file))
    _check_kind(file, shown)
    real = file.resolve()
    root, path = root_and_path(config, real, real.parent)
    content = _read(root, path, shown)
    suffix = _SUFFIXES.get(format, "")
    is_gallery = is_gallery_path(path) and not suffix
    if not is_gallery and (suffix_of(path) not in READ or suffix):
        path += suffix or _suffix_of_unknown(content, file)
    place = (
        path if config is not None and root == config.inbox.resolve() else f"{real.parent}/{path}"
    )
    stem = real.parent.name if is_gallery else file.stem
    return GivenDocument(root, OneOffDocument(path, content, place), stem, shown)


def gallery_of_folder(file: Path) -> Path:
    """Return the settings of a folder that may be a gallery; any other file as it is."""
    settings = file / FOLDER_SETTINGS
    try:
        with regular_file.opened(settings) as content:
            return settings if may_be_gallery(content.read(SETTINGS_BYTES)) else file
    except OSError:
        return file


def document_of_stdin(format: str = "") -> GivenDocument:
    """Read the standard input, as Markdown, HTML or a picture: by its beginning, or by `format`.

    Errors: NarratedError if it is empty or too long.
    """
    content = stdin_bytes()
    name = _STDIN + (_SUFFIXES.get(format) or _suffix_by_content(content))
    if suffix_of(name) not in READ:
        raise _unreadable("The standard input", name)
    document = OneOffDocument(name, content, made_up_title=_STDIN)
    return GivenDocument(NOWHERE, document, _STDIN, "the standard input")


def document_of_text(config: Config | None, text: bytes, suffix: str = ".txt") -> GivenDocument:
    """Make a document of a text to be said: of folders, only the inbox's lexicon applies.

    Errors: NarratedError if there is no text.
    """
    if not text.strip():
        raise NarratedError("There is nothing to say.", GIVE_A_TEXT)
    root = NOWHERE if config is None else config.inbox
    document = OneOffDocument(f"said{suffix}", text, made_up_title="said", of_folders=False)
    return GivenDocument(root, document, "said", "the text")


def stdin_bytes(remedy: str = "Pipe a document into it, or name a file.") -> bytes:
    """Read the standard input to its end.

    Errors: NarratedError if it is too long, or if it is empty: then with the `remedy`.
    """
    content = sys.stdin.buffer.read(TEXT_BYTES + 1)
    if len(content) > TEXT_BYTES:
        raise NarratedError(
            f"The standard input is longer than {TEXT_BYTES / 1e6:.0f} MB.", "Give it in parts."
        )
    if not content.strip():
        raise NarratedError("The standard input is empty.", remedy)
    return content


def root_and_path(config: Config | None, path: Path, otherwise: Path) -> tuple[Path, str]:
    """Return the inbox if a path lies in it, else another root; and the path below it."""
    inbox = otherwise if config is None else config.inbox.resolve()
    root = inbox if path.is_relative_to(inbox) else otherwise
    return root, str(path.relative_to(root))


def _check_kind(file: Path, shown: str) -> None:
    """Refuse what is no regular file: it may never end, or be held open by nobody."""
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise NarratedError(f"{shown} cannot be read: {error.strerror}.") from error
    if S_ISFIFO(mode):
        remedy = f"Read it with: COMMAND | narrated read -, or narrated read - < {shown}"
        raise NarratedError(f"{shown} is a pipe.", remedy)
    if not S_ISREG(mode):
        raise NarratedError(f"{shown} is not a regular file.", "Name a text or a picture.")


def _read(root: Path, path: str, shown: str) -> bytes:
    try:
        return safe_read.read(root, path, PICTURE_BYTES if is_picture(path) else TEXT_BYTES)
    except NarratedError as error:
        problem = error.problem.replace(printable(path), shown, 1)
        raise type(error)(problem, error.remedy) from error


def _suffix_of_unknown(content: bytes, file: Path) -> str:
    """The suffix that a file without one stands for. Errors: SourceError for another kind."""
    suffix = "" if file.suffix else _suffix_by_content(content)
    if suffix not in READ:
        raise _unreadable(printable(str(file)), f"{file.name}{suffix}")
    return suffix


def _suffix_by_content(content: bytes) -> str:
    """The suffix that a document without a name would have, by its first bytes."""
    for signature, suffix in _SIGNATURES.items():
        if content.startswith(signature):
            return suffix
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return ".webp"
    beginning = content.removeprefix(b"\xef\xbb\xbf")[:1000].lstrip().lower()
    return ".html" if beginning.startswith(_PAGE_BEGINNINGS) else ".md"


def _unreadable(shown: str, name: str) -> SourceError:
    known = remedy_for(name).replace("drop that", "read that")
    remedy = known or f"If it is a text, say as what to read it: --as {FORMATS[0]}."
    return SourceError(f"{shown} is neither a text nor a picture that narrated reads.", remedy)
