"""What somebody gives is seen to be a voice: a prompt, latents, a folder of clips, or clips."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.bark.voice_prompt import of_archive
from narrated.engines.neural.file_digests import regular
from narrated.engines.tortoise.voice_clips import MOST_BYTES, SUFFIXES, VoiceClip, advice, opened
from narrated.engines.tortoise.voice_folders import LATENTS_SUFFIX, MOST_CLIPS, is_clip
from narrated.errors import NarratedError
from narrated.human_sizes import size

PROMPT_SUFFIX = ".npz"
_UNNAMED = "voice"
"""A single file, in its draft: without its suffix no engine looks at it."""


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """A file that was checked, to be read again when it is written: many are too large to keep."""

    name: str
    """In the voice."""
    path: Path
    sha256: str

    @classmethod
    def of(cls, name: str, path: Path, content: bytes) -> "VoiceFile":
        """One whose content was read."""
        return cls(name, path, hashlib.sha256(content).hexdigest())

    def content(self) -> bytes:
        """What was checked; NarratedError where it is another by now."""
        content = _bytes(self.path)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise NarratedError(
                f"{self.path} was changed while it was looked at.", "Add it once it is whole."
            )
        return content


@dataclass(frozen=True, slots=True)
class DetectedVoice:
    """What was seen to be a voice, with all that is going to be written."""

    engine: str
    name: str
    """Its own, where none is given; empty for several clips."""
    suffix: str
    """Of its one file; empty for a folder of clips."""
    files: Sequence[VoiceFile]
    better: Sequence[str] = ()


def checked(sources: Sequence[Path]) -> DetectedVoice:
    """What the files are; NarratedError where they are no voice, with what would be one."""
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


def _prompt(source: Path) -> DetectedVoice:
    content = _bounded(source)
    of_archive(source, content)
    files = [VoiceFile.of(_UNNAMED, source, content)]
    return DetectedVoice("bark", source.stem, PROMPT_SUFFIX, files)


def _latents(source: Path) -> DetectedVoice:
    try:
        from narrated.engines.tortoise.voice_latents import of_file
    except ImportError as error:
        raise NarratedError(
            f"Whether {source} is a voice cannot be seen: {error}.",
            "Install torch (pip install 'narrated[models]'), or give the clips themselves.",
        ) from error
    content = _bounded(source)
    of_file(content, str(source))
    files = [VoiceFile.of(_UNNAMED, source, content)]
    return DetectedVoice("tortoise", source.stem, LATENTS_SUFFIX, files)


def _folder_of_clips(source: Path) -> DetectedVoice:
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


def _clips(sources: Sequence[Path], name: str) -> DetectedVoice:
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
    files: list[VoiceFile] = []
    better = advice(_heard(sources, names, files))
    return DetectedVoice("tortoise", name, "", files, better)


def _heard(
    sources: Sequence[Path], names: Sequence[str], files: list[VoiceFile]
) -> Iterator[VoiceClip]:
    """Each clip, opened when the one before was let go of; `files` is filled as it goes."""
    for source, name in zip(sources, names, strict=True):
        content = _bytes(source)
        clip = opened(content, str(source))
        files.append(VoiceFile.of(name, source, content))
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
