"""A narration being written: takes joined with their pauses, as audio and transcripts."""

import shutil
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from narrated.audio.audio_tags import AudioTags
from narrated.audio.chapters import Chapter, settled
from narrated.audio.encoder_requests import (
    ALL_AT_ONCE,
    AS_SPOKEN,
    ChapterAtTake,
    DamagedTakes,
    EncodingSettings,
    HeardTake,
    LevelEstimate,
    TakeToAdd,
    narration_files,
)
from narrated.audio.flac_takes import with_notes
from narrated.audio.heard_sentences import heard_sentences
from narrated.audio.heard_times import heard_starts, heard_words
from narrated.audio.loudness import energies, unpack
from narrated.audio.narration_level import NarrationLevel, SpokenTake
from narrated.audio.pcm import samples, silence
from narrated.audio.sound_file_decoding import IntroAndOutro
from narrated.audio.streaming_encoder import AudioEncoder, resampled
from narrated.audio.tags import write_tags
from narrated.audio.take_errors import refused
from narrated.audio.take_notes import TakeNotes
from narrated.audio.take_sound import TakeJoiner
from narrated.audio.transcript_files import TranscriptFiles
from narrated.errors import StorageError
from narrated.os_error_remedies import storing

LEAD_S = 0.25
"""Silence before the first word: some players cut off the beginning of a file."""
_AFTER_INTRO_S = 0.5


class TakeSound(NamedTuple):
    """The sound of a take as it was spoken: 16-bit mono PCM, and what is kept with it."""

    pcm: bytes
    sample_rate: int
    notes: TakeNotes


class NarrationFile:
    """The audio and the transcripts of one narration; all grow on disk, take by take."""

    def __init__(
        self,
        folder: Path,
        format: str,
        bitrate: int | None,
        settings: EncodingSettings = AS_SPOKEN,
        estimate: LevelEstimate = ALL_AT_ONCE,
        around: IntroAndOutro | None = None,
    ) -> None:
        self._folder = folder
        self._format, self._bitrate = format, bitrate
        self._joiner = TakeJoiner()
        self._settings, self._estimate = settings, estimate
        self._around = around
        self._outro = b""
        self._encoder: AudioEncoder | None = None
        self._level: NarrationLevel | None = None
        """None if the narration keeps the level of its takes."""
        self._transcripts: TranscriptFiles | None = None
        self._starts_s = array("d")

    def add(self, takes: Sequence[TakeToAdd]) -> list[HeardTake]:
        """Append takes; returns when each is heard.

        Errors: DamagedTakes and SoundFileChanged, before any is added; StorageError.
        """
        sounds = read_takes(takes)
        if sounds:
            self._open(sounds[0].sample_rate)
        if self._level is not None:
            self._level.expect(list(map(_spoken, takes, sounds)))
        return [self._add(take, sound) for take, sound in zip(takes, sounds, strict=True)]

    def close(self, tags: AudioTags, chapters: Sequence[ChapterAtTake] = ()) -> float:
        """Complete and tag the files; returns their duration in seconds.

        Errors: LevelMissed, and it is for nothing but to be discarded; StorageError.
        """
        if self._encoder is None or self._transcripts is None:
            raise ValueError("nothing was encoded")
        if self._outro:
            self._write_beside(self._encoder, self._outro, "outro")
        duration_s = round(self._encoder.seconds, 3)
        tags = replace(tags, chapters=settled(map(self._heard, chapters), duration_s))
        self._encoder.set_chapters(tags.chapters)
        self._encoder.close()
        if self._level is not None:
            self._level.check()
        self._transcripts.close()
        audio, *_ = narration_files(self._folder, self._format)
        write_tags(audio, self._format, tags)  # in place: nobody else has a use for half of it
        return duration_s

    def discard(self) -> None:
        """Remove everything that was encoded."""
        if self._encoder is not None:
            self._encoder.discard()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _add(self, take: TakeToAdd, spoken: TakeSound) -> HeardTake:
        encoder, transcripts = self._open(spoken.sample_rate)
        start_s = encoder.seconds
        prepared = self._joiner.prepared(spoken.pcm, spoken.sample_rate, take.pause_s, take.speed)
        self._write(encoder, prepared.sound, spoken.sample_rate, take.speaker)
        end_s = encoder.seconds
        self._write(encoder, prepared.pause, spoken.sample_rate)
        self._starts_s.append(start_s)
        told = (take, (spoken.pcm, spoken.sample_rate), spoken.notes, prepared, start_s)
        heard = HeardTake(start_s, end_s, heard_starts(*told), heard_words(*told))
        for sentence in heard_sentences(take, start_s, end_s, heard.sentences_s, heard.words):
            transcripts.add(sentence)
        return heard

    def _write(
        self, encoder: AudioEncoder, pcm: bytes, sample_rate: int, speaker: str | None = None
    ) -> None:
        """Write the sound of a speaker, or of none, at its level.

        Another sample rate is changed before, since that moves peaks.
        """
        if self._level is not None:
            rate = self._level.sample_rate
            pcm, sample_rate = resampled(pcm, sample_rate, rate), rate
            pcm = self._level.pause(pcm) if speaker is None else self._level.take(pcm, speaker)
        encoder.write(pcm, sample_rate)

    def _write_beside(self, encoder: AudioEncoder, pcm: bytes, name: str) -> None:
        """Write an intro or outro, which has the level of a speaker of this name."""
        rate = encoder.sample_rate
        if self._level is not None:
            spoken = SpokenTake(name, 0, energies(samples(pcm), rate), pcm, rate)
            self._level.expect([spoken])
        self._write(encoder, pcm, rate, name)

    def _heard(self, chapter: ChapterAtTake) -> Chapter:
        start_s = self._starts_s[chapter.take]
        return Chapter(chapter.title, start_s, picture=chapter.picture)

    def _open(self, sample_rate: int) -> tuple[AudioEncoder, TranscriptFiles]:
        if self._encoder is None or self._transcripts is None:
            intro, self._outro = self._around.sounds(sample_rate) if self._around else (b"", b"")
            with storing(str(self._folder)):
                self._folder.mkdir(parents=True, exist_ok=True)
            audio, *transcripts = narration_files(self._folder, self._format)
            self._transcripts = TranscriptFiles(transcripts, self._settings.transcript)
            if self._settings.lufs is not None:
                self._level = NarrationLevel(
                    self._settings, self._estimate, self._format, self._bitrate, sample_rate
                )
            kind = (self._format, sample_rate, self._bitrate, self._settings.channels)
            meter = self._level.decoded if self._level else None
            self._encoder = AudioEncoder(audio, *kind, meter)
            self._write(self._encoder, silence(LEAD_S, sample_rate), sample_rate)
            if intro:
                self._write_beside(self._encoder, intro, "intro")
                self._write(self._encoder, silence(_AFTER_INTRO_S, sample_rate), sample_rate)
        return self._encoder, self._transcripts


def read_takes(takes: Sequence[TakeToAdd]) -> list[TakeSound]:
    """Decode takes. Errors: DamagedTakes names all that do not decode; StorageError."""
    sounds = [_read(Path(take.path)) for take in takes]
    if damaged := [place for place, sound in enumerate(sounds) if sound is None]:
        raise DamagedTakes(damaged)
    return [sound for sound in sounds if sound is not None]


def _spoken(take: TakeToAdd, sound: TakeSound) -> SpokenTake:
    """A take with its loudness: by its notes, else measured, as those of before have none."""
    if packed := sound.notes.energies:
        measured = unpack(packed)
    else:
        measured = energies(samples(sound.pcm), sound.sample_rate)
    return SpokenTake(take.speaker, len(take.text), measured, sound.pcm, sound.sample_rate)


def _read(path: Path) -> TakeSound | None:
    try:
        return TakeSound(*with_notes(path))
    except (StorageError, FileNotFoundError):
        return None
    except OSError as error:  # the file may be intact, so that it is not spoken again
        raise refused(path, "read", error) from error
