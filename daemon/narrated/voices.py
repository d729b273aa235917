"""The user's own voices: files in a folder, which the engines look at again and again."""

import os
import tempfile
from pathlib import Path

from narrated.errors import NarratedError, StorageError
from narrated.installation import make_readable

SUFFIX = ".npz"
MODE = 0o644
"""The daemon's account reads what another account adds."""


def add(source: Path, folder: Path, name: str = "", *, replace: bool = False) -> str:
    """Put a voice into the folder of voices, once it was seen to be one; gives its name.

    NarratedError where the file is no voice, or the name is taken or leads elsewhere;
    StorageError where the folder cannot be written.
    """
    from narrated.engines.bark.prompts import of_archive  # numpy: what only lists needs none

    if source.suffix.lower() != SUFFIX:
        raise NarratedError(
            f"{source} is no voice: it does not end in {SUFFIX}.",
            "Give the prompt that a tool for cloning voices wrote: FILE.npz.",
        )
    name = name or source.stem
    place = folder / f"{name}{SUFFIX}"
    if not name.strip() or Path(name).is_absolute() or ".." in Path(name).parts or "\0" in name:
        raise NarratedError(f"'{name}' cannot be a voice's name.", "Such as mine, or family/anna.")
    of_archive(source)
    if place.exists() and not replace:
        raise NarratedError(
            f"There is a voice '{name}' already, in {place}.",
            "Give another name with --name, or --replace it.",
        )
    try:
        _copied(source.read_bytes(), place)
    except OSError as error:
        raise StorageError(
            f"{place} cannot be written: {error.strerror or error}.",
            "Do it as the account that owns the folder, such as with sudo.",
        ) from error
    return name


def _copied(content: bytes, place: Path) -> None:
    """A voice appears whole or not at all: the daemon may look at any instant."""
    make_readable(place.parent)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".voice-")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.chmod(MODE)
        draft.replace(place)
    except BaseException:
        draft.unlink()
        raise
