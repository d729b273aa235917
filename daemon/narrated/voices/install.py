"""Installs a voice of the user's own into the folder that the engines poll.

It appears whole or not at all, and replaces an older one only then.
"""

import dataclasses
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shlex import quote
from time import sleep

from narrated.engines.piper.voice_names import CONFIG_SUFFIX, WEIGHTS_SUFFIX
from narrated.engines.tortoise.voices import LATENTS_SUFFIX, SETTLE_S, is_clip, is_latents
from narrated.errors import NarratedError, StorageError
from narrated.install import make_readable
from narrated.voices.detect import PROMPT_SUFFIX, DetectedVoice, detect_voice
from narrated.voices.piper_files import check_name as check_piper_name

_FILE_MODE = 0o644
"""The daemon's account must read the files of another account."""
_FOLDER_MODE = 0o755
_DRAFT = ".voice-"
"""Hidden, since the daemon may scan at any instant, and engines ignore hidden files."""
_REPLACED = f"{_DRAFT}old-"
"""Folder of the replaced voice, until the new one is in its place."""
_ONLY_COPY = ".only-copy"
"""Marks a replaced voice that could not be restored."""


def add_voice(
    sources: Sequence[Path],
    folder: Path,
    name: str = "",
    *,
    replace: bool = False,
    wait: Callable[[float], None] = sleep,
) -> DetectedVoice:
    """Check a voice, and install it into the folder of voices; returns it with its name there.

    `sources` is one prompt of Bark's (.npz), one file of Tortoise's latents (.pth), a folder of
    clips, clips, or a voice of Piper's (.onnx, with .onnx.json beside it). `wait` sleeps some
    seconds: an engine uses a voice once its files are unchanged for so long. Raises NarratedError
    if they are no voice, or the name is taken or leads out of the folder; StorageError if the
    folder is not writable.
    """
    voice = detect_voice(sources)
    name = name or voice.name
    if not name:
        raise NarratedError("Several clips have no common name.", "Name the voice: --name anna")
    _check_name(folder, name)
    if voice.suffix == WEIGHTS_SUFFIX:
        check_piper_name(name)
    place = folder / f"{name}{voice.suffix}"
    try:
        existing = list(_existing(voice, folder, name))
        if existing and not replace:
            raise NarratedError(
                f"There is a voice '{name}' already, in {existing[0]}.",
                "Give another name with --name, or --replace it.",
            )
        make_readable(place.parent)
        with _locked(place.parent), _staged(voice, place.parent) as draft:
            if voice.engine == "tortoise" and draft.is_dir():
                wait(SETTLE_S)  # before the rename, so that it replaces an older voice at once
            replaced = list(_existing(voice, folder, name))
            if voice.suffix != WEIGHTS_SUFFIX:  # its two files change together
                replaced = [each for each in replaced if each != place]
            if not voice.suffix and place.is_dir():
                replaced.append(place)
            with _set_aside(replaced, place.parent):
                _put_in_place(voice, draft, place)
        if voice.suffix == LATENTS_SUFFIX:
            wait(SETTLE_S)  # a rename counts as a change of the file
    except OSError as error:
        remedy = "Run it as the owner of the folder, such as with sudo."
        if error.errno == errno.ENOTEMPTY:
            remedy = "Another file appeared there: check it, then try again."
        raise StorageError(f"{place} cannot be written: {error.strerror or error}.", remedy) from (
            error
        )
    return dataclasses.replace(voice, name=name)


def _put_in_place(voice: DetectedVoice, draft: Path, place: Path) -> None:
    """Rename a voice to its place. That of Piper appears with its weights, which come last."""
    if voice.suffix != WEIGHTS_SUFFIX:
        draft.rename(place)  # atomic for a file
        return
    config = place.with_name(place.name + ".json")
    (draft.parent / voice.files[1].name).rename(config)
    try:
        draft.rename(place)
    except OSError:
        config.unlink()
        raise


def _check_name(folder: Path, name: str) -> None:
    hidden = any(part.startswith(".") for part in Path(name).parts)  # ".." too
    if not name.strip() or Path(name).is_absolute() or hidden or "\0" in name:
        raise NarratedError(
            f"'{name}' cannot be a voice's name.", "Choose one such as mine, or family/anna."
        )
    if not (folder / name).parent.resolve().is_relative_to(folder.resolve()):
        raise NarratedError(
            f"'{name}' leads out of {folder}; engines look there only.", "Give another --name."
        )


def _existing(voice: DetectedVoice, folder: Path, name: str) -> Iterator[Path]:
    """Yield the places of a voice with this name for the same engine: a file, a folder.

    Raises NarratedError if replacing the folder would lose other files.
    """
    file, clips = folder / f"{name}{voice.suffix or LATENTS_SUFFIX}", folder / name
    if os.path.lexists(file):
        yield file
    if voice.suffix == WEIGHTS_SUFFIX and os.path.lexists(config := f"{file}.json"):
        yield Path(config)
    if voice.suffix not in (PROMPT_SUFFIX, WEIGHTS_SUFFIX) and clips.is_dir():
        entries = [each for each in clips.iterdir() if not each.name.startswith(".")]
        latents = [each for each in entries if is_latents(each)]
        is_voice = any(map(is_clip, entries)) or len(latents) == 1
        only = latents if len(entries) == 1 else []
        unrelated = [each for each in entries if not is_clip(each) and each not in only]
        if unrelated and (is_voice or not voice.suffix):
            raise NarratedError(
                f"{clips} has other files than a voice: {unrelated[0].name}.",
                "Give another name with --name, or move that file away first.",
            )
        if is_voice:
            yield clips


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
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
def _staged(voice: DetectedVoice, folder: Path) -> Iterator[Path]:
    """Write the voice beside its place, to be renamed there; removed at the end if it is not."""
    draft = Path(tempfile.mkdtemp(dir=folder, prefix=_DRAFT))
    try:
        for file in voice.files:
            file.copy_to(draft / file.name)
            (draft / file.name).chmod(_FILE_MODE)
        draft.chmod(_FOLDER_MODE)
        yield draft / voice.files[0].name if voice.suffix else draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _set_aside(places: Sequence[Path], folder: Path) -> Iterator[None]:
    """Move the replaced voice away, and restore it if the block fails."""
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
    # A configuration comes before its weights, which show that both are in place.
    for entry in sorted(folder.glob(f"{_REPLACED}*/[!.]*"), reverse=True):
        if entry.parent in spared:
            continue
        if entry.name.endswith((WEIGHTS_SUFFIX, CONFIG_SUFFIX)):
            if not os.path.lexists(folder / entry.name.removesuffix(".json")):
                entry.rename(folder / entry.name)
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
