"""A job's plan: its script in chunks, the take of each chunk, and the settings in force."""

import hashlib
import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePath
from typing import Any, Self

import msgspec

from narrated.audio.encoder_requests import TranscriptForm
from narrated.audio.sound_files import is_sound_file
from narrated.engines.engine_info import EngineInfo
from narrated.errors import NarratedError
from narrated.script.default_voice import SpeechEngines
from narrated.script.script import ChapterStart, Chunk, Draft, ReadingSettings, Speaker

_FIRST_OUTPUT = ("format", "bitrate", "album", "author", "chapters")
_SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=True)


class PlanOutdated(NarratedError):
    """The engine, a voice, or the format that a plan was made for has changed."""


class OutputSettings(msgspec.Struct, frozen=True):
    """Format, level and tags of a narration, as they were when its job was planned.

    The defaults of `loudness` and of all that follow it are the values of before the field was
    there: plans and manifests of then decode to what they meant.
    """

    format: str = "mp3"
    bitrate: int | None = None
    album: str = ""
    author: str = ""
    chapters: bool = True
    loudness: float | bool = False
    """Integrated loudness in LUFS as a listener hears it; False: as loud as its engines speak."""
    peak: float = -1.0
    """The highest true peak in dBTP, if it has a loudness."""
    channels: str = "mono"
    transcript: TranscriptForm = "spoken"
    intro: str = ""
    """The absolute path of a sound file; empty for none. A sentence is a line of the script."""
    outro: str = ""

    @classmethod
    def of(cls, configured: object) -> Self:
        """Take the settings over from the part of the configuration with the same names."""
        made = msgspec.convert(configured, cls, from_attributes=True)
        files = {key: name if is_sound_file(name) else "" for key, name in made.sounds.items()}
        return msgspec.structs.replace(made, **files)

    @property
    def sounds(self) -> dict[str, str]:
        """Its sound files, by their keys of the configuration."""
        return {"intro": self.intro, "outro": self.outro}

    @property
    def published(self) -> dict[str, Any]:
        """The settings as a manifest tells them: without the folders of the owner."""
        names = {key: PurePath(path).name for key, path in self.sounds.items()}
        return msgspec.structs.asdict(self) | names

    @classmethod
    def later_fields(cls) -> dict[str, Any]:
        """Map the fields that the first version did not have to their values of before."""
        fields = {each.name: each.default for each in msgspec.structs.fields(cls)}
        return {name: value for name, value in fields.items() if name not in _FIRST_OUTPUT}

    @property
    def digested(self) -> dict[str, Any]:
        """The settings that the files depend on, but chapters, which carrying over compares itself.

        Without the values of before, the digest of a narration stays what it was.
        """
        later = self.later_fields()
        fields = msgspec.structs.asdict(self)
        del fields["chapters"]
        return {key: value for key, value in fields.items() if value != later.get(key, ...)}


@dataclass(frozen=True, slots=True)
class JobDefaults:
    """The settings of new jobs, from the configuration in force."""

    settings: ReadingSettings
    output: OutputSettings
    engines: SpeechEngines
    """The engines that may speak."""
    captions: str
    """The engine that describes pictures."""
    caption_options: Mapping[str, Any]
    picture_roots: Mapping[str, str]
    """Prefix of a picture's address to the folder of the inbox that it stands for."""
    picture_wait_s: float
    lexicon: Path | None
    ignore: Sequence[str] = ()
    since: date | None = None
    """Older posts that have no narration are left out."""
    holds_drafts: bool = True
    """Drafts and posts of a date in the future wait until they are published."""
    asked: Mapping[str, str | float] = field(default_factory=dict)
    """The engine, voice and speed that somebody asks for at a terminal: they override all."""
    review: bool = False
    """A text's script waits for a person, unless the post or its folders say otherwise."""
    has_page: bool = False
    """True if the outbox has a page, which shows the texts of posts."""


class Plan(msgspec.Struct, frozen=True, rename={"draft": "plan", "output": "edition"}):
    """Everything needed to speak and publish a job.

    The ledger keeps it as JSON, so that a restart continues the job unchanged. The renamed fields
    keep the names that they have there.
    """

    draft: Draft
    output: OutputSettings
    settings: ReadingSettings
    digests: tuple[str, ...]
    """One for each chunk, of its text, voice, language, options and model; equal for all takes."""
    takes: tuple[int, ...]
    """The number of the chosen take of each chunk."""
    keys: tuple[str, ...]
    """The cache key of the chosen take of each chunk."""
    shown: dict[str, str]
    """The pictures that it shows: inbox path to sha256, '' for a missing picture."""
    script: dict[str, str] = {}
    """Its script file: inbox path to sha256; empty if it has none."""
    identities: dict[str, str] = {}
    """Engine name to engine identity, as in the digests."""
    voices: dict[str, str] = {}
    """Speaker name to voice digest, empty for a voice that the engine does not list."""
    narrator_options: dict[str, dict[str, Any]] = {}
    """Engine name to its options of a speaker that sets none of them, as in the digests."""
    consulted: dict[str, str] = {}
    """The settings and lexicons that were applied: inbox path to sha256."""
    pictures: dict[str, str] = {}
    """The inbox paths of pictures that begin chapters, by their addresses in the source."""
    sound_digests: dict[str, str] = {}
    """The sha256 of the sound files that it begins and ends with, as `intro` and `outro`."""

    @property
    def chapters(self) -> tuple[ChapterStart, ...]:
        """The starts of its chapters; none if the configuration wants none."""
        return self.draft.chapters if self.output.chapters else ()

    @property
    def narration(self) -> str:
        """Digest of everything that the published sound and its tags depend on, but chapters."""
        draft = self.draft
        pauses = [chunk.pause_s for chunk in draft.chunks]
        tags = [draft.title, draft.author, draft.date, draft.language, pauses]
        speeds = [draft.speed(chunk) for chunk in draft.chunks]
        # At speed 1 it stays the digest of earlier versions.
        stretched = [speeds] if any(speed != 1.0 for speed in speeds) else []
        output = self.output.digested | self.sound_digests  # wherever these files lie
        return json_digest([tags, self.keys, output, *stretched, *self._written_words])

    @property
    def _written_words(self) -> list[list[tuple[int, int, str]]]:
        """The written words that its transcripts show, with their places; none if those are spoken.

        An edit may change them alone: "3 May" and "May 3" sound alike.
        """
        if self.output.transcript != "written":
            return []
        chunks = enumerate(self.draft.chunks)
        placed = [(seq, one.start, one.written) for seq, chunk in chunks for one in chunk.sentences]
        return [[each for each in placed if each[2]]]

    def with_takes(self, choices: Mapping[str, int], only: Container[int] | None = None) -> Self:
        """Return the plan with the takes chosen by chunk digest; `only`: of these chunks alone."""
        present = enumerate(zip(self.digests, self.takes, strict=True))
        takes = tuple(
            choices.get(digest, take) if only is None or seq in only else take
            for seq, (digest, take) in present
        )
        keys = tuple(map(take_key, self.digests, takes))
        return msgspec.structs.replace(self, takes=takes, keys=keys)

    def with_take(self, seq: int, take: int) -> Self:
        """Return the plan with another take of one chunk."""
        return self.with_all_takes([*self.takes[:seq], take, *self.takes[seq + 1 :]])

    def with_all_takes(self, takes: Sequence[int]) -> Self:
        """Return the plan with these takes, one for each chunk."""
        chunks = zip(self.digests, self.keys, self.takes, takes, strict=True)
        keys = tuple(
            key if take == former else take_key(digest, take)
            for digest, key, former, take in chunks
        )
        return msgspec.structs.replace(self, takes=tuple(takes), keys=keys)

    def header(self, seq: int) -> dict[str, Any]:
        """Build the header of the worker's request for one chunk."""
        chunk = self.draft.chunks[seq]
        speaker = self.draft.speakers[chunk.speaker]
        return {
            "text": chunk.text,
            "marks": chunk.marks,
            "voice": speaker.voice,
            "voice_digest": self.voices.get(chunk.speaker),
            "options": self.narrator_options.get(speaker.engine, {}) | speaker.options,
            "language": chunk.language,
            "seed": seed(self.digests[seq], self.takes[seq]),
        }

    def engine(self, seq: int) -> str:
        """Name the engine that speaks one chunk."""
        return self.draft.speakers[self.draft.chunks[seq].speaker].engine

    @property
    def engines(self) -> tuple[str, ...]:
        """Names of the engines that speak it, in alphabetical order."""
        speakers = {chunk.speaker for chunk in self.draft.chunks}
        return tuple(sorted({self.draft.speakers[name].engine for name in speakers}))

    def encode(self) -> bytes:
        """Encode for the ledger: JSON with escapes, since paths may not be UTF-8."""
        return json.dumps(msgspec.to_builtins(self)).encode("ascii")

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Decode a plan from the ledger; PlanOutdated if another version of narrated wrote it."""
        try:
            return msgspec.convert(json.loads(content), cls)
        except (ValueError, msgspec.ValidationError, RecursionError) as error:
            raise PlanOutdated(f"Its plan has another format: {error}.", "Try again.") from error


def chunk_digest(chunk: Chunk, speaker: Speaker, engine: EngineInfo) -> str:
    """The digest of all that a chunk's sound depends on, but the number of its take."""
    voice = engine.voices.get(speaker.voice, speaker.voice)
    options = {**engine.narrator_options, **speaker.options}
    heard = [speaker.engine, engine.identity, voice, chunk.text, chunk.language, options]
    # Without a front, or without marks, it stays the digest of earlier versions.
    fronted = [engine.front, chunk.marks] if engine.front and chunk.marks else []
    return json_digest(heard + fronted)


def take_key(digest: str, take: int) -> str:
    """The cache key of one take of a chunk."""
    return json_digest([digest, take])


def seed(digest: str, take: int) -> int:
    """The seed of a take's random generator: the same take always sounds the same.

    The low byte is the take's number. An engine with only a few variants of a sentence therefore
    changes the variant with each take, and begins with its plain one.
    """
    return int(digest[:10], 16) << 8 | take & 0xFF


def json_digest(value: Any) -> str:
    """The sha256 of a value's JSON with sorted keys."""
    return hashlib.sha256(_SORTED.encode(value).encode()).hexdigest()
