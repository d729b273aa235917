"""Takes as lossless FLAC files, with their notes and their loudness."""

import io
import math
import os
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import numpy as np
import soundfile

from narrated import private_files
from narrated.audio.loudness import Energies, pack
from narrated.audio.pcm import FULL_SCALE, SAMPLE_BYTES, samples
from narrated.audio.take_errors import damaged
from narrated.audio.take_header import HEAD_BYTES, length_in, opened
from narrated.audio.take_notes import NO_NOTES, TakeNotes, from_comment, to_comment
from narrated.engines.speech_times import SpeechTimes
from narrated.errors import StorageError
from narrated.os_error_remedies import storing

SILENCE_DB = -120.0  # stands for digital silence, so that no figure is infinite


@dataclass(frozen=True, slots=True)
class LoudnessLevel:
    """The loudness of a take."""

    rms_db: float
    """Root mean square in dBFS; SILENCE_DB for silence."""
    peak_db: float
    """Highest sample in dBFS; SILENCE_DB for silence."""


def measure(pcm: bytes) -> LoudnessLevel:
    """Measure the loudness of PCM in dBFS."""
    if not pcm:
        return LoudnessLevel(SILENCE_DB, SILENCE_DB)
    wave = samples(pcm)
    scaled = wave.astype(np.float32)
    power = float(np.dot(scaled, scaled)) / len(wave)
    peak = max(int(wave.max()), -int(wave.min()))
    return LoudnessLevel(_decibels(math.sqrt(power)), _decibels(peak))


def spoken_notes(measured: Energies, times: SpeechTimes) -> TakeNotes:
    """Make the notes of a take: its energies, and the times that its engine told."""
    return TakeNotes(pack(measured), tuple(times.sentences), tuple(times.words))


def to_flac(path: Path, pcm: bytes, sample_rate: int, notes: TakeNotes = NO_NOTES) -> None:
    """Write PCM and its notes as FLAC, whatever the path's suffix. Errors: StorageError."""
    write(path, encoded(pcm, sample_rate, notes))


def write(path: Path, flac: bytes) -> None:
    """Write a take that is FLAC already. Errors: StorageError."""
    with storing(str(path)), open(path, "wb", opener=private_files.opener) as file:
        file.write(flac)


def encoded(pcm: bytes, sample_rate: int, notes: TakeNotes = NO_NOTES) -> bytes:
    """Encode PCM and its notes as FLAC."""
    # libsndfile writes no file without samples, so that empty PCM gets one silent sample.
    wave = samples(pcm or bytes(SAMPLE_BYTES))
    flac = io.BytesIO()  # libsndfile would have the disk sync the file
    with soundfile.SoundFile(flac, "w", sample_rate, 1, "PCM_16", format="FLAC") as take:
        if comment := to_comment(notes):
            take.comment = comment
        take.write(wave)
    return flac.getvalue()


def from_flac(path: Path) -> tuple[bytes, int]:
    """Read PCM and its sample rate, and check FLAC's own digest.

    Errors: FileNotFoundError, or StorageError if the file is damaged.
    """
    pcm, sample_rate, _ = with_notes(path)
    return pcm, sample_rate


def with_notes(path: Path) -> tuple[bytes, int, TakeNotes]:
    """Read PCM, its sample rate and its notes, as `from_flac` does."""
    with opened(path) as file:
        head = os.pread(file.fileno(), HEAD_BYTES, 0)
        return _decoded(file.fileno(), head, path)


def decoded(flac: bytes, path: Path) -> tuple[bytes, int, TakeNotes]:
    """Decode FLAC that is to become a take's file, as `with_notes` does. Errors: StorageError."""
    return _decoded(io.BytesIO(flac), flac[:HEAD_BYTES], path)


def _decoded(source: int | io.BytesIO, head: bytes, path: Path) -> tuple[bytes, int, TakeNotes]:
    length_in(head, path)  # before memory is reserved for what it claims
    try:
        with soundfile.SoundFile(source, closefd=False) as take:
            if take.channels != 1 or take.format != "FLAC":
                raise damaged(path)
            notes = _notes(take)
            wave = take.read(dtype="int16")
            sample_rate = int(take.samplerate)
    except soundfile.LibsndfileError as error:
        raise damaged(path) from error
    pcm = wave.astype("<i2", copy=False).tobytes()
    # STREAMINFO ends with the MD5 of the samples; libsndfile does not check it.
    if head[26:HEAD_BYTES] != md5(pcm, usedforsecurity=False).digest():
        raise damaged(path)
    return pcm, sample_rate, notes


def notes_of(path: Path) -> TakeNotes:
    """Read a take's notes without decoding it; a take that does not open has none."""
    try:
        with (
            opened(path) as file,
            soundfile.SoundFile(file.fileno(), closefd=False) as take,
        ):
            return _notes(take)
    except (OSError, StorageError, soundfile.LibsndfileError):
        return NO_NOTES


def _notes(take: soundfile.SoundFile) -> TakeNotes:
    try:
        return from_comment(take.comment)
    except UnicodeDecodeError:
        return NO_NOTES


def _decibels(amplitude: float) -> float:
    return max(SILENCE_DB, 20 * math.log10(amplitude / FULL_SCALE)) if amplitude else SILENCE_DB
