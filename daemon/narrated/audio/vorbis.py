"""Ogg Vorbis through libsndfile, which carries the reference encoder and speaks mono."""

from contextlib import suppress
from pathlib import Path

import soundfile
from mutagen.ogg import OggPage
from mutagen.ogg import error as OggError

from narrated.audio.pcm import SAMPLE_BYTES
from narrated.errors import StorageError

_SLICE_SAMPLES = 8192
_SERIAL = 1
# libvorbis, one channel: the nominal bits a second of its qualities -1 to 10 at 44.1 kHz.
_NOMINAL = (32, 48, 56, 64, 70, 80, 96, 112, 128, 160, 192, 250)


class VorbisSink:
    """A file that takes PCM of one sample rate; `bitrate` chooses the nearest quality."""

    def __init__(self, path: Path, sample_rate: int, bitrate: int) -> None:
        self._path = path
        self._pending = bytearray()
        path.touch()  # libsndfile would not say why a file cannot be made
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
        """Encode what fills whole slices; the rest waits.

        libvorbis looks at what it is handed at once, so slices of one length make the same
        file however the PCM was cut; and long ones overflow libsndfile's stack.
        """
        self._pending += pcm
        size = _SLICE_SAMPLES * SAMPLE_BYTES
        whole = len(self._pending) - len(self._pending) % size
        view = bytes(self._pending[:whole])
        del self._pending[:whole]
        for start in range(0, whole, size):
            self._encode(view[start : start + size])

    def close(self) -> None:
        """Encode the rest and make the file's serial number ours."""
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
        """Close the file as it is; nothing is raised."""
        self._pending.clear()
        with suppress(soundfile.LibsndfileError):
            self._file.close()

    def _encode(self, pcm: bytes) -> None:
        try:
            self._file.buffer_write(pcm, "int16")
        except (soundfile.LibsndfileError, AssertionError) as error:
            # soundfile asserts that all was written: a full disk shows as a failed assertion.
            raise _unwritten(self._path) from error


def _compression_level(bitrate: int) -> float:
    """libsndfile's level for the quality nearest to a bitrate: 0 is quality 10, 1 quality 0."""
    nearest = min(range(len(_NOMINAL)), key=lambda place: abs(_NOMINAL[place] * 1000 - bitrate))
    return 1.0 - max(0, nearest - 1) / 10


def _settle_serial(path: Path) -> None:
    """Give every page one fixed serial number: libsndfile draws one from the clock."""
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
    if not ended:  # libsndfile keeps silent about what it could not write while closing
        raise _unwritten(path)


def _unwritten(path: Path) -> StorageError:
    return StorageError(f"{path} could not be written whole.", "Is the disk full?")
