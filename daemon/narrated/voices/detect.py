"""Detects the kind of a voice in given files: a prompt, latents, clips, a folder of clips, or the
weights of Piper with their configuration."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.bark.voice_prompt import of_archive
from narrated.engines.neural.file_digests import open_regular
from narrated.engines.piper.voice_names import CONFIG_SUFFIX, WEIGHTS_SUFFIX
from narrated.engines.piper.voices import MOST_WEIGHTS_BYTES
from narrated.engines.registry import PIPER_NAME
from narrated.engines.tortoise.clip_checks import MOST_BYTES, SUFFIXES, VoiceClip, advice, open_clip
from narrated.engines.tortoise.voices import LATENTS_SUFFIX, MOST_CLIPS, is_clip
from narrated.errors import NarratedError
from narrated.human_formatting import size
from narrated.voices.piper_files import is_piper_file, voice_pair, weights_digest

PROMPT_SUFFIX = ".npz"
_PIECE_BYTES = 1 << 20
_DRAFT_NAME = "voice"
"""Name of a single file in its draft; no engine reads a file without a suffix."""


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """A checked file. It is read again when it is copied: many are too large for memory."""

    name: str
    """Its name in the voice."""
    path: Path
    sha256: str

    @classmethod
    def of(cls, name: str, path: Path, content: bytes) -> "VoiceFile":
        """Describe a file by the content that was checked."""
        return cls(name, path, hashlib.sha256(content).hexdigest())

    def copy_to(self, target: Path) -> None:
        """Copy it. Raises NarratedError if it changed since the check."""
        digest = hashlib.sha256()
        with target.open("xb") as copy:
            for piece in _pieces(self.path):
                digest.update(piece)
                copy.write(piece)
        if digest.hexdigest() != self.sha256:
            raise NarratedError(
                f"{self.path} changed while it was checked.", "Add it when its copy is complete."
            )


@dataclass(frozen=True, slots=True)
class DetectedVoice:
    """A detected voice, with the files to install."""

    engine: str
    """The engine that speaks with it."""
    name: str
    """At first the name of its file; empty for several clips."""
    suffix: str
    """Suffix of its one file; empty for a folder of clips. A voice of Piper has a second file with
    the suffix `.onnx.json`."""
    files: Sequence[VoiceFile]
    advice_lines: Sequence[str] = ()
    """Ways to make it better."""


def detect_voice(sources: Sequence[Path]) -> DetectedVoice:
    """Detect the voice in the files. Raises NarratedError, with advice, if they are none."""
    if any(map(is_piper_file, sources)):
        return _piper(sources)
    suffixes = {source.suffix.lower() for source in sources}
    if len(sources) > 1 and suffixes & {PROMPT_SUFFIX, LATENTS_SUFFIX}:
        raise NarratedError(
            "Several files are one voice only if all are clips.",
            "Add the others one by one.",
        )
    if len(sources) == 1:
        if sources[0].is_dir():
            return _folder_of_clips(sources[0])
        if suffixes == {PROMPT_SUFFIX}:
            return _single_file("bark", sources[0], of_archive)
        if suffixes == {LATENTS_SUFFIX}:
            return _single_file("tortoise", sources[0], _check_latents)
    return _clips(sources, sources[0].stem if len(sources) == 1 else "")


def _single_file(
    engine: str, source: Path, check: Callable[[Path, bytes], object]
) -> DetectedVoice:
    content = _read(source)
    if len(content) > MOST_BYTES:
        raise NarratedError(
            f"{source} is no voice: it is larger than {size(MOST_BYTES)}.",
            "Make it again; a voice of its kind takes some kilobytes.",
        )
    check(source, content)
    files = [VoiceFile.of(_DRAFT_NAME, source, content)]
    return DetectedVoice(engine, source.stem, source.suffix.lower(), files)


def _piper(sources: Sequence[Path]) -> DetectedVoice:
    weights, config = voice_pair(sources)
    files = [
        VoiceFile(_DRAFT_NAME, weights, weights_digest(weights)),
        VoiceFile.of(f"{_DRAFT_NAME}{CONFIG_SUFFIX}", config, _read(config)),
    ]
    return DetectedVoice(PIPER_NAME, weights.stem, WEIGHTS_SUFFIX, files)


def _check_latents(source: Path, content: bytes) -> None:
    try:
        from narrated.engines.tortoise.latents_files import load_latents
    except ImportError as error:
        raise NarratedError(
            f"{source} cannot be checked: {error}.",
            "Install torch (pip install 'narrated[models]'), or give the clips themselves.",
        ) from error
    load_latents(content, str(source))


def _folder_of_clips(source: Path) -> DetectedVoice:
    try:
        found = sorted(file for file in source.iterdir() if is_clip(file))
    except OSError as error:
        raise NarratedError(f"{source} cannot be read: {error.strerror}.", "") from error
    if not found:
        raise NarratedError(
            f"{source} is no voice: it has no clip ({', '.join(SUFFIXES)}).",
            "Put three recordings of about ten seconds into it. Convert other formats: "
            "ffmpeg -i FILE -ac 1 -ar 24000 CLIP.wav",
        )
    return _clips(found, source.resolve().name)


def _clips(sources: Sequence[Path], name: str) -> DetectedVoice:
    for source in sources:
        if source.suffix.lower() not in SUFFIXES or source.is_dir():
            raise NarratedError(
                f"{source} is no voice.",
                f"Give clips ({', '.join(SUFFIXES)}) or a folder of them, latents "
                f"({LATENTS_SUFFIX}), a prompt of Bark's ({PROMPT_SUFFIX}), or a voice of Piper's "
                f"({WEIGHTS_SUFFIX}, with {CONFIG_SUFFIX} beside it). Convert other "
                "recordings: ffmpeg -i FILE -ac 1 -ar 24000 CLIP.wav",
            )
    if len(sources) > MOST_CLIPS:
        raise NarratedError(
            f"{len(sources)} clips are too many for a voice.",
            f"Choose the best {MOST_CLIPS} or fewer.",
        )
    names = [source.name for source in sources]
    if len(set(names)) < len(names) or not all(map(is_clip, sources)):
        names = [f"{n}{source.suffix}" for n, source in enumerate(sources, start=1)]
    files: list[VoiceFile] = []
    advice_lines = advice(_open_clips(sources, names, files))
    return DetectedVoice("tortoise", name, "", files, advice_lines)


def _open_clips(
    sources: Sequence[Path], names: Sequence[str], files: list[VoiceFile]
) -> Iterator[VoiceClip]:
    """Yield the clips, only one in memory at a time; fills `files` as it goes."""
    for source, name in zip(sources, names, strict=True):
        content = _read(source)
        clip = open_clip(content, str(source))
        files.append(VoiceFile.of(name, source, content))
        del content
        yield clip
        del clip


def _read(source: Path) -> bytes:
    """Read one byte more than is allowed, at most; only regular files, since others may not end."""
    try:
        with open_regular(source) as content:
            return content.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(source, error) from error


def _pieces(source: Path) -> Iterator[bytes]:
    """Read a regular file piece by piece, up to the most that a voice takes."""
    left = MOST_WEIGHTS_BYTES
    try:
        with open_regular(source) as content:
            while left > 0 and (piece := content.read(_PIECE_BYTES)):
                left -= len(piece)
                yield piece
    except OSError as error:
        raise _unreadable(source, error) from error


def _unreadable(source: Path, error: OSError) -> NarratedError:
    return NarratedError(f"{source} cannot be read: {error.strerror or error}.", "")
