"""The checks on takes of `bench/takes.py`: what each rule finds, by its own function."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from measuring.take_sets import GOOD, Take, TakeSet
from measuring.take_spoiling import SPOILERS
from measuring.take_voices import Wave
from narrated.audio.pcm import FULL_SCALE
from narrated.audio.phoneme_effort import EffortMeter
from narrated.audio.take_measures import TakeMeasures
from narrated.audio.take_measuring import measured
from narrated.script.script import Chunk
from narrated.take_checks.both_checks import faults_of_both
from narrated.take_checks.heard_words import HeardWords, compare
from narrated.take_checks.length_line import VoiceLine, text_effort
from narrated.take_checks.signal_rules import signal_faults
from narrated.take_checks.verdict import Fault

LINE_TAKES = 30
"""Good takes of other texts that a voice has spoken before: its line is fitted by them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A take with its faults by the signal, and by what ears heard."""

    take: Take
    signal: tuple[Fault, ...]
    ears: HeardWords
    heard: str

    @property
    def is_good(self) -> bool:
        return self.take.kind == GOOD

    @property
    def faults(self) -> tuple[Fault, ...]:
        return faults_of_both(self.signal, self.ears)


@dataclass
class Judge:
    """Judges takes of one voice; its line is as the takes before left it."""

    line: VoiceLine = field(default_factory=VoiceLine)

    def learn(self, chunk: Chunk, wave: Wave, rate: int) -> None:
        self.line = self.line.learned(_effort(chunk), take_measures(wave, rate))

    def signal(self, chunk: Chunk, wave: Wave, rate: int) -> tuple[Fault, ...]:
        measures, effort = take_measures(wave, rate), _effort(chunk)
        expected = self.line.expected(chunk.text, effort) if effort else None
        return signal_faults(measures, expected)

    @classmethod
    def of_voice(cls, other_texts: TakeSet) -> "Judge":
        """A judge whose line is fitted by the first good takes of other texts."""
        judge = cls()
        good = [take for take in other_texts.takes if take.kind == GOOD]
        for take in good[:: max(1, len(good) // LINE_TAKES)]:
            judge.learn(take.chunk, *other_texts.wave(take))
        return judge


@dataclass
class Findings:
    """Judged takes, counted."""

    judged: list[Judged]

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(self.judged + other.judged)

    @cached_property
    def good(self) -> list[Judged]:
        return [each for each in self.judged if each.is_good]

    @cached_property
    def spoiled(self) -> list[Judged]:
        return [each for each in self.judged if not each.is_good]

    def by_kind(self, found: Sequence[Judged]) -> str:
        """How many of each kind of spoiling are among these."""
        all_of = Counter(each.take.kind for each in self.spoiled)
        some_of = Counter(each.take.kind for each in found if not each.is_good)
        return ", ".join(f"{kind} {some_of[kind]}/{all_of[kind]}" for kind in SPOILERS)


def judged(takes: TakeSet, judge: Judge, heard: dict[str, str]) -> Findings:
    """Judge all takes of a set."""
    return Findings(list(_judged(takes, judge, heard)))


def _judged(takes: TakeSet, judge: Judge, heard: dict[str, str]) -> Iterator[Judged]:
    for take in takes.takes:
        chunk = take.chunk
        ears = compare(chunk.text, heard[take.file], chunk.language, chunk.marks)
        yield Judged(take, judge.signal(chunk, *takes.wave(take)), ears, heard[take.file])


def take_measures(wave: Wave, rate: int) -> TakeMeasures:
    return measured((np.clip(wave, -1, 1) * (FULL_SCALE - 1)).astype("<i2").tobytes(), rate)


_METER = EffortMeter()


def _effort(chunk: Chunk) -> float:
    return _METER.effort(chunk.text, chunk.language) or text_effort(chunk.text)
