"""The requests that an encoder process serves, as the payload of a frame."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from narrated.audio.audio_tags import AudioTags
from narrated.audio.formats import FORMATS, TRANSCRIPT_SUFFIXES
from narrated.engines.speech_times import TimedPlace
from narrated.errors import NarratedError

WORK_NAME = "audio"
"""The name of a narration's files, without suffix, while they are written."""

TranscriptForm = Literal["written", "spoken"]
"""The words of the transcripts: those of the source, or those that are heard."""


class SaidText(msgspec.Struct, frozen=True, array_like=True):
    """The text that a take speaks, and its language: they tell how long it should be."""

    text: str = ""
    language: str = ""


NO_TEXT = SaidText()
"""It is not known, or nothing asks for it."""


class WriteTake(msgspec.Struct, frozen=True, tag=True):
    """Write the PCM that follows as a take; answer with its loudness and its measures.

    With `is_flac` the FLAC that follows is the file, if it has the notes that it should have.
    """

    path: str
    draft: str
    sample_rate: int
    sentences: list[TimedPlace] = []
    words: list[TimedPlace] = []
    said: SaidText = NO_TEXT
    is_flac: bool = False


class MeasureTake(msgspec.Struct, frozen=True, tag=True):
    """Measure a take that is in the cache already; answer with its measures."""

    path: str
    said: SaidText = NO_TEXT


class TakeSentence(msgspec.Struct, frozen=True, array_like=True):
    """A sentence of a take's text: where it begins, and its words in the source."""

    start: int
    """The place of its first character in the text."""
    written: str = ""
    """Empty if the words are the spoken ones."""
    without_space: bool = False
    """True if no space stands before it in the source, also where the text has one."""


class TakeToAdd(msgspec.Struct, frozen=True):
    """A take in the cache, its words for the transcript, and the pause that follows it."""

    path: str
    text: str
    pause_s: float
    """At speed 1."""
    speed: float = 1.0
    speaker: str = "narrator"
    sentences: list[TakeSentence] = []
    """In order; none if the text is one sentence, written as it is spoken."""


class HeardTake(msgspec.Struct, frozen=True, array_like=True):
    """When a take is heard, in seconds of the narration."""

    start_s: float
    end_s: float
    sentences_s: list[float | None] = []
    """When each of its sentences begins; None, or none at all, if that is not known."""
    words: list[tuple[int, float]] = []
    """Places in its text, and when the words there begin; none if that is not known."""


class SoundFile(msgspec.Struct, frozen=True):
    """A sound file of the user, with the sha256 of its content."""

    path: str
    sha256: str


class EncodingSettings(msgspec.Struct, frozen=True):
    """The level, channels and transcripts of a narration, and the sound files around its takes."""

    lufs: float | None = None
    """As a listener hears the encoded file; None: as loud as its takes, and no limit of peaks."""
    peak_dbtp: float = -1.0
    channels: int = 1
    intro: SoundFile | None = None
    """Heard before the first take."""
    outro: SoundFile | None = None
    transcript: TranscriptForm = "spoken"


AS_SPOKEN = EncodingSettings()
"""The sound of every narration before there was a level."""


class SpeakerEstimate(msgspec.Struct, frozen=True):
    """A speaker of a narration, some of whose takes are not there yet."""

    lufs: float | None
    """The mean loudness of the voice's earlier takes; None if there were none."""
    characters: int
    """Those of all its takes in the narration."""


class KnownTake(msgspec.Struct, frozen=True):
    """A later take of a narration that is in the cache already."""

    path: str
    speaker: str
    characters: int


class LevelCorrection(msgspec.Struct, frozen=True):
    """Corrections for the next encoding of a narration, by the level of the one before."""

    gains: dict[str, float] = {}
    """In dB by speaker."""
    room_db: float = 0.0
    """Peaks must stay so much lower than what the codec usually needs."""
    count: int = 0
    """The number of earlier encodings."""


AS_PREDICTED = LevelCorrection()
"""There was no earlier encoding."""


class LevelEstimate(msgspec.Struct, frozen=True):
    """The base of the prediction of a narration's gains, beside the takes that come with it.

    Without speakers, those are all of its takes.
    """

    speakers: dict[str, SpeakerEstimate] = {}
    known: list[KnownTake] = []
    alike: dict[str, str] = {}
    """Speakers with another's voice, and that speaker: they have one gain."""
    correction: LevelCorrection = AS_PREDICTED
    """That of an earlier encoding of the same takes."""


ALL_AT_ONCE = LevelEstimate()
"""Nothing needs to be predicted."""


class ChapterAtTake(msgspec.Struct, frozen=True):
    """A chapter that begins with a take of the narration; its time is known once that is added."""

    take: int
    """The number of the take in the narration, from 0."""
    title: str
    picture: bytes | None = None
    """A small JPEG."""


class AddTakes(msgspec.Struct, frozen=True, tag=True):
    """Append takes to the narration in this folder, which the first ones create.

    `level` comes with the first ones; later ones may not change `settings`.

    `tags` complete its files, with `chapters`: no takes follow. They are part of the same request,
    because each request costs both ends more than a note's last words do.
    """

    folder: str
    format: str
    bitrate: int | None
    takes: list[TakeToAdd]
    tags: AudioTags | None = None
    chapters: list[ChapterAtTake] = []
    settings: EncodingSettings = AS_SPOKEN
    level: LevelEstimate = ALL_AT_ONCE


class DiscardNarration(msgspec.Struct, frozen=True, tag=True):
    """Remove a narration with its folder."""

    folder: str


class TagAudio(msgspec.Struct, frozen=True, tag=True):
    """Write tags into an audio file."""

    path: str
    format: str
    tags: AudioTags


class JoinTakes(msgspec.Struct, frozen=True, tag=True):
    """Answer with the PCM of these takes and their pauses."""

    takes: list[TakeToAdd]


class CheckSoundFile(msgspec.Struct, frozen=True, tag=True):
    """Decode a sound file that the configuration names by this key; answer with its sha256."""

    path: str
    key: str


class WarmUp(msgspec.Struct, frozen=True, tag=True):
    """Do nothing: a process that answers has loaded its libraries."""


class DamagedTakes(Exception):
    """The files of these takes, by their places in the request, are gone or do not decode."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(f"the takes {places} are damaged")
        self.places = list(places)


class SoundFileChanged(NarratedError):
    """A sound file is not there any more as it was when the narration was planned."""


EncoderRequest = (
    WriteTake
    | MeasureTake
    | AddTakes
    | DiscardNarration
    | TagAudio
    | JoinTakes
    | CheckSoundFile
    | WarmUp
)


def narration_files(folder: Path, format: str) -> tuple[Path, ...]:
    """The audio and the transcripts of a narration that is written into a folder."""
    suffixes = (FORMATS[format].suffix, *TRANSCRIPT_SUFFIXES)
    return tuple(folder / f"{WORK_NAME}{suffix}" for suffix in suffixes)


def encode_request(request: EncoderRequest, blob: bytes = b"") -> tuple[dict[str, Any], bytes]:
    """Encode a request as header and payload: JSON with escapes, since paths may not be UTF-8.

    A frame's header is bounded, and the words of a narration are not: they are in the payload.
    """
    text = json.dumps(msgspec.to_builtins(request)).encode("ascii")
    return {"request_bytes": len(text)}, text + blob


def decode_request(header: dict[str, Any], payload: bytes) -> tuple[EncoderRequest, bytes]:
    """Decode a request, and the bytes that follow it."""
    size = int(header["request_bytes"])
    return msgspec.convert(json.loads(payload[:size]), EncoderRequest), payload[size:]
