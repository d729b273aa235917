"""Swaps a voice into the folder: whole or not at all, with the old one kept until then."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shlex import quote

from narrated.engines.tortoise.voice_folders import LATENTS_SUFFIX
from narrated.errors import StorageError
from narrated.voices.detect import PROMPT_SUFFIX, DetectedVoice

_FILE_MODE = 0o644
"""The daemon's account must read the files of another account."""
_FOLDER_MODE = 0o755
_DRAFT = ".voice-"
"""Hidden, since the daemon may scan at any instant, and engines ignore hidden files."""
_REPLACED = f"{_DRAFT}old-"
"""Folder of the replaced voice, until the new one is in its place."""
_ONLY_COPY = ".only-copy"
"""Marks a replaced voice that could not be restored."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the folder against other commands, and recover from one that was killed.

    Without a lock nothing is recovered: the files may be those of a running command.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _recover(folder)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def staged(voice: DetectedVoice, folder: Path) -> Iterator[Path]:
    """Write the voice beside its place, to be renamed there; removed at the end if it is not."""
    draft = Path(tempfile.mkdtemp(dir=folder, prefix=_DRAFT))
    try:
        for file in voice.files:
            (draft / file.name).write_bytes(file.content())
            (draft / file.name).chmod(_FILE_MODE)
        draft.chmod(_FOLDER_MODE)
        yield draft / voice.files[0].name if voice.suffix else draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def set_aside(places: Sequence[Path], folder: Path) -> Iterator[None]:
    """Move the replaced voice away, and restore it if the block fails.

    Raises StorageError if it cannot be restored.
    """
    replaced = Path(tempfile.mkdtemp(dir=folder, prefix=_REPLACED))
    with ExitStack() as undo:
        undo.callback(_remove_empty, replaced)
        for place in places:
            place.rename(replaced / place.name)
            undo.callback(_put_back, replaced / place.name, place)
        yield
        undo.pop_all()
    shutil.rmtree(replaced, ignore_errors=True)


def _put_back(replaced: Path, place: Path) -> None:
    """Restore the old voice. Raises StorageError with the path of its only copy if that fails."""
    try:
        replaced.rename(place)
    except OSError as error:
        with suppress(OSError):
            (replaced.parent / _ONLY_COPY).touch()
        raise StorageError(
            f"{place} cannot be written, and the old voice cannot be restored: "
            f"{error.strerror or error}.",
            f"The old voice is kept. Restore it: mv {quote(str(replaced))} {quote(str(place))}",
        ) from error


def _remove_empty(replaced: Path) -> None:
    with suppress(OSError):  # it has a voice that could not be restored
        replaced.rmdir()


def _recover(folder: Path) -> None:
    """Restore replaced voices that have no successor, and remove drafts.

    A copy that a user was told of stays until the user moves it.
    """
    reported = [mark.parent for mark in folder.glob(f"{_REPLACED}*/{_ONLY_COPY}")]
    spared = [each for each in reported if len(list(each.iterdir())) > 1]
    for entry in sorted(folder.glob(f"{_REPLACED}*/[!.]*")):
        if entry.parent in spared:
            continue
        name = entry.name if entry.is_dir() else entry.stem
        successors = [folder / entry.name]
        if entry.suffix != PROMPT_SUFFIX:
            successors += [folder / name, folder / f"{name}{LATENTS_SUFFIX}"]
        if not any(map(os.path.lexists, successors)):
            entry.rename(folder / entry.name)
    for entry in folder.glob(f"{_DRAFT}*"):
        if entry not in spared:
            shutil.rmtree(entry, ignore_errors=True)
