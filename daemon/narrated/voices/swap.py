"""How a voice comes into the folder whole, and what it replaces is kept until it is there."""

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
"""The daemon's account reads what another account adds."""
_FOLDER_MODE = 0o755
_DRAFT = ".voice-"
"""Hidden: the daemon may look at any instant, and engines take no hidden file for a voice."""
_KEPT = f"{_DRAFT}old-"
"""A draft's opposite: what is replaced, until the new one is in its place."""
_ONLY_COPY = ".only-copy"
"""Stands beside what could not be put back."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Have no other command at work in the folder, and clear up what one that was killed left.

    Where it cannot be locked, nothing is cleared up: it might be another's at work.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _clear_up(folder)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def draft(voice: DetectedVoice, folder: Path) -> Iterator[Path]:
    """The voice as it will be, beside its place: it appears whole or not at all."""
    made = Path(tempfile.mkdtemp(dir=folder, prefix=_DRAFT))
    try:
        for file in voice.files:
            (made / file.name).write_bytes(file.content())
            (made / file.name).chmod(_FILE_MODE)
        made.chmod(_FOLDER_MODE)
        yield made / voice.files[0].name if voice.suffix else made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def away(places: Sequence[Path], folder: Path) -> Iterator[None]:
    """Have what is replaced out of the way, and back in its place where that fails.

    StorageError where it cannot be put back.
    """
    kept = Path(tempfile.mkdtemp(dir=folder, prefix=_KEPT))
    with ExitStack() as back:
        back.callback(_remove_empty, kept)
        for place in places:
            place.rename(kept / place.name)
            back.callback(_put_back, kept / place.name, place)
        yield
        back.pop_all()
    shutil.rmtree(kept, ignore_errors=True)


def _put_back(kept: Path, place: Path) -> None:
    """StorageError, with where the only copy of the old voice is, where that cannot be done."""
    try:
        kept.rename(place)
    except OSError as error:
        with suppress(OSError):
            (kept.parent / _ONLY_COPY).touch()
        raise StorageError(
            f"{place} cannot be written, nor can what was there be put back: "
            f"{error.strerror or error}.",
            f"What was there is kept: mv {quote(str(kept))} {quote(str(place))}",
        ) from error


def _remove_empty(kept: Path) -> None:
    with suppress(OSError):  # it holds what could not be put back
        kept.rmdir()


def _clear_up(folder: Path) -> None:
    """What was to be replaced is back where nothing took its place; drafts go.

    What somebody was told is kept stays, until he took it out.
    """
    told_of = [mark.parent for mark in folder.glob(f"{_KEPT}*/{_ONLY_COPY}")]
    spared = [each for each in told_of if len(list(each.iterdir())) > 1]
    for left in sorted(folder.glob(f"{_KEPT}*/[!.]*")):
        if left.parent in spared:
            continue
        name = left.name if left.is_dir() else left.stem
        rivals = [folder / left.name]
        if left.suffix != PROMPT_SUFFIX:
            rivals += [folder / name, folder / f"{name}{LATENTS_SUFFIX}"]
        if not any(map(os.path.lexists, rivals)):
            left.rename(folder / left.name)
    for left in folder.glob(f"{_DRAFT}*"):
        if left not in spared:
            shutil.rmtree(left, ignore_errors=True)
