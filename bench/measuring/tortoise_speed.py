"""Tortoise's stages beside upstream's own api, its object kept, on the same full-size weights."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from measuring import checkpoints
from measuring.json_program import JsonProgram, own_program, running_program
from measuring.kept_profiles import profiled_if_missed
from measuring.own_tortoise import VOICE
from measuring.program import Figure, NotTaken, say
from measuring.speed_bench import SpeedBench, Spent, Stopwatch, settings, times_as_fast
from narrated.engines.tortoise.options import TortoiseSettings

# `measuring` has put the tests on the path.
# isort: split
from engines.tortoise.stage_driver import latents

TEXTS = (
    "The kettle is on, and I am back at four.",
    "She read the letter twice, and put it into the stove.",
    "Nobody had asked the cat.",
)
PRESET = {"preset": "ultra_fast"}
FEWER = {"num_autoregressive_samples": 4, "max_mel_tokens": 24, "diffusion_iterations": 4}
"""What is made of a preset without a card, else a text would take ten minutes."""
LIKELIEST = {"top_k": 1}
PINS = Path(sys.prefix, "tortoise-pins", "bin", "python")
"""Upstream's interpreter, as the Makefile makes it."""
UPSTREAM = {"without a cache": (), "with its cache": ("cache",)}
FASTER = {"on a GPU": {"with its cache": 4.0}}
FASTER["in float32"] = {"without a cache": 9.0, "with its cache": 2.8}
"""At least so many times as fast as upstream."""
_END = 8193


@dataclass(frozen=True, slots=True)
class SpokenTexts:
    """All texts spoken once: their time, and the codes of each one's candidates."""

    spent: Spent
    codes: list[list[list[int]]]


class OwnTortoise:
    """The engine's stages, warm."""

    def __init__(self, program: JsonProgram) -> None:
        self._program = program

    def speak(self, texts: Sequence[str], options: Mapping[str, Any], seed: int = 0) -> SpokenTexts:
        """Speak all texts at once."""
        asked = {"texts": list(texts), "options": dict(options), "seed": seed}
        watch = Stopwatch()
        answer = self._program.request(asked)
        return SpokenTexts(watch.stopped(answer["cpu_s"]), answer["codes"])


class UpstreamTortoise:
    """Upstream's api in a process of its own."""

    def __init__(self, program: JsonProgram) -> None:
        self._program = program

    def speak(self, texts: Sequence[str], options: Mapping[str, Any]) -> SpokenTexts:
        """Speak all texts, one after another, as its api does, of the likeliest codes."""
        spent, codes = Spent(0.0, 0.0), []
        for text in texts:
            watch = Stopwatch()
            answer = self._program.request({"text": text, "options": dict(options)})
            spent += watch.stopped(answer["cpu_s"])
            codes.append([_until_end(each) for each in answer["codes"]])
        return SpokenTexts(spent, codes)


@contextmanager
def speakers(
    place: Path, options: Mapping[str, Any], python: str
) -> Iterator[tuple[OwnTortoise, dict[str, UpstreamTortoise]]]:
    """Narrated's Tortoise and both ways of upstream's, ready to speak.

    Raises NotTaken if upstream's interpreter is not there.
    """
    if not Path(python).is_file():
        raise NotTaken(f"there is no {python}: narrated engines install tortoise --apart FOLDER")
    checkpoints.save_tortoise(place)
    voice = latents(VOICE, 1024)
    torch.save((voice.autoregressive, voice.diffusion), place / "voice.latents")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with ExitStack() as stack:
        own = stack.enter_context(own_program("own_tortoise", place, device))
        own.answer()
        ways = {}
        for way, more in UPSTREAM.items():
            program = stack.enter_context(
                running_program(
                    "upstream_tortoise", place, place / "voice.latents", *more, python=python
                )
            )
            program.request({"batch": TortoiseSettings.of(options).num_autoregressive_samples})
            ways[way] = UpstreamTortoise(program)
        yield OwnTortoise(own), ways


def spoken_in_turns(
    ours: OwnTortoise,
    theirs: Mapping[str, UpstreamTortoise],
    options: Mapping[str, Any],
    rounds: int,
) -> dict[str, list[SpokenTexts]]:
    """Have each speak all texts, in turns."""
    spoken: dict[str, list[SpokenTexts]] = {"narrated": [], **{way: [] for way in theirs}}
    for number in range(rounds):
        say(f"tortoise: round {number + 1} of {rounds}, narrated")
        spoken["narrated"].append(ours.speak(TEXTS, {**options, **LIKELIEST}))
        for way, speaker in theirs.items():
            say(f"tortoise: upstream {way}")
            spoken[way].append(speaker.speak(TEXTS, options))
    return spoken


def tortoise(bench: SpeedBench) -> list[Figure]:
    """Speak texts by narrated and by upstream."""
    if bench.is_quick:
        raise NotTaken("it has one size alone: leave out --quick")
    figures = []
    for setting in settings():
        bounds = FASTER.get(setting.name, {})
        options = {"preset": "fast"} if setting.is_gpu else {**PRESET, **FEWER}
        what = f"Tortoise, {len(TEXTS)} texts, {options}, against upstream's api"
        if setting.missing:
            figures += [
                setting.not_taken(f"{what} {way}", f"at least {bound:g} x")
                for way, bound in bounds.items()
            ]
        elif bounds and torch.cuda.is_available() == setting.is_gpu:
            with speakers(bench.scratch / "tortoise", options, str(PINS)) as (ours, theirs):
                spoken = spoken_in_turns(ours, theirs, options, bench.sizes.rounds)
            own = times(spoken["narrated"])
            taken = [
                times_as_fast(f"{what} {way}", setting, own, times(spoken[way]), bound)
                for way, bound in bounds.items()
            ]
            write = partial(_write_profile, bench.scratch / "tortoise", setting.device, options)
            figures += profiled_if_missed(bench, "tortoise", setting, taken, write)
    return figures


def _write_profile(place: Path, device: str, options: Mapping[str, Any], file: Path) -> None:
    """Profile our stages, while they speak all texts once."""
    asked = {"texts": TEXTS, "options": {**options, **LIKELIEST}, "seed": 0, "profile": str(file)}
    with own_program("own_tortoise", place, device) as program:
        program.answer()
        program.request(asked)


def times(spoken: Sequence[SpokenTexts]) -> list[Spent]:
    """The times of some rounds."""
    return [each.spent for each in spoken]


def _until_end(codes: Sequence[int]) -> list[int]:
    """The codes before the end."""
    return list(codes[: codes.index(_END)]) if _END in codes else list(codes)
