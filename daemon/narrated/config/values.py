"""The configuration's values, frozen; durations and sizes are written with their units."""

import math
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from narrated.audio.sound_files import is_sound_file
from narrated.config.quantities import Bytes, Day, Seconds, SecondsOrNever
from narrated.config.work_hours import WorkHours
from narrated.engines.pico_voices import VOICES as PICO_VOICES
from narrated.reading.dialects.registry import Dialect
from narrated.reading.take_settings import MOST_TAKES
from narrated.script.default_voice import ESPEAK, PICO, default_engine, with_engine
from narrated.script.language_voices import ROLES
from narrated.script.script import ReadingSettings, Role, Speaker, Speed
from narrated.script.spoken_numbers import NumberStyle
from narrated.script.take_check_settings import TakeCheckSettings

TARGET_LUFS, TARGET_DBTP = -16.0, -1.0
"""The level that podcast directories ask for."""
QUIETEST_LUFS, LOUDEST_LUFS = -40.0, -13.0
"""Louder speech does not fit under -1 dBTP."""
LOWEST_DBTP = -20.0


Loudness = Annotated[float, msgspec.Meta(ge=QUIETEST_LUFS, le=LOUDEST_LUFS)]
"""Integrated loudness in LUFS."""

Peak = Annotated[float, msgspec.Meta(ge=LOWEST_DBTP, le=0)]
"""A true peak in dBTP."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the file; an unknown key in it is an error."""


class SpeechConfig(Section, frozen=True):
    """The engine and voices that speak."""

    engine: str = ""
    """Empty for the default one: see `script/default_voice.py`."""
    voice: str = ""
    """Empty if the engine chooses."""
    options: dict[str, str | int | float | bool] = {}
    """Options of the engine, such as espeak's `rate` in words a minute."""
    speed: Speed = 1.0
    """Times the engine's own rate, for any engine."""
    speakers: dict[Literal["quote", "heading", "caption"], Speaker] = {}
    """Other voices for quotations, headings, and the descriptions of pictures in a text."""
    voices: dict[str, str | Speaker] = {}
    """Voices by language, for posts of it and for what is marked as of it inside others."""

    def speaker_of(self, language: str) -> Speaker:
        """Give the configured voice of a language as a speaker.

        Without an engine it is the configured engine's, but a name that only pico has is pico's.
        """
        entry = self.voices[language]
        speaker = Speaker(voice=entry) if isinstance(entry, str) else entry
        if speaker.engine or speaker.voice in PICO_VOICES or not self.engine:
            return speaker
        return msgspec.structs.replace(speaker, engine=self.engine)


class ReadingConfig(Section, frozen=True):
    """Rules for turning a text into speech."""

    language: str = "en"
    marked_languages: bool = True
    """Words that are marked as of another language are said in it; else in the post's."""
    links: Literal["fold", "text", "announce"] = "fold"
    code: Literal["fold", "announce", "read", "skip", "first-line"] = "fold"
    tables: Literal["all", "skip"] | Annotated[int, msgspec.Meta(ge=1)] = 5
    footnotes: Literal["paragraph", "end", "skip"] = "paragraph"
    numbers: NumberStyle = "british"
    pauses: dict[Role, Annotated[float, msgspec.Meta(ge=0)]] = {}
    lexicon: Path | None = None
    dialects: dict[Dialect, bool] = {}
    """Dialects of Markdown that are off; all are on without this."""
    drafts: Literal["hold", "narrate"] = "hold"
    """Posts that are no public ones yet: held back until they are, or narrated like all others."""


class TakesConfig(Section, frozen=True):
    """Checks of takes, and what follows from a bad one."""

    check: Literal["auto", "ears", "signal", "off"] | bool = "auto"
    """`auto`, or True: a hearing model listens as soon as there is one; else the sound alone is
    checked. False is `off`."""
    most: Annotated[int, msgspec.Meta(ge=1, le=MOST_TAKES)] = 3
    """At most this many takes of a chunk are spoken to get a good one."""
    strict: bool = False
    """True if a chunk without a good take fails its post."""
    publish: Literal["checked", "now"] = "checked"
    """`now`: a post is out before its takes are heard, and again once better ones are there."""
    hearing: str = ""
    """The engine that listens; empty for the best hearing model that is here."""

    @property
    def settings(self) -> TakeCheckSettings:
        """The settings as a post has them."""
        check = ("auto" if self.check else "off") if isinstance(self.check, bool) else self.check
        return TakeCheckSettings(check, self.most, self.strict, self.publish)


class PicturesConfig(Section, frozen=True):
    """The captioner, and the folders of pictures."""

    captions: str = "embedded"
    options: dict[str, str | int | float | bool] = {}
    roots: dict[str, str] = {}
    """A site-absolute prefix in a post's picture paths, and the inbox folder it means."""
    wait: Seconds = Seconds(5)
    """A picture waits this long for a post to show it, then becomes an item of its own."""


class AudioConfig(Section, frozen=True):
    """Format, level and tags of the published files, and what stands beside them."""

    format: Literal["mp3", "opus", "ogg", "m4a", "flac", "wav"] = "mp3"
    bitrate: Bytes | None = None
    album: str = ""
    author: str = ""
    chapters: bool = True
    """Headings and pictures begin chapters."""
    loudness: Loudness | bool = TARGET_LUFS
    """Of a narration, as a listener hears it; False if it stays as loud as its engines speak."""
    peak: Peak = TARGET_DBTP
    """The highest true peak of a file of that loudness."""
    channels: Literal["mono", "stereo"] = "mono"
    transcript: Literal["written", "spoken"] = "written"
    """The words of the transcripts: as they stand in the source, or as they are said."""
    intro: str = ""
    """A sound file, told by its suffix, or a sentence; empty for none."""
    outro: str = ""

    @property
    def bits_per_second(self) -> int | None:
        """The bitrate as a plain number, since plans store it; None for the format's own."""
        return None if self.bitrate is None else int(self.bitrate)


class WorkersConfig(Section, frozen=True):
    """Timeouts and counts of the child processes."""

    silence: Seconds = Seconds(60)
    """A worker with requests that sends nothing for this long counts as hung."""
    load: Seconds = Seconds(600)
    """Timeout for loading an engine."""
    again: Seconds = Seconds(60)
    """Interval between retries of an unavailable engine while its worker is idle."""
    reading: Seconds = Seconds(60)
    """Timeout for parsing one source."""
    encoders: Annotated[int, msgspec.Meta(ge=1)] = 2
    """Number of files encoded at the same time."""
    only_boxes: tuple[str, ...] = ()
    """Engines that this machine leaves to the boxes."""


class ModelsConfig(Section, frozen=True):
    """Folders, device and memory of the models."""

    folder: Path = Path()
    """Target of `narrated models pull`; default: `models` in the state folder."""
    voices: Path = Path()
    """The user's own voices; default: `voices` in the state folder."""
    device: str = "auto"
    """auto, cpu, mps, cuda, or cuda with a number."""
    memory: Bytes | None = None
    """Limit for all models together on the device; None: all of its memory."""
    idle_unload: SecondsOrNever = SecondsOrNever(math.inf)
    """An unused model stays on the device this long; infinity: for ever."""


class OwnerConfig(Section, frozen=True):
    """The owner of a podcast: directories write to this address, and everybody may read it."""

    name: str = ""
    email: str = ""


class PodcastConfig(Section, frozen=True):
    """The podcast that the outbox is; the daemon writes its feed."""

    title: str
    author: str = ""
    description: str = ""
    language: str = ""
    """Empty for `reading: language`."""
    category: str | tuple[str, ...] = ()
    """Names of Apple's categories."""
    explicit: bool = False
    image: Path | None = None
    """A picture for the cover, on this machine; None if it is drawn from the title."""
    owner: OwnerConfig = OwnerConfig()
    base_url: str = ""
    """The address at which the outbox is served; without one, the feed's links are relative."""
    link: str = ""
    """The podcast's website; empty for `base_url`."""
    type: Literal["episodic", "serial"] = "episodic"
    """Serial: to be heard from the first episode on, and numbered."""
    folders: Literal["one", "each"] = "one"
    """Each: a first-level folder of the outbox with episodes is a show of its own."""
    page: bool = True
    """True if the outbox has a page, `index.html`, beside its feed."""


class EngineConfig(Section, frozen=True):
    """An engine of the user, or other options for one of narrated's."""

    kind: Literal["speech", "caption", "hearing"] = "speech"
    like: str = ""
    """Name of the known engine that this entry renames or gives other options."""
    module: str = ""
    path: str = ""
    python: str = ""
    limit: int = 0
    options: dict[str, str | int | float | bool] = {}


class BoxConfig(Section, frozen=True):
    """A worker on another machine."""

    socket: Path
    """The socket of its unit, on this machine."""
    engines: tuple[str, ...]
    memory: Bytes | None = None
    """Limit for its models on its device; None: what its own configuration says."""
    workers: int = 1
    """Workers behind its socket, at most: a bridge to a cluster lends several."""


class Config(Section, frozen=True):
    """The whole configuration; `load` makes every path absolute."""

    inbox: Path
    outbox: Path
    state: Path = Path()
    cache: Path = Path()
    cache_limit: Bytes = Bytes(20 * 10**9)
    after: Literal["keep", "archive", "delete"] = "keep"
    archive: Path | None = None
    outbox_names: Literal["auto", "posix", "portable", "ascii"] = "auto"
    """Names that only some file systems take: kept, replaced, or as the outbox's disk asks for;
    or names that every address takes, which is what `auto` means for a podcast."""
    removed: Literal["keep", "withdraw"] = "keep"
    withdraw_after: Seconds = Seconds(3600)
    settle: Seconds = Seconds(1)
    scan: Seconds = Seconds(5)
    ignore: tuple[str, ...] = ()
    order: Literal["newest", "oldest"] = "newest"
    """Of posts that wait together, by their dates: which is read first."""
    since: Day | None = None
    """Posts of an earlier date are left out, unless they are narrated already."""
    review: bool = False
    """The script of a text goes to the outbox, and is spoken once it comes back."""
    hours: WorkHours = WorkHours()
    """The local time in which engines work; empty for always."""
    speech: SpeechConfig = SpeechConfig()
    reading: ReadingConfig = ReadingConfig()
    pictures: PicturesConfig = PicturesConfig()
    takes: TakesConfig = TakesConfig()
    audio: AudioConfig = AudioConfig()
    workers: WorkersConfig = WorkersConfig()
    models: ModelsConfig = ModelsConfig()
    engines: dict[str, EngineConfig] = {}
    boxes: dict[str, BoxConfig] = {}
    """Other machines whose workers speak as well, by their names."""
    podcast: PodcastConfig | None = None
    """None if the outbox is no podcast."""
    log: Literal["debug", "info", "warning", "error"] = "info"
    source: Path | None = None
    """The file that this was read from; not a key of that file."""

    @property
    def names(self) -> Literal["auto", "posix", "portable", "ascii"]:
        """The rules for names that are given now."""
        is_podcast = self.podcast is not None
        return "ascii" if is_podcast and self.outbox_names == "auto" else self.outbox_names

    @property
    def settings(self) -> ReadingSettings:
        """The settings that decide what narrated says of a text."""
        speech = self.speech
        speakers = {"narrator": Speaker(speech.engine, speech.voice, speech.options, speech.speed)}
        speakers |= {str(who): speaker for who, speaker in speech.speakers.items()}
        speakers |= {language: speech.speaker_of(language) for language in speech.voices}
        default = default_engine()
        return ReadingSettings(
            narrators_rate=True,
            steady_takes=True,
            voices_of_languages=True,
            language=self.reading.language,
            speakers={
                who: with_engine(_with_own_voice(speaker), default)
                for who, speaker in speakers.items()
            },
            default_engine=default,
            marked_languages=self.reading.marked_languages,
            links=self.reading.links,
            code=self.reading.code,
            tables=self.reading.tables,
            footnotes=self.reading.footnotes,
            numbers=self.reading.numbers,
            pauses={str(role): seconds for role, seconds in self.reading.pauses.items()},
            dialects={str(name): is_on for name, is_on in self.reading.dialects.items()},
            intro=_sentence(self.audio.intro),
            outro=_sentence(self.audio.outro),
            takes=self.takes.settings,
        )


def speaker_key(name: str, field: str = "") -> str:
    """Name the configuration's key of a speaker, or of one of its fields."""
    if name not in ROLES:
        return f"speech: voices: {name}"
    parts = ["speech"] if name == "narrator" else ["speech", "speakers", name]
    return ": ".join([*parts, *filter(None, [field])])


def _sentence(named: str) -> str:
    return "" if is_sound_file(named) else named


_ONCE_DEFAULT = "en-us"


def _with_own_voice(speaker: Speaker) -> Speaker:
    """Drop the voice that was once written with every engine: others than espeak lack it."""
    if speaker.engine not in ("", ESPEAK, PICO) and speaker.voice == _ONCE_DEFAULT:
        return msgspec.structs.replace(speaker, voice="")
    return speaker
