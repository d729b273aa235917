"""Case `retakes` of `bench/takes.py`: what is published if a bad take is spoken again.

The checker's own functions decide, in the daemon's order: up to three takes, the first without a
fault, else the least bad one.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random

import numpy as np
import soundfile

from measuring.judged_takes import Judge, Judged
from measuring.program import Figure, say
from measuring.take_checks import TakeBench
from measuring.take_sets import GOOD, Take
from measuring.take_texts import TextSet
from measuring.take_voices import Joe, TakeVoice
from narrated.script.script import Chunk
from narrated.take_checks.heard_words import compare
from narrated.take_checks.take_choice import best_take
from narrated.take_checks.verdict import Verdict

MOST_TAKES = 3
SPOILED = 0.1
"""The share of takes that the engine spoils by chance."""
MOST_PUBLISHED = 0.01
ROUNDS = 50

Draw = Callable[[int], Judged]
"""Gives the next take of a chunk; it counts from 0."""


def retakes(bench: TakeBench) -> list[Figure]:
    """Speak blamed takes again, of a good engine and of one that spoils some."""
    takes = [_TakesOfChunk(*each) for each in _takes(bench)]
    return [_false_alarms(takes), _spoiling_engine([each for each in takes if each.spoiled])]


def _false_alarms(takes: list["_TakesOfChunk"]) -> Figure:
    blamed = [each for each in takes if each.good(0).faults]
    published = [_published(each.good) for each in blamed]
    well = sum(not each.take.faults for each in published)
    accepted = sum(each.is_accepted for each in published)
    count = sum(_count(each.good) for each in takes)
    return Figure(
        f"{len(takes)} chunks, no take spoiled: good takes that are lost to another take's faults",
        f"0: {len(blamed)} are blamed, another take of {well} has no fault, {accepted} are heard "
        f"alike and accepted, the best of the other {len(blamed) - well - accepted} is published "
        f"as doubtful; {count / len(takes):.2f} takes a chunk",
        "0",
        all(each.take.is_good for each in published),
    )


def _spoiling_engine(takes: list["_TakesOfChunk"]) -> Figure:
    chance = Random(3)
    published = [_published(each.spoiling(chance)) for _ in range(ROUNDS) for each in takes]
    spoiled = [each for each in published if not each.take.is_good]
    silent = sum(not each.is_doubtful for each in spoiled)
    accepted = sum(each.is_accepted for each in spoiled)
    share = len(spoiled) / len(published)
    return Figure(
        f"an engine that spoils one take in ten, {ROUNDS} times {len(takes)} chunks: published "
        "spoiled",
        f"{share:.2%} ({len(spoiled)} of {len(published)}; {silent} of them not as doubtful, "
        f"{accepted} of those accepted, since all takes are heard alike)",
        f"at most {MOST_PUBLISHED:.0%}",
        share <= MOST_PUBLISHED,
    )


@dataclass(frozen=True, slots=True)
class _Published:
    """The take of a chunk that the daemon publishes."""

    take: Judged
    is_accepted: bool

    @property
    def is_doubtful(self) -> bool:
        return bool(self.take.faults) and not self.is_accepted


def _published(draw: Draw) -> _Published:
    drawn = list(_drawn(draw))
    choice = best_take({number: _verdict(each) for number, each in enumerate(drawn)})
    return _Published(drawn[choice.take], choice.is_accepted)


def _verdict(judged: Judged) -> Verdict:
    ears = judged.ears
    return Verdict(judged.faults, judged.heard, ears.distance, "ears", ears.wrong)


def _drawn(draw: Draw) -> Iterator[Judged]:
    for number in range(MOST_TAKES):
        yield (take := draw(number))
        if not take.faults:
            return


def _count(draw: Draw) -> int:
    return len(list(_drawn(draw)))


@dataclass
class _TakesOfChunk:
    """The takes of a chunk: its first good one, those that are spoiled, and more good ones."""

    name: str
    first: Judged
    spoiled: list[Judged]
    again: "_Again"

    def good(self, number: int) -> Judged:
        return self.again.take(self.name, self.first.take.chunk, number) if number else self.first

    def spoiling(self, chance: Random) -> Draw:
        """Draw takes as an engine that spoils some."""
        good = iter(range(MOST_TAKES))

        def draw(_: int) -> Judged:
            if chance.random() < SPOILED:
                return chance.choice(self.spoiled)
            return self.good(next(good))

        return draw


def _takes(bench: TakeBench) -> Iterator[tuple[str, Judged, list[Judged], "_Again"]]:
    again = _Again(bench)
    for texts in (TextSet.TOLD, TextSet.UNSEEN):
        found = bench.findings("joe", texts)
        for first in found.good:
            text = first.take.chunk.text
            spoiled = [each for each in found.spoiled if each.take.chunk.text == text]
            yield f"{texts}-{first.take.file.removesuffix('.wav')}", first, spoiled, again


class _Again:
    """Speaks chunks again, hears and judges that; each take is made once and kept."""

    def __init__(self, bench: TakeBench) -> None:
        self._bench = bench
        self._folder = bench.scratch / "joe-again"
        self._folder.mkdir(exist_ok=True)
        self._kept: dict[str, Judged] = {}

    @cached_property
    def _voice(self) -> TakeVoice:
        return Joe()

    @cached_property
    def _judge(self) -> Judge:
        return Judge.of_voice(self._bench.set_of("joe", TextSet.FIT))

    def take(self, name: str, chunk: Chunk, number: int) -> Judged:
        """Give the good take of this number, from 1."""
        file = f"{name}-{number}"
        if file not in self._kept:
            self._kept[file] = self._judged(file, chunk)
        return self._kept[file]

    def _judged(self, file: str, chunk: Chunk) -> Judged:
        sound, text = self._folder / f"{file}.wav", self._folder / f"{file}.json"
        if not text.exists():
            say(f"speaking again: {file}")
            spoken = np.clip(self._voice.speak(chunk.text, chunk.marks), -1, 1)
            soundfile.write(sound, spoken, self._voice.rate, "PCM_16")
            wave, rate = soundfile.read(sound, dtype="float32")
            text.write_text(json.dumps(self._bench.ears.hear_at(wave, int(rate))))
        wave, rate = soundfile.read(sound, dtype="float32")
        heard = json.loads(text.read_text())
        compared = compare(chunk.text, heard, chunk.language, chunk.marks)
        signal = self._judge.signal(chunk, wave, int(rate))
        return Judged(Take(sound.name, GOOD, chunk), signal, compared, heard)
