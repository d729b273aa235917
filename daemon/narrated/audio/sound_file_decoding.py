"""Decodes the sound files of intros and outros; in bounds, since a file may be anything."""

import os
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.container import InputContainer

from narrated import regular_file
from narrated.audio.encoder_requests import SoundFile, SoundFileChanged
from narrated.audio.pcm import SAMPLE_BYTES, faded, samples
from narrated.audio.streaming_encoder import resampled
from narrated.errors import StorageError
from narrated.printable import printable
from narrated.regular_file import NotRegular

LONGEST_S = 120
MOST_BYTES = 64 * 2**20

_FADE_IN_S, _FADE_OUT_S = 0.005, 0.050
"""A file that begins or ends in the middle of a sound does not click."""
_MOST_DECODED = 2
"""An intro and an outro: all narrations have the same ones."""


class SoundFileDecoder:
    """Decodes sound files, and keeps the last ones for the next narrations."""

    def __init__(self) -> None:
        self._decoded: dict[str, tuple[bytes, int]] = {}
        """Mono PCM and its rate, by the sha256 of the file's content."""

    def check(self, path: Path, key: str) -> str:
        """Decode a file, and return the sha256 of its content.

        `key` is that of the configuration, `intro` or `outro`. Errors: StorageError.
        """
        try:
            content = _content(path)
            digest = sha256(content).hexdigest()
            self._decode(digest, content)
        except _Refused as refused:
            problem = f"`audio: {key}`: {printable(str(path))} {refused}."
            remedy = f"Put a sound file there, or change `{key}` and run `narrated reload`."
            raise StorageError(problem, remedy) from refused
        return digest

    def sound(self, file: SoundFile, sample_rate: int) -> bytes:
        """Give the sound of a file as it was planned: s16le, mono, at this rate, faded.

        Errors: SoundFileChanged, if the file is gone or has another content.
        """
        if file.sha256 not in self._decoded:
            try:
                self._decode(file.sha256, _content(Path(file.path), file.sha256))
            except _Refused as refused:
                problem = f"The sound file {printable(file.path)} {refused}."
                raise SoundFileChanged(problem, "The post is planned again.") from refused
        pcm, rate = self._decoded[file.sha256]
        wave = samples(resampled(pcm, rate, sample_rate))
        return faded(wave, sample_rate, _FADE_IN_S, _FADE_OUT_S).tobytes()

    def _decode(self, digest: str, content: bytes) -> None:
        if digest not in self._decoded:
            sound = _mono(content)
            while len(self._decoded) >= _MOST_DECODED:
                del self._decoded[next(iter(self._decoded))]
            self._decoded[digest] = sound


@dataclass(frozen=True, slots=True)
class IntroAndOutro:
    """The sound files that one narration begins and ends with."""

    _decoder: SoundFileDecoder
    _intro: SoundFile | None
    _outro: SoundFile | None

    def sounds(self, sample_rate: int) -> tuple[bytes, bytes]:
        """Give both sounds, empty where there is none. Errors: SoundFileChanged."""
        intro, outro = (
            self._decoder.sound(file, sample_rate) if file else b""
            for file in (self._intro, self._outro)
        )
        return intro, outro


class _Refused(Exception):
    """A sound file cannot be used; the message ends a sentence about it."""


def _content(path: Path, digest: str = "") -> bytes:
    """Read a file; `digest`: refuse another content."""
    try:
        with regular_file.opened(path.resolve()) as file:  # its owner may name a link
            content = regular_file.read(file, MOST_BYTES)
    except NotRegular as error:
        raise _Refused("is a folder" if path.is_dir() else "is a device or a pipe") from error
    except FileNotFoundError as error:
        raise _Refused("is missing") from error
    except OSError as error:
        raise _Refused(f"cannot be read: {os.strerror(error.errno or 0)}") from error
    if content is None:
        raise _Refused(f"has more than {MOST_BYTES // 2**20} MiB")
    if digest and sha256(content).hexdigest() != digest:
        raise _Refused("has another content by now")
    return content


def _mono(content: bytes) -> tuple[bytes, int]:
    try:
        with av.open(BytesIO(content), "r") as container:
            pcm, rate = _decoded(container)
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise _Refused("is no sound that can be decoded") from error
    if not pcm:
        raise _Refused("holds no sound")
    return pcm, rate


def _decoded(container: InputContainer) -> tuple[bytes, int]:
    """The first audio stream in mono, at its own rate."""
    stream = next(iter(container.streams.audio), None)
    if stream is None:
        raise _Refused("holds no sound")
    rate = stream.codec_context.sample_rate
    resampler = AudioResampler(format="s16", layout="mono", rate=rate)
    pcm = bytearray()
    for frame in container.decode(stream):
        for mono in resampler.resample(frame):
            pcm += mono.to_ndarray().tobytes()
        if len(pcm) > LONGEST_S * rate * SAMPLE_BYTES:
            raise _Refused(f"is longer than {LONGEST_S} seconds")
    for mono in resampler.resample(None):
        pcm += mono.to_ndarray().tobytes()
    return bytes(pcm), rate
