"""A voice of the user's own is put into the folder that the engines look at again and again."""

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
from narrated.voices.detect import PROMPT_SUFFIX, DetectedVoice, checked
from narrated.voices.swap import alone, away, draft


@dataclass(frozen=True, slots=True)
class AddedVoice:
    """A voice that was added."""

    name: str
    engine: str
    """Which one speaks in it."""
    better: Sequence[str] = ()
    """What would make it a better one."""


def add(
    sources: Sequence[Path],
    folder: Path,
    name: str = "",
    *,
    replace: bool = False,
    wait: Callable[[float], None] = sleep,
) -> AddedVoice:
    """Put a voice into the folder of voices, once it was seen to be one.

    `sources` is one prompt of Bark's (.npz), one file of Tortoise's latents (.pth), a folder of
    clips, or clips. `wait` passes some seconds: a voice counts once it was left alone for so long,
    and at once when this is done. NarratedError where they are no voice, or the name is taken or
    leads elsewhere; StorageError where the folder cannot be written.
    """
    voice = checked(sources)
    name = name or voice.name
    if not name:
        raise NarratedError("Several clips are a voice without a name.", "Give it: --name anna")
    _check_name(folder, name)
    place = folder / f"{name}{voice.suffix}"
    try:
        taken = list(_taken(voice, folder, name))
        if taken and not replace:
            raise NarratedError(
                f"There is a voice '{name}' already, in {taken[0]}.",
                "Give another name with --name, or --replace it.",
            )
        make_readable(place.parent)
        with alone(place.parent), draft(voice, place.parent) as made:
            if voice.engine == "tortoise" and made.is_dir():
                wait(SETTLE_S)  # here, so that it takes the place of an older one at once
            aside = [each for each in _taken(voice, folder, name) if each != place]
            if not voice.suffix and place.is_dir():
                aside.append(place)
            with away(aside, place.parent):
                made.rename(place)  # a file takes the place of one at that instant
        if voice.suffix == LATENTS_SUFFIX:
            wait(SETTLE_S)  # a file is another once it was renamed
    except OSError as error:
        remedy = "Do it as the account that owns the folder, such as with sudo."
        if error.errno == errno.ENOTEMPTY:
            remedy = "Something else came there meanwhile: look at it, then try again."
        raise StorageError(f"{place} cannot be written: {error.strerror or error}.", remedy) from (
            error
        )
    return AddedVoice(name, voice.engine, voice.better)


def _check_name(folder: Path, name: str) -> None:
    hidden = any(part.startswith(".") for part in Path(name).parts)  # ".." too
    if not name.strip() or Path(name).is_absolute() or hidden or "\0" in name:
        raise NarratedError(f"'{name}' cannot be a voice's name.", "Such as mine, or family/anna.")
    if not (folder / name).parent.resolve().is_relative_to(folder.resolve()):
        raise NarratedError(
            f"'{name}' leads out of {folder}, where no voice is looked for.", "Give another --name."
        )


def _taken(voice: DetectedVoice, folder: Path, name: str) -> Iterator[Path]:
    """Where there is a voice of this name for the same engine: as a file, or as a folder.

    NarratedError where its folder cannot be replaced without losing something else.
    """
    file, clips = folder / f"{name}{voice.suffix or LATENTS_SUFFIX}", folder / name
    if os.path.lexists(file):
        yield file
    if voice.suffix != PROMPT_SUFFIX and clips.is_dir():
        entries = [each for each in clips.iterdir() if not each.name.startswith(".")]
        latents = [each for each in entries if is_latents(each)]
        is_voice = any(map(is_clip, entries)) or len(latents) == 1
        only = latents if len(entries) == 1 else []
        others = [each for each in entries if not is_clip(each) and each not in only]
        if others and (is_voice or not voice.suffix):
            raise NarratedError(
                f"{clips} holds more than a voice: {others[0].name}.",
                "Give another name with --name, or move that elsewhere first.",
            )
        if is_voice:
            yield clips
