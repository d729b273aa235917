"""The files of the user's voices, by content: what a box lacks travels to it, once."""

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from narrated import regular_file
from narrated.disk_threads import TRANSFER_S, DiskThreads

Value = TypeVar("Value")

MOST_FILES = 10_000
MOST_BYTES = 256 << 20
"""Of a file: the largest voices have a model of 120 MB."""

_KEPT_S = 30 * 86_400
"""A file goes if it was not in use for so long. It comes again where a daemon has it still."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_Stamp = tuple[int, int, int]


class VoiceFolder:
    """The daemon's folder of voices; its files are read again only if they changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._disk = DiskThreads(f"the folder {folder}", count=1)
        self._known: dict[str, tuple[_Stamp, str]] = {}
        self._paths: dict[str, Path] = {}

    async def on_disk(self, call: Callable[..., Value], *values: Any) -> Value:
        """Make a call in a thread of its own. Errors: StorageError, and as the call does."""
        return await self._disk.run(call, *values, patience_s=TRANSFER_S)

    def index(self) -> dict[str, str]:
        """Give the sha256 of each file, by its path in the folder; links have none."""
        found: dict[str, str] = {}
        for path in self._files():
            with suppress(OSError, regular_file.NotRegular):
                name = path.relative_to(self._folder).as_posix()
                found[name] = self._digest(name, path)
                self._paths[found[name]] = path
        return found

    def content(self, digest: str) -> bytes:
        """Read a file by its sha256. Errors: OSError, KeyError."""
        return self._paths[digest].read_bytes()

    def _files(self) -> Iterator[Path]:
        count = 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                count += 1
                if count > MOST_FILES:
                    return
                yield Path(folder, name)

    def _digest(self, name: str, path: Path) -> str:
        with regular_file.opened(path) as file:
            status = os.fstat(file.fileno())
            stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
            known = self._known.get(name)
            if known is None or known[0] != stamp:
                if status.st_size > MOST_BYTES:
                    raise OSError(f"{path} is too large")
                known = self._known[name] = stamp, hashlib.file_digest(file, "sha256").hexdigest()
        return known[1]


class VoiceStore:
    """A box's copy of the daemon's voices: files by their sha256, and a folder that shows them.

    Nothing is written outside of it, whatever the names are. A file that no daemon has had for a
    month goes.
    """

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._folder = folder
        self.shown = folder / f"shown-{os.getpid()}"
        """A link to the present tree."""

    def missing(self, index: Mapping[str, str]) -> list[str]:
        """Return what has to come. Errors: ValueError if a name or a digest cannot be."""
        for name, digest in index.items():
            _check(name, digest)
        return [each for each in sorted(set(index.values())) if not self._is_here(each)]

    def _is_here(self, digest: str) -> bool:
        with suppress(OSError):
            os.utime(self._files / digest)  # it is in use
            return True
        return False

    def clear(self) -> None:
        """Remove what killed workers left, and the files that no daemon has had for a month."""
        for place in [*self._folder.glob("*-*"), *self._files.glob("draft-*")]:
            if not Path("/proc", place.name.split("-")[1]).exists():
                _remove(place)
        for file in self._files.glob("*"):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > _KEPT_S:
                    file.unlink()

    def add(self, digest: str, content: bytes) -> None:
        """Keep a file. Errors: OSError; ValueError if the content is another."""
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError("a file's content is not what its digest says")
        self._files.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=f"draft-{os.getpid()}-", dir=self._files)
        with _removed_if_failed(Path(draft)):
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(draft).replace(self._files / digest)

    def show(self, index: Mapping[str, str]) -> None:
        """Have `shown` lead to a tree with these files, in one step. Errors: OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        tree = Path(tempfile.mkdtemp(prefix=f"tree-{os.getpid()}-", dir=self._folder))
        before = self.shown.resolve() if self.shown.is_symlink() else None
        with _removed_if_failed(tree):
            for name, digest in index.items():
                place = tree / name
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(self._files / digest, place)
            link = tree.with_name(f"{tree.name}.link")
            link.symlink_to(tree.name)
            link.replace(self.shown)
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)

    def close(self) -> None:
        """Remove the tree; the files stay for the next time."""
        with suppress(OSError):  # this account may have no way into the folder at all
            if self.shown.is_symlink():
                shutil.rmtree(self.shown.resolve(), ignore_errors=True)
                self.shown.unlink(missing_ok=True)


@contextmanager
def _removed_if_failed(place: Path) -> Iterator[None]:
    """Leave nothing behind on a full disk, which is tried again."""
    try:
        yield
    except OSError:
        _remove(place)
        raise


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
        return
    with suppress(OSError):
        place.unlink()


def _check(name: str, digest: str) -> None:
    path = PurePosixPath(name)
    is_inside = name and not path.is_absolute() and ".." not in path.parts and "\0" not in name
    if not is_inside or len(path.parts) > 16 or not _DIGEST.fullmatch(digest):
        raise ValueError("a voice's name or digest cannot be")
