"""Streaming encoder: takes PCM piece by piece, and writes an audio file in constant memory."""

import ctypes
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Self, cast

import av
import numpy as np
import soundfile
from av.audio import resampler
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from mutagen.ogg import OggPage
from mutagen.ogg import error as OggError

from narrated.atomic_write import draft_name
from narrated.audio.background_writes import BackgroundWrites
from narrated.audio.chapters import Chapter
from narrated.audio.container_chapters import container_chapters
from narrated.audio.decoded_level import DecodedMeter
from narrated.audio.formats import FORMATS, AudioFormat
from narrated.audio.pcm import SAMPLE_BYTES, Samples, samples, silence
from narrated.errors import StorageError
from narrated.os_error_remedies import storing

_SLICE_S = 30  # most that is encoded at once, so that a long write is not held twice
_SHORTEST_S = 0.1
_SLICE_SAMPLES = 8192
_SERIAL = 1
# Nominal kbit/s of libvorbis' qualities -1 to 10, one channel at 44.1 kHz.
_NOMINAL = (32, 48, 56, 64, 70, 80, 96, 112, 128, 160, 192, 250)


class AudioEncoder:
    """Encodes one audio file; the same PCM makes the same bytes, however it is split into writes.

    `format` is a key of FORMATS, `sample_rate` the rate of most PCM, `bitrate` is in bits per
    second (None: the format's default). With two channels both have the same sound. `meter` hears
    what a lossy codec gives back, until the close. As a context manager it closes the file, or
    deletes it after an error. Errors: StorageError.
    """

    def __init__(
        self,
        path: Path,
        format: str,
        sample_rate: int,
        bitrate: int | None = None,
        channels: int = 1,
        meter: DecodedMeter | None = None,
    ) -> None:
        self._path = path
        self._sample_rate = sample_rate
        self._samples = 0
        self._closed = False
        self._format = FORMATS[format]
        with storing(str(path)):
            self._target = path.resolve()  # a link stays, and its target is written
            # A device or a pipe is written directly.
            direct = self._target.exists() and not self._target.is_file()
            self._draft = self._target if direct else self._target.with_name(draft_name())
            self._sink = _sink(self._draft, self._format, sample_rate, bitrate, channels, meter)
            self._writes = BackgroundWrites(self._sink)
            self._meter = meter

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    @property
    def sample_rate(self) -> int:
        """That of the file."""
        return self._sample_rate

    @property
    def seconds(self) -> float:
        """The duration written so far, exact to the sample."""
        return self._samples / self._sample_rate

    def write(self, pcm: bytes, sample_rate: int | None = None) -> None:
        """Append PCM; PCM at another rate is resampled as a whole."""
        if len(pcm) % SAMPLE_BYTES:
            raise ValueError(f"PCM of {len(pcm)} bytes ends inside a sample")
        pcm = resampled(pcm, sample_rate or self._sample_rate, self._sample_rate)
        slice_bytes = _SLICE_S * self._sample_rate * SAMPLE_BYTES
        with storing(str(self._path)):
            for start in range(0, len(pcm), slice_bytes):
                self._writes.write(pcm[start : start + slice_bytes])
                if self._meter is not None:
                    self._meter.hear()
        self._samples += len(pcm) // SAMPLE_BYTES

    def set_chapters(self, chapters: Iterable[Chapter]) -> None:
        """Give the file chapters before its close, if its container holds them."""
        if isinstance(self._sink, _FFmpegSink) and self._format.holds_chapters:
            with storing(str(self._path)):
                self._writes.settle()
            self._sink.set_chapters(chapters)

    def close(self) -> None:
        """Write the buffered rest and end the file; a second close does nothing."""
        if self._closed:
            return
        if not self._samples:  # players refuse a file without packets
            self.write(silence(_SHORTEST_S, self._sample_rate))
        self._closed = True
        try:
            with storing(str(self._path)):
                self._writes.close()
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
        self._writes.discard()
        if self._draft != self._target:
            with suppress(OSError):  # without rights in the folder it was never created
                self._draft.unlink()


class _FFmpegSink:
    """A file written by FFmpeg's libraries, inside this process."""

    def __init__(
        self,
        path: Path,
        format: AudioFormat,
        sample_rate: int,
        bitrate: int | None,
        channels: int,
        meter: DecodedMeter | None,
    ) -> None:
        # Bitexact: no version, date or random serial number in the file.
        options = {"fflags": "+bitexact", **format.options}
        # Absolute, because FFmpeg reads text before a colon in the name as a protocol.
        name = str(path.absolute())
        container = av.open(name, "w", format=format.container, container_options=options)
        rate = _nearest_rate(format.codec, sample_rate)
        layout = "mono" if channels == 1 else "stereo"
        own = dict(format.codec_options)
        added = container.add_stream(format.codec, rate=rate, layout=layout, options=own)
        stream = cast(AudioStream, added)
        stream.codec_context.flags |= Flags.bitexact
        if bitrate is not None:
            stream.codec_context.bit_rate = bitrate
        self._making: tuple[OutputContainer, AudioStream] | None = container, stream
        self._sample_rate = sample_rate
        self._channels = channels
        self._meter = meter if format.bitrate else None
        self._samples = 0

    def write(self, pcm: bytes) -> None:
        frame = _frame(pcm, self._sample_rate, self._channels)
        frame.pts = self._samples
        self._samples += frame.samples
        self._encode(frame)

    def set_chapters(self, chapters: Iterable[Chapter]) -> None:
        assert self._making is not None, "the encoder is closed"
        self._making[0].set_chapters(container_chapters(chapters))

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
        packets = stream.encode(frame)
        if self._meter is not None:
            self._meter.take(stream.codec_context, packets)
        container.mux(packets)

    def _end(self) -> None:
        """Release the codec too: its threads and buffers end with the last reference."""
        making, self._making = self._making, None
        if making is not None:
            making[0].close()


class _VorbisSink:
    """Ogg Vorbis through libsndfile: it has the reference encoder, and that can do mono."""

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        bitrate: int,
        channels: int,
        meter: DecodedMeter | None,
    ) -> None:
        self._path = path
        self._channels = channels
        self._meter = meter
        self._pending = bytearray()
        path.touch()  # libsndfile would not report why it cannot create a file
        level = _compression_level(bitrate)
        self._file = soundfile.SoundFile(
            path, "w", sample_rate, channels, "VORBIS", format="OGG", compression_level=level
        )

    def write(self, pcm: bytes) -> None:
        """Encode whole slices, and buffer the rest.

        libvorbis analyses each call by itself, so that slices of one length make the same file
        however the PCM was split. Long slices overflow libsndfile's stack.
        """
        self._pending += pcm
        size = _SLICE_SAMPLES * SAMPLE_BYTES
        whole = len(self._pending) - len(self._pending) % size
        view = bytes(self._pending[:whole])
        del self._pending[:whole]
        for start in range(0, whole, size):
            self._encode(view[start : start + size])

    def close(self) -> None:
        if self._pending:
            self._encode(bytes(self._pending))
        try:
            self._file.close()
            whole = _settle_serial(self._path)
        except (soundfile.LibsndfileError, OggError) as error:
            raise _unwritten(self._path) from error
        if not whole:  # libsndfile does not report failed writes while closing
            raise _unwritten(self._path)
        if self._meter is not None:
            self._meter.read(self._path)

    def discard(self) -> None:
        self._pending.clear()
        with suppress(soundfile.LibsndfileError):
            self._file.close()

    def _encode(self, pcm: bytes) -> None:
        try:
            self._file.buffer_write(_in_each_channel(pcm, self._channels).tobytes(), "int16")
        except (soundfile.LibsndfileError, AssertionError) as error:
            # soundfile asserts that everything was written: a full disk fails the assertion.
            raise _unwritten(self._path) from error


def filter_on_one_thread() -> None:
    """Have FFmpeg start no threads in this process, which has one file at work at a time.

    Before the codec, sound passes a filter. By default each file's filter starts a thread a core
    and ends them again, and gives them nothing to do. FFmpeg tells how to change that in C alone.
    """
    with suppress(OSError, AttributeError):  # another build of FFmpeg: it only costs more
        ctypes.CDLL(resampler.__file__).av_cpu_force_count(1)


def _sink(
    path: Path,
    format: AudioFormat,
    sample_rate: int,
    bitrate: int | None,
    channels: int,
    meter: DecodedMeter | None,
) -> _FFmpegSink | _VorbisSink:
    lowest, highest = format.bitrates
    wanted = format.bitrate and min(max(bitrate or format.bitrate, lowest), highest)
    if format.codec == "libvorbis" and wanted is not None:
        return _VorbisSink(path, sample_rate, wanted, channels, meter)
    return _FFmpegSink(path, format, sample_rate, wanted, channels, meter)


def _frame(pcm: bytes, sample_rate: int, channels: int = 1) -> av.AudioFrame:
    layout = "mono" if channels == 1 else "stereo"
    interleaved = _in_each_channel(pcm, channels)[None, :]
    frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout=layout)
    frame.sample_rate = sample_rate
    frame.time_base = Fraction(1, sample_rate)
    return frame


def _in_each_channel(pcm: bytes, channels: int) -> Samples:
    """The same sound in each channel, their samples side by side."""
    return samples(pcm) if channels == 1 else np.repeat(samples(pcm), channels)


def _nearest_rate(codec: str, sample_rate: int) -> int:
    """The codec's lowest rate at or above the sample rate, or its highest."""
    known = av.Codec(codec, "w").audio_rates
    if not known:
        return sample_rate
    return min((rate for rate in known if rate >= sample_rate), default=max(known))


def resampled(pcm: bytes, source_rate: int, target_rate: int) -> bytes:
    """Return the same sound at another rate; its duration stays, to the nearest sample."""
    if not pcm or source_rate == target_rate:
        return pcm
    resampler = AudioResampler(format="s16", layout="mono", rate=target_rate)
    frames = [*resampler.resample(_frame(pcm, source_rate)), *resampler.resample(None)]
    sound = b"".join(frame.to_ndarray().tobytes() for frame in frames)
    size = round(len(pcm) // SAMPLE_BYTES * target_rate / source_rate) * SAMPLE_BYTES
    return sound[:size].ljust(size, b"\0")


def _compression_level(bitrate: int) -> float:
    """libsndfile's level for the quality nearest to a bitrate: 0 is quality 10, 1 is quality 0."""
    nearest = min(range(len(_NOMINAL)), key=lambda place: abs(_NOMINAL[place] * 1000 - bitrate))
    return 1.0 - max(0, nearest - 1) / 10


def _settle_serial(path: Path) -> bool:
    """Give every page one fixed serial number, not the clock's; return True if the file ends."""
    ended = False
    with path.open("r+b") as file:
        while True:
            before = file.tell()
            try:
                page = OggPage(file)
            except EOFError:
                return ended
            after = file.tell()
            page.serial = _SERIAL
            file.seek(before)
            file.write(page.write())
            file.seek(after)
            ended = page.last


def _unwritten(path: Path) -> StorageError:
    return StorageError(f"{path} could not be written whole.", "Is the disk full?")
