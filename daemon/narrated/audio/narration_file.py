"""A narration being written: takes joined with their pauses, as audio and transcripts."""

import shutil
from array import array
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from narrated.audio.audio_tags import AudioTags
from narrated.audio.chapters import Chapter, settled
from narrated.audio.encoder_requests import (
    ChapterAtTake,
    DamagedTakes,
    HeardTake,
    TakeToAdd,
    TranscriptForm,
    narration_files,
)
from narrated.audio.flac_takes import from_flac
from narrated.audio.heard_sentences import heard_sentences
from narrated.audio.silence import silence
from narrated.audio.sound_file_decoding import IntroAndOutro
from narrated.audio.streaming_encoder import AudioEncoder
from narrated.audio.tags import write_tags
from narrated.audio.take_errors import refused
from narrated.audio.take_sound import TakeJoiner
from narrated.audio.transcript_files import TranscriptFiles
from narrated.errors import StorageError
from narrated.os_error_remedies import storing

LEAD_S = 0.25
"""Silence before the first word: some players cut off the beginning of a file."""
_AFTER_INTRO_S = 0.5

Sound = tuple[bytes, int]
"""16-bit mono PCM and its sample rate."""


class NarrationFile:
    """The audio and the transcripts of one narration; all grow on disk, take by take."""

    def __init__(
        self,
        folder: Path,
        format: str,
        bitrate: int | None,
        around: IntroAndOutro | None = None,
        transcript: TranscriptForm = "spoken",
    ) -> None:
        self._folder = folder
        self._format, self._bitrate = format, bitrate
        self._joiner = TakeJoiner()
        self._around = around
        self._outro = b""
        self._encoder: AudioEncoder | None = None
        self._form = transcript
        self._transcripts: TranscriptFiles | None = None
        self._starts_s = array("d")

    def add(self, takes: Sequence[TakeToAdd]) -> list[HeardTake]:
        """Append takes; returns when each is heard.

        Errors: DamagedTakes and SoundFileChanged, before any is added; StorageError.
        """
        sounds = read_takes(takes)
        return [self._add(take, *sound) for take, sound in zip(takes, sounds, strict=True)]

    def close(self, tags: AudioTags, chapters: Sequence[ChapterAtTake] = ()) -> float:
        """Complete and tag the files; returns their duration in seconds. Errors: StorageError."""
        if self._encoder is None or self._transcripts is None:
            raise ValueError("nothing was encoded")
        self._encoder.write(self._outro)
        duration_s = round(self._encoder.seconds, 3)
        tags = replace(tags, chapters=settled(map(self._heard, chapters), duration_s))
        self._encoder.set_chapters(tags.chapters)
        self._encoder.close()
        self._transcripts.close()
        audio, *_ = narration_files(self._folder, self._format)
        write_tags(audio, self._format, tags)  # in place: nobody else has a use for half of it
        return duration_s

    def discard(self) -> None:
        """Remove everything that was encoded."""
        if self._encoder is not None:
            self._encoder.discard()
        if self._transcripts is not None:
            with suppress(StorageError):  # the disk may be full: closing writes the buffer
                self._transcripts.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _add(self, take: TakeToAdd, pcm: bytes, sample_rate: int) -> HeardTake:
        encoder, transcripts = self._open(sample_rate)
        start_s = encoder.seconds
        prepared = self._joiner.prepared(pcm, sample_rate, take.pause_s, take.speed)
        encoder.write(prepared.sound, sample_rate)
        end_s = encoder.seconds
        encoder.write(prepared.pause, sample_rate)
        self._starts_s.append(start_s)
        for sentence in heard_sentences(take, start_s, end_s):
            transcripts.add(sentence)
        return HeardTake(start_s, end_s)

    def _heard(self, chapter: ChapterAtTake) -> Chapter:
        start_s = self._starts_s[chapter.take]
        return Chapter(chapter.title, start_s, picture=chapter.picture)

    def _open(self, sample_rate: int) -> tuple[AudioEncoder, TranscriptFiles]:
        if self._encoder is None or self._transcripts is None:
            intro, self._outro = self._around.sounds(sample_rate) if self._around else (b"", b"")
            with storing(str(self._folder)):
                self._folder.mkdir(parents=True, exist_ok=True)
            audio, *transcripts = narration_files(self._folder, self._format)
            self._transcripts = TranscriptFiles(transcripts, self._form)
            self._encoder = AudioEncoder(audio, self._format, sample_rate, self._bitrate)
            self._encoder.write(silence(LEAD_S, sample_rate))
            if intro:
                self._encoder.write(intro + silence(_AFTER_INTRO_S, sample_rate))
        return self._encoder, self._transcripts


def read_takes(takes: Sequence[TakeToAdd]) -> list[Sound]:
    """Decode takes. Errors: DamagedTakes names all that do not decode; StorageError."""
    sounds = [_read(Path(take.path)) for take in takes]
    if damaged := [place for place, sound in enumerate(sounds) if sound is None]:
        raise DamagedTakes(damaged)
    return [sound for sound in sounds if sound is not None]


def _read(path: Path) -> Sound | None:
    try:
        return from_flac(path)
    except (StorageError, FileNotFoundError):
        return None
    except OSError as error:  # the file may be intact, so that it is not spoken again
        raise refused(path, "read", error) from error
