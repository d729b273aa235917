"""Ogg Vorbis files through libsndfile: it has the reference encoder, and that can do mono."""

from contextlib import suppress
from pathlib import Path

import soundfile
from mutagen.ogg import OggPage
from mutagen.ogg import error as OggError

from narrated.audio.pcm import SAMPLE_BYTES
from narrated.errors import StorageError

_SLICE_SAMPLES = 8192
_SERIAL = 1
# Nominal kbit/s of libvorbis' qualities -1 to 10, one channel at 44.1 kHz.
_NOMINAL = (32, 48, 56, 64, 70, 80, 96, 112, 128, 160, 192, 250)


class VorbisSink:
    """An Ogg Vorbis file at one sample rate; `bitrate` selects the nearest quality."""

    def __init__(self, path: Path, sample_rate: int, bitrate: int) -> None:
        self._path = path
        self._pending = bytearray()
        path.touch()  # libsndfile would not report why it cannot create a file
        self._file = soundfile.SoundFile(
            path,
            "w",
            samplerate=sample_rate,
            channels=1,
            format="OGG",
            subtype="VORBIS",
            compression_level=_compression_level(bitrate),
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
        """Encode the rest, and set the file's serial number."""
        if self._pending:
            self._encode(bytes(self._pending))
        try:
            self._file.close()
        except soundfile.LibsndfileError as error:
            raise _unwritten(self._path) from error
        try:
            _settle_serial(self._path)
        except OggError as error:
            raise _unwritten(self._path) from error

    def discard(self) -> None:
        """Close the file as it is; raises nothing."""
        self._pending.clear()
        with suppress(soundfile.LibsndfileError):
            self._file.close()

    def _encode(self, pcm: bytes) -> None:
        try:
            self._file.buffer_write(pcm, "int16")
        except (soundfile.LibsndfileError, AssertionError) as error:
            # soundfile asserts that everything was written: a full disk fails the assertion.
            raise _unwritten(self._path) from error


def _compression_level(bitrate: int) -> float:
    """libsndfile's level for the quality nearest to a bitrate: 0 is quality 10, 1 is quality 0."""
    nearest = min(range(len(_NOMINAL)), key=lambda place: abs(_NOMINAL[place] * 1000 - bitrate))
    return 1.0 - max(0, nearest - 1) / 10


def _settle_serial(path: Path) -> None:
    """Give every page one fixed serial number: libsndfile takes it from the clock."""
    ended = False
    with path.open("r+b") as file:
        while True:
            before = file.tell()
            try:
                page = OggPage(file)
            except EOFError:
                break
            after = file.tell()
            page.serial = _SERIAL
            file.seek(before)
            file.write(page.write())
            file.seek(after)
            ended = page.last
    if not ended:  # libsndfile does not report failed writes while closing
        raise _unwritten(path)


def _unwritten(path: Path) -> StorageError:
    return StorageError(f"{path} could not be written whole.", "Is the disk full?")
