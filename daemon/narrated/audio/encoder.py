"""Streaming encoder: takes PCM piece by piece, and writes an audio file in constant memory."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, cast

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer

from narrated.atomic_write import draft_name
from narrated.audio.formats import FORMATS, AudioFormat
from narrated.audio.pcm import SAMPLE_BYTES, samples, silence
from narrated.audio.vorbis import VorbisSink
from narrated.errors import StorageError
from narrated.storage_errors import storing

_PIECE_S = 30  # most that is encoded at once, so that a long write is not held twice
_SHORTEST_S = 0.1


class AudioSink(Protocol):
    """A file that takes PCM at one sample rate."""

    def write(self, pcm: bytes) -> None:
        """Encode PCM of any length."""

    def close(self) -> None:
        """Write the buffered rest and end the file."""

    def discard(self) -> None:
        """Close the file as it is; raises nothing, and does nothing after a close."""


class AudioEncoder:
    """Encodes one audio file; the same PCM makes the same bytes, however it is split into writes.

    `format` is a key of FORMATS, `sample_rate` the rate of most PCM, `bitrate` is in bits per
    second (None: the format's default). As a context manager it closes the file, or deletes it
    after an error. Errors: StorageError.
    """

    def __init__(
        self, path: Path, format: str, sample_rate: int, bitrate: int | None = None
    ) -> None:
        self._path = path
        self._sample_rate = sample_rate
        self._samples = 0
        self._closed = False
        with storing(str(path)):
            self._target = path.resolve()  # a link stays, and its target is written
            self._draft = _draft(self._target)
            self._sink = _sink(self._draft, FORMATS[format], sample_rate, bitrate)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    @property
    def seconds(self) -> float:
        """The duration written so far, exact to the sample."""
        return self._samples / self._sample_rate

    def write(self, pcm: bytes, sample_rate: int | None = None) -> None:
        """Append PCM; PCM at another rate is resampled as a whole."""
        if len(pcm) % SAMPLE_BYTES:
            raise ValueError(f"PCM of {len(pcm)} bytes ends inside a sample")
        if sample_rate not in (None, self._sample_rate):
            pcm = _resampled(pcm, sample_rate, self._sample_rate)
        piece = _PIECE_S * self._sample_rate * SAMPLE_BYTES
        with storing(str(self._path)):
            for start in range(0, len(pcm), piece):
                self._sink.write(pcm[start : start + piece])
        self._samples += len(pcm) // SAMPLE_BYTES

    def close(self) -> None:
        """Write the buffered rest and end the file; a second close does nothing."""
        if self._closed:
            return
        if not self._samples:  # players refuse a file without packets
            self.write(silence(_SHORTEST_S, self._sample_rate))
        self._closed = True
        try:
            with storing(str(self._path)):
                self._sink.close()
                self._draft.replace(self._target)
        except StorageError:
            self._give_up()
            raise

    def discard(self) -> None:
        """Delete the draft and keep an older file; does nothing after a close."""
        if not self._closed:
            self._closed = True
            self._give_up()

    def _give_up(self) -> None:
        self._sink.discard()
        if self._draft != self._target:
            # Without rights in the folder the draft was never created.
            with suppress(OSError):
                self._draft.unlink()


class _FFmpegSink:
    """A file written by FFmpeg's libraries, inside this process."""

    def __init__(
        self, path: Path, format: AudioFormat, sample_rate: int, bitrate: int | None
    ) -> None:
        # Bitexact: no version, date or random serial number in the file.
        options = {"fflags": "+bitexact", **format.options}
        # Absolute, because FFmpeg reads text before a colon in the name as a protocol.
        name = str(path.absolute())
        container = av.open(name, "w", format=format.container, container_options=options)
        rate = _nearest_rate(format.codec, sample_rate)
        stream = cast(AudioStream, container.add_stream(format.codec, rate=rate, layout="mono"))
        stream.codec_context.flags |= Flags.bitexact
        if bitrate is not None:
            stream.codec_context.bit_rate = bitrate
        self._making: tuple[OutputContainer, AudioStream] | None = container, stream
        self._sample_rate = sample_rate
        self._samples = 0

    def write(self, pcm: bytes) -> None:
        frame = _frame(pcm, self._sample_rate)
        frame.pts = self._samples
        self._samples += frame.samples
        self._encode(frame)

    def close(self) -> None:
        try:
            self._encode(None)
        finally:
            self._end()

    def discard(self) -> None:
        with suppress(OSError):  # closing writes the trailer, and the disk may still be full
            self._end()

    def _encode(self, frame: av.AudioFrame | None) -> None:
        assert self._making is not None, "the encoder is closed"
        container, stream = self._making
        container.mux(stream.encode(frame))

    def _end(self) -> None:
        """Release the codec too: its threads and buffers end with the last reference."""
        making, self._making = self._making, None
        if making is not None:
            making[0].close()


def _draft(target: Path) -> Path:
    """The draft's path; a device or a pipe is written directly."""
    if target.exists() and not target.is_file():
        return target
    return target.with_name(draft_name())


def _sink(path: Path, format: AudioFormat, sample_rate: int, bitrate: int | None) -> AudioSink:
    wanted = (bitrate or format.bitrate) if format.bitrate is not None else None
    if format.codec == "libvorbis" and wanted is not None:
        return VorbisSink(path, sample_rate, wanted)
    return _FFmpegSink(path, format, sample_rate, wanted)


def _frame(pcm: bytes, sample_rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples(pcm)[None, :], format="s16", layout="mono")
    frame.sample_rate = sample_rate
    frame.time_base = Fraction(1, sample_rate)
    return frame


def _nearest_rate(codec: str, sample_rate: int) -> int:
    """The codec's lowest rate at or above the sample rate, or its highest."""
    known = av.Codec(codec, "w").audio_rates
    if not known:
        return sample_rate
    return min((rate for rate in known if rate >= sample_rate), default=max(known))


def _resampled(pcm: bytes, source_rate: int, target_rate: int) -> bytes:
    """The same sound at another rate; its duration stays, to the nearest sample."""
    if not pcm:
        return pcm
    resampler = AudioResampler(format="s16", layout="mono", rate=target_rate)
    frames = [*resampler.resample(_frame(pcm, source_rate)), *resampler.resample(None)]
    sound = b"".join(frame.to_ndarray().tobytes() for frame in frames)
    size = round(len(pcm) // SAMPLE_BYTES * target_rate / source_rate) * SAMPLE_BYTES
    return sound[:size].ljust(size, b"\0")
