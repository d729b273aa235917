"""Counts what would be narrated of a folder: characters by voice, and pictures."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from narrated.errors import NarratedError
from narrated.jobs.post_dates import day_of_source, parse_day
from narrated.ledger.engine_rates import options_key
from narrated.script.script import Draft, Speaker
from narrated.service.app import App
from narrated.terminal.folder_check import CheckedFile, OnFile, draft_files

VoiceKey = tuple[str, str, str]
"""Engine, voice ('' if the engine chooses) and options as JSON."""

NARRATED, SILENT, HELD_BACK = "narrated", "silent", "held_back"
TOO_OLD, SHOWN, TO_REVIEW = "too_old", "shown", "to_review"
"""The fates of a file that can be read."""


@dataclass(slots=True)
class SpokenText:
    """Counts of the text of one voice."""

    chunks: int = 0
    characters: int = 0
    heard_characters: float = 0.0
    """Characters divided by their speeds: the length of their sound goes by these."""
    pauses_s: float = 0.0
    """At their speeds."""
    pictures: int = 0
    """Captions among it, whose words nobody knows yet."""

    @property
    def speed(self) -> float:
        """The speed of the whole text."""
        return self.characters / self.heard_characters if self.heard_characters else 1.0

    def add(self, other: "SpokenText") -> None:
        self.chunks += other.chunks
        self.characters += other.characters
        self.heard_characters += other.heard_characters
        self.pauses_s += other.pauses_s
        self.pictures += other.pictures


@dataclass(frozen=True, slots=True)
class FileWork:
    """The texts and pictures of one file, for the engines."""

    path: str
    is_picture: bool
    voices: dict[VoiceKey, SpokenText]
    pictures: tuple[str, ...]
    """The pictures of the folder that are to be described."""
    awaits_review: bool = False


@dataclass(eq=False)
class FolderWork:
    """The files of a folder that would be narrated, and how many would not."""

    root: Path
    """Their paths are relative to it."""
    captioner: str
    files: list[FileWork] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    problems: list[CheckedFile] = field(default_factory=list)
    left_out: list[tuple[str, FileWork]] = field(default_factory=list)
    """Files that are held back or too old, with their fates."""

    def take_in(self, narrated: Collection[str]) -> None:
        """Count those that are narrated already: they stay so, although they would be left out."""
        for fate, one in self.left_out:
            if one.path in narrated:
                self.files.append(one)
                self.fates[fate] -= 1
                self.fates[NARRATED] += 1
        self.left_out = [each for each in self.left_out if each[1].path not in narrated]
        self.files.sort(key=lambda each: each.path)


async def count_work(
    app: App, folder: str, on_file: OnFile, without: Sequence[Path] = ()
) -> FolderWork:
    """Read every file in a folder of the app's inbox as the daemon does, and count its work.

    Folders in `without` are passed over.
    """
    counter = _WorkCounter(app)
    found = await draft_files(app, folder, on_file, counter.add, without)
    counter.work.problems += found.unlisted
    return counter.finished()


@dataclass(eq=False)
class _WorkCounter:
    _app: App
    _shown: set[str] = field(default_factory=set)
    """Pictures that a text shows: they are described there, and are no files of their own."""

    def __post_init__(self) -> None:
        self.work = FolderWork(self._app.config.inbox, self._app.config.pictures.captions)

    def add(self, path: str, draft: Draft | NarratedError) -> None:
        """Count a file."""
        if isinstance(draft, NarratedError):
            problem = CheckedFile(path, problem=draft.problem, remedy=draft.remedy)
            self.work.problems.append(problem)
            return
        pictures = self._pictures(path, draft)
        fate = self._fate(path, draft)
        if draft.kind != "picture" and fate != SILENT:  # one that is left out keeps its pictures
            self._shown.update(pictures)
        self.work.fates[fate] += 1
        if fate == SILENT:
            return
        # The cover that front matter names is described by nobody.
        described = self._pictures(path, replace(draft, cover=""))
        voices = _by_voice(draft, len(described))
        one = FileWork(path, draft.kind == "picture", voices, described, draft.awaits_review)
        if fate == NARRATED:
            self.work.files.append(one)
        else:
            self.work.left_out.append((fate, one))

    def finished(self) -> FolderWork:
        """Return the counts, without the pictures that a text shows."""
        work = self.work
        left_out = work.left_out
        work.left_out = [each for each in left_out if each[1].path not in self._shown]
        work.files = [one for one in work.files if not (one.is_picture and one.path in self._shown)]
        work.fates[SHOWN] = work.fates[NARRATED] - len(work.files)
        work.fates[NARRATED] = len(work.files)
        work.files.sort(key=lambda each: each.path)
        work.problems.sort(key=lambda each: each.path)
        return work

    def _fate(self, path: str, draft: Draft) -> str:
        if not draft.narrate:
            return SILENT
        if draft.held_back:
            return HELD_BACK
        since = self._app.config.since
        if since is None:
            return NARRATED
        file = self.work.root / path
        mtime_ns = file.stat().st_mtime_ns if file.exists() else 0
        day = parse_day(draft.date) or day_of_source(path, mtime_ns)
        return NARRATED if day >= since else TOO_OLD

    def _pictures(self, path: str, draft: Draft) -> tuple[str, ...]:
        if draft.kind == "picture":
            return (path,)
        shown = self._app.planner.captions.shown(path, draft, self._app.defaults)
        return tuple(each for each in shown if (self.work.root / each).is_file())


def _by_voice(draft: Draft, pictures: int) -> dict[VoiceKey, SpokenText]:
    voices: defaultdict[VoiceKey, SpokenText] = defaultdict(SpokenText)
    for chunk in draft.chunks:
        key = _key(draft.speakers[chunk.speaker])
        length, speed = len(chunk.text), draft.speed(chunk)
        voices[key].add(SpokenText(1, length, length / speed, chunk.pause_s / speed))
    if pictures and draft.chunks:
        voices[_key(draft.speakers["narrator"])].pictures += pictures
    return dict(voices)


def _key(speaker: Speaker) -> VoiceKey:
    return speaker.engine, speaker.voice, options_key(speaker.options)


def total_by_voice(files: Iterable[FileWork]) -> dict[VoiceKey, SpokenText]:
    """Sum up the texts of files by voice."""
    total: defaultdict[VoiceKey, SpokenText] = defaultdict(SpokenText)
    for each in files:
        for key, text in each.voices.items():
            total[key].add(text)
    return dict(total)


def all_pictures(files: Iterable[FileWork]) -> set[str]:
    """Return the pictures of files; each is described once."""
    return {picture for each in files for picture in each.pictures}
