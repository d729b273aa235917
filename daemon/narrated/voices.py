"""The user's own voices: files in a folder, which the engines look at again and again."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from time import sleep

from narrated.engines.bark.prompts import of_archive
from narrated.engines.neural.stamps import regular
from narrated.engines.tortoise.clips import MOST_BYTES, SUFFIXES, Clip, advice, opened
from narrated.engines.tortoise.places import LATENTS_SUFFIX, MOST_CLIPS, is_clip, is_latents
from narrated.engines.tortoise.voices import SETTLE_S
from narrated.errors import NarratedError, StorageError
from narrated.installation import make_readable
from narrated.sizes import size

PROMPT_SUFFIX = ".npz"
FILE_MODE = 0o644
"""The daemon's account reads what another account adds."""
FOLDER_MODE = 0o755
_DRAFT = ".voice-"
"""Hidden: the daemon may look at any instant, and engines take no hidden file for a voice."""
_KEPT = f"{_DRAFT}old-"
"""A draft's opposite: what is replaced, until the new one is in its place."""
_UNNAMED = "voice"
"""A single file, in its draft: without its suffix no engine looks at it."""


@dataclass(frozen=True, slots=True)
class Added:
    """A voice that was added."""

    name: str
    engine: str
    """Which one speaks in it."""
    better: Sequence[str] = ()
    """What would make it a better one."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """Something that was seen to be a voice, with all that is going to be written."""

    engine: str
    name: str
    """Its own, where none is given; empty for several clips."""
    suffix: str
    """Of its one file; empty for a folder of clips."""
    files: Sequence["_Source"]
    better: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that was checked, to be read again when it is written: many are too large to keep."""

    name: str
    """In the voice."""
    path: Path
    sha256: str

    @classmethod
    def of(cls, name: str, path: Path, content: bytes) -> "_Source":
        return cls(name, path, hashlib.sha256(content).hexdigest())

    def content(self) -> bytes:
        """What was checked; NarratedError where it is another by now."""
        content = _bytes(self.path)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise NarratedError(
                f"{self.path} was changed while it was looked at.", "Add it once it is whole."
            )
        return content


def add(
    sources: Sequence[Path],
    folder: Path,
    name: str = "",
    *,
    replace: bool = False,
    wait: Callable[[float], None] = sleep,
) -> Added:
    """Put a voice into the folder of voices, once it was seen to be one.

    `sources` is one prompt of Bark's (.npz), one file of Tortoise's latents (.pth), a folder of
    clips, or clips. `wait` passes some seconds: a voice counts once it was left alone for so long,
    and at once when this is done. NarratedError where they are no voice, or the name is taken or
    leads elsewhere; StorageError where the folder cannot be written.
    """
    voice = _checked(sources)
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
        with _alone(place.parent), _draft(voice, place.parent) as draft:
            if voice.engine == "tortoise" and draft.is_dir():
                wait(SETTLE_S)  # here, so that it takes the place of an older one at once
            aside = [each for each in _taken(voice, folder, name) if each != place]
            if not voice.suffix and place.is_dir():
                aside.append(place)
            with _away(aside, place.parent):
                draft.rename(place)  # a file takes the place of one at that instant
        if voice.suffix == LATENTS_SUFFIX:
            wait(SETTLE_S)  # a file is another once it was renamed
    except OSError as error:
        remedy = "Do it as the account that owns the folder, such as with sudo."
        if error.errno == errno.ENOTEMPTY:
            remedy = "Something else came there meanwhile: look at it, then try again."
        raise StorageError(f"{place} cannot be written: {error.strerror or error}.", remedy) from (
            error
        )
    return Added(name, voice.engine, voice.better)


def _checked(sources: Sequence[Path]) -> _Checked:
    suffixes = {source.suffix.lower() for source in sources}
    if len(sources) > 1 and suffixes & {PROMPT_SUFFIX, LATENTS_SUFFIX}:
        raise NarratedError(
            "Several files are one voice only where all of them are clips.",
            "Add the others one by one.",
        )
    if len(sources) == 1:
        if sources[0].is_dir():
            return _folder_of_clips(sources[0])
        if suffixes == {PROMPT_SUFFIX}:
            return _prompt(sources[0])
        if suffixes == {LATENTS_SUFFIX}:
            return _latents(sources[0])
    return _clips(sources, sources[0].stem if len(sources) == 1 else "")


def _prompt(source: Path) -> _Checked:
    content = _bounded(source)
    of_archive(source, content)
    files = [_Source.of(_UNNAMED, source, content)]
    return _Checked("bark", source.stem, PROMPT_SUFFIX, files)


def _latents(source: Path) -> _Checked:
    try:
        from narrated.engines.tortoise.latents import of_file
    except ImportError as error:
        raise NarratedError(
            f"Whether {source} is a voice cannot be seen: {error}.",
            "Install torch (pip install 'narrated[models]'), or give the clips themselves.",
        ) from error
    content = _bounded(source)
    of_file(content, str(source))
    files = [_Source.of(_UNNAMED, source, content)]
    return _Checked("tortoise", source.stem, LATENTS_SUFFIX, files)


def _folder_of_clips(source: Path) -> _Checked:
    try:
        found = sorted(file for file in source.iterdir() if is_clip(file))
    except OSError as error:
        raise NarratedError(f"{source} cannot be read: {error.strerror}.", "") from error
    if not found:
        raise NarratedError(
            f"{source} is no voice: it holds no clip ({', '.join(SUFFIXES)}).",
            "Put three recordings of about ten seconds into it; others are converted by: "
            "ffmpeg -i FILE -ac 1 -ar 24000 CLIP.wav",
        )
    return _clips(found, source.resolve().name)


def _clips(sources: Sequence[Path], name: str) -> _Checked:
    for source in sources:
        if source.suffix.lower() not in SUFFIXES or source.is_dir():
            raise NarratedError(
                f"{source} is no voice.",
                f"Give clips ({', '.join(SUFFIXES)}) or a folder of them, latents "
                f"({LATENTS_SUFFIX}), or a prompt of Bark's ({PROMPT_SUFFIX}); any other recording "
                "is converted by: ffmpeg -i FILE -ac 1 -ar 24000 CLIP.wav",
            )
    if len(sources) > MOST_CLIPS:
        raise NarratedError(
            f"{len(sources)} clips are more than a voice is made of.",
            f"Choose the best {MOST_CLIPS} or fewer.",
        )
    names = [source.name for source in sources]
    if len(set(names)) < len(names) or not all(map(is_clip, sources)):
        names = [f"{n}{source.suffix}" for n, source in enumerate(sources, start=1)]
    files: list[_Source] = []
    better = advice(_heard(sources, names, files))
    return _Checked("tortoise", name, "", files, better)


def _heard(sources: Sequence[Path], names: Sequence[str], files: list[_Source]) -> Iterator[Clip]:
    """Each clip, opened when the one before was let go of; `files` is filled as it goes."""
    for source, name in zip(sources, names, strict=True):
        content = _bytes(source)
        clip = opened(content, str(source))
        files.append(_Source.of(name, source, content))
        del content
        yield clip
        del clip


def _bounded(source: Path) -> bytes:
    content = _bytes(source)
    if len(content) > MOST_BYTES:
        raise NarratedError(
            f"{source} is no voice: it is larger than {size(MOST_BYTES)}.",
            "Make it again; voices of its kind take some kilobytes.",
        )
    return content


def _bytes(source: Path) -> bytes:
    """No more than says that it is too large; what is no regular file might never end."""
    try:
        with regular(source) as content:
            return content.read(MOST_BYTES + 1)
    except OSError as error:
        raise NarratedError(f"{source} cannot be read: {error.strerror or error}.", "") from error


def _check_name(folder: Path, name: str) -> None:
    hidden = any(part.startswith(".") for part in Path(name).parts)  # ".." too
    if not name.strip() or Path(name).is_absolute() or hidden or "\0" in name:
        raise NarratedError(f"'{name}' cannot be a voice's name.", "Such as mine, or family/anna.")
    if not (folder / name).parent.resolve().is_relative_to(folder.resolve()):
        raise NarratedError(
            f"'{name}' leads out of {folder}, where no voice is looked for.", "Give another --name."
        )


def _taken(voice: _Checked, folder: Path, name: str) -> Iterator[Path]:
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


@contextmanager
def _draft(voice: _Checked, folder: Path) -> Iterator[Path]:
    """The voice as it will be, beside its place: it appears whole or not at all."""
    made = Path(tempfile.mkdtemp(dir=folder, prefix=_DRAFT))
    try:
        for file in voice.files:
            (made / file.name).write_bytes(file.content())
            (made / file.name).chmod(FILE_MODE)
        made.chmod(FOLDER_MODE)
        yield made / voice.files[0].name if voice.suffix else made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _away(places: Sequence[Path], folder: Path) -> Iterator[None]:
    """Have what is replaced out of the way, and back in its place where that fails."""
    kept = Path(tempfile.mkdtemp(dir=folder, prefix=_KEPT))
    moved: list[Path] = []
    try:
        for place in places:
            place.rename(kept / place.name)
            moved.append(place)
        yield
    except BaseException:
        for place in reversed(moved):
            _put_back(kept / place.name, place)
        kept.rmdir()
        raise
    shutil.rmtree(kept, ignore_errors=True)


def _put_back(kept: Path, place: Path) -> None:
    """StorageError, with where the only copy of the old voice is, where that cannot be done."""
    try:
        kept.rename(place)
    except OSError as error:
        raise StorageError(
            f"{place} cannot be written, nor can what was there be put back: "
            f"{error.strerror or error}.",
            f"What was there is kept: mv {quote(str(kept))} {quote(str(place))}",
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
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


def _clear_up(folder: Path) -> None:
    """What was to be replaced is back where nothing took its place; drafts go."""
    for left in sorted(folder.glob(f"{_KEPT}*/*")):
        name = left.name if left.is_dir() else left.stem
        rivals = [folder / left.name]
        if left.suffix != PROMPT_SUFFIX:
            rivals += [folder / name, folder / f"{name}{LATENTS_SUFFIX}"]
        if not any(map(os.path.lexists, rivals)):
            left.rename(folder / left.name)
    for left in folder.glob(f"{_DRAFT}*"):
        shutil.rmtree(left, ignore_errors=True)
