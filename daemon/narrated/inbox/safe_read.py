"""Reads files of the inbox without ever following a link."""

import errno
import os
import posixpath
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes

from narrated.errors import NarratedError, SourceAbsent, SourceError, SourceUnreadable
from narrated.inbox.file_system_facts import chmod_remedy
from narrated.printable import printable

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ENAMETOOLONG})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_UNFIT = re.compile(r"[\\\x00]")


def read(root: Path, path: str, limit_bytes: int) -> bytes:
    """Read a file by its path below the root, and follow no link on the way.

    Raises SourceAbsent if it is absent, SourceError if it is no regular file or larger than
    `limit_bytes`, and SourceUnreadable if its permissions forbid it.
    """
    with folder_of(root, path) as (folder, name), _opened(folder, name, path) as fd:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{printable(path)} is not a regular file.")
        fits = status.st_size <= limit_bytes
        content = _content(fd, status.st_size, limit_bytes) if fits else b""
    if max(status.st_size, len(content)) > limit_bytes:
        raise SourceError(
            f"{printable(path)} is larger than {_megabytes(limit_bytes)} MB.",
            "Split it into smaller files.",
        )
    return content


def exists(root: Path, path: str) -> bool:
    """True if a regular file lies at a path below the root, with no link on the way."""
    try:
        with folder_of(root, path) as (folder, name):
            return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except (NarratedError, OSError):
        return False


def is_readable(root: Path, path: str) -> bool:
    """True if `read` could open this file now."""
    try:
        with folder_of(root, path) as (folder, name), _opened(folder, name, path) as fd:
            return stat.S_ISREG(os.fstat(fd).st_mode)
    except (NarratedError, OSError):
        return False


@contextmanager
def folder_of(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """Open the folder of a path; yield its descriptor and the last name of the path.

    Raises SourceError if the path leads out of the root or through a link, SourceAbsent if nothing
    lies there, and SourceUnreadable if a folder may not be entered.
    """
    *folders, name = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in [*folders, name]):
        raise SourceError(f"{printable(path)} is not a path inside the inbox.")
    with ExitStack() as opened, _source_errors(path):
        fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        opened.callback(os.close, fd)
        for depth, folder in enumerate(folders):
            with _folder_errors(fd, "/".join(folders[:depth]), path):
                fd = os.open(folder, _FOLDER, dir_fd=fd)
            opened.callback(os.close, fd)
        with _folder_errors(fd, "/".join(folders), path):
            os.stat(name, dir_fd=fd, follow_symlinks=False)
        yield fd, name


def resolve(post: str, source: str, roots: Mapping[str, str]) -> str | None:
    """Return the inbox path of a picture that a post shows; None if it lies outside the inbox.

    `source` is a URL reference as the author wrote it. `roots` maps the prefix of a site-absolute
    reference to a folder of the inbox; the longest prefix wins, and a reference without one starts
    at the inbox's root. Remote and data: references, and those that leave the inbox, give None.
    """
    reference = source.strip()
    if _SCHEME.match(reference) or reference.startswith("//"):
        return None
    target = _decoded(re.split(r"[?#]", reference, maxsplit=1)[0])
    if _UNFIT.search(target) or posixpath.basename(target) in ("", ".", ".."):
        return None
    if target.startswith("/"):
        target = _mapped(target, roots)
    else:
        target = posixpath.join(posixpath.dirname(post), target)
    return _normal(target)


def _decoded(reference: str) -> str:
    """Undo percent-encoding; bytes that are not UTF-8 become surrogates, as in file names."""
    try:
        return os.fsdecode(unquote_to_bytes(os.fsencode(reference)))
    except UnicodeEncodeError:
        return ""


def _mapped(target: str, roots: Mapping[str, str]) -> str:
    for prefix in sorted(roots, key=len, reverse=True):
        stem = "/" + prefix.strip("/")
        rest = target[len(stem) :] if stem != "/" else target
        if target.startswith(stem) and rest.startswith("/"):
            return roots[prefix].strip("/") + rest
    return target


def _normal(target: str) -> str | None:
    """Resolve "." and ".."; None if they climb above the root or leave nothing."""
    parts: list[str] = []
    for part in target.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or None


@contextmanager
def _folder_errors(folder: int, folder_path: str, path: str) -> Iterator[None]:
    """Turn a PermissionError inside an open folder into SourceUnreadable for that folder."""
    try:
        yield
    except PermissionError:
        remedy = chmod_remedy(folder_path or ".", os.fstat(folder))
        raise SourceUnreadable(
            f"The folder of {printable(path)} may not be entered.", remedy
        ) from None


@contextmanager
def _source_errors(path: str) -> Iterator[None]:
    """Turn an OSError about a path into an error with a message for the user."""
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise SourceAbsent(f"{printable(path)} is not there any more.") from error
        if error.errno == errno.ELOOP:
            problem = f"{printable(path)} is a link, and links are not followed."
        else:
            problem = f"{printable(path)} cannot be read: {error.strerror}."
        raise SourceError(problem) from error


@contextmanager
def _opened(folder: int, name: str, path: str) -> Iterator[int]:
    try:
        fd = os.open(name, _FILE, dir_fd=folder)
    except PermissionError:
        remedy = chmod_remedy(path, os.stat(name, dir_fd=folder, follow_symlinks=False))
        raise SourceUnreadable(f"{printable(path)} may not be opened.", remedy) from None
    try:
        yield fd
    finally:
        os.close(fd)


def _content(fd: int, size_bytes: int, limit_bytes: int) -> bytes:
    """Read to the end, but at most one byte over the limit: the file may be growing.

    The buffer starts at the file's size; one of the limit's size would be slow to allocate.
    """
    with open(fd, "rb", closefd=False) as file:
        content = file.read(size_bytes + 1)
        if len(content) > size_bytes:
            content += file.read(limit_bytes - size_bytes)
        return content


def _megabytes(count_bytes: int) -> str:
    return f"{count_bytes / 1e6:,.1f}".removesuffix(".0")
