"""Installs a voice of the user's own into the folder that the engines poll."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from narrated.engines.tortoise.voice_folders import LATENTS_SUFFIX, is_clip, is_latents
from narrated.engines.tortoise.voices import SETTLE_S
from narrated.errors import NarratedError, StorageError
from narrated.install_plan import make_readable
from narrated.voices.detect import PROMPT_SUFFIX, DetectedVoice, detect_voice
from narrated.voices.swap import locked, set_aside, staged


@dataclass(frozen=True, slots=True)
class AddedVoice:
    """A voice that was added."""

    name: str
    engine: str
    """The engine that speaks with it."""
    advice_lines: Sequence[str] = ()
    """Ways to make the voice better."""


def add_voice(
    sources: Sequence[Path],
    folder: Path,
    name: str = "",
    *,
    replace: bool = False,
    wait: Callable[[float], None] = sleep,
) -> AddedVoice:
    """Check a voice, and install it into the folder of voices.

    `sources` is one prompt of Bark's (.npz), one file of Tortoise's latents (.pth), a folder of
    clips, or clips. `wait` sleeps some seconds: an engine uses a voice once its files are unchanged
    for so long. Raises NarratedError if they are no voice, or the name is taken or leads out of
    the folder; StorageError if the folder is not writable.
    """
    voice = detect_voice(sources)
    name = name or voice.name
    if not name:
        raise NarratedError("Several clips have no common name.", "Name the voice: --name anna")
    _check_name(folder, name)
    place = folder / f"{name}{voice.suffix}"
    try:
        existing = list(_existing(voice, folder, name))
        if existing and not replace:
            raise NarratedError(
                f"There is a voice '{name}' already, in {existing[0]}.",
                "Give another name with --name, or --replace it.",
            )
        make_readable(place.parent)
        with locked(place.parent), staged(voice, place.parent) as draft:
            if voice.engine == "tortoise" and draft.is_dir():
                wait(SETTLE_S)  # before the rename, so that it replaces an older voice at once
            replaced = [each for each in _existing(voice, folder, name) if each != place]
            if not voice.suffix and place.is_dir():
                replaced.append(place)
            with set_aside(replaced, place.parent):
                draft.rename(place)  # atomic for a file
        if voice.suffix == LATENTS_SUFFIX:
            wait(SETTLE_S)  # a rename counts as a change of the file
    except OSError as error:
        remedy = "Run it as the owner of the folder, such as with sudo."
        if error.errno == errno.ENOTEMPTY:
            remedy = "Another file appeared there: check it, then try again."
        raise StorageError(f"{place} cannot be written: {error.strerror or error}.", remedy) from (
            error
        )
    return AddedVoice(name, voice.engine, voice.advice_lines)


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
    if voice.suffix != PROMPT_SUFFIX and clips.is_dir():
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
