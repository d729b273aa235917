"""Spoil a good take in one of eight ways, as engines do that draw each sound by chance."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np

from measuring.take_voices import TakeVoice, Wave
from narrated.script.script import Chunk

_TAILS = (
    "and the and the and then so it is.",
    "oh and so we, so we.",
    "the the ba da the na.",
    "right, you know.",
    "well, um, and that was it then, was it.",
    "so so so so.",
)
LEAST_WORDS = 9
"""Of a text that is spoiled: to lack one word of two is another fault."""


@dataclass(frozen=True, slots=True)
class GoodTake:
    """A take as it should be, and how to make others of its voice."""

    chunk: Chunk
    wave: Wave
    voice: TakeVoice
    other: Wave
    """A take of another text."""

    @property
    def rate(self) -> int:
        return self.voice.rate

    def part(self, start: float, end: float) -> tuple[int, int]:
        return int(start * len(self.wave)), int(end * len(self.wave))

    def seconds(self, seconds: float) -> int:
        return int(seconds * self.rate)


Spoiler = Callable[[GoodTake, Random], tuple[Wave, str]]
"""Gives the spoiled sound, and what was done to it."""


def _cut(take: GoodTake, chance: Random) -> tuple[Wave, str]:
    share = chance.uniform(0.55, 0.85)
    return take.wave[: take.part(0, share)[1]], f"ends at {share:.2f}"


def _tail(take: GoodTake, chance: Random) -> tuple[Wave, str]:
    if chance.random() < 0.5:
        start = int(chance.uniform(0, 0.5) * len(take.other))
        more = take.other[start : start + take.seconds(chance.uniform(0.7, 2.5))]
        how = f"{len(more) / take.rate:.1f} s of another text"
    else:
        how = chance.choice(_TAILS)
        more = take.voice.speak(how)
    return _joined(take.wave, _silence(take, 0.12), more), how


def _repeat(take: GoodTake, chance: Random) -> tuple[Wave, str]:
    times = chance.randint(1, 3)
    if chance.random() < 0.5:
        start = take.part(0, chance.uniform(0.2, 0.6))[1]
        size = take.seconds(chance.uniform(0.6, 1.4))
        again = [take.wave[start : start + size]] * times
        how = f"{size / take.rate:.1f} s again, {times} times"
        return _joined(take.wave[: start + size], *again, take.wave[start + size :]), how
    words = take.chunk.text.split()
    start, size = len(words) // 3, chance.randint(2, 4)
    part = words[start : start + size]
    said = [*words[: start + size], *part * times, *words[start + size :]]
    return take.voice.speak(" ".join(said)), f"{' '.join(part)}, {times} times more"


def _noise(take: GoodTake, chance: Random) -> tuple[Wave, str]:
    size = min(take.seconds(chance.uniform(0.35, 0.9)), len(take.wave) // 2)
    start = int(chance.uniform(0.1, 0.8) * (len(take.wave) - size))
    loud = float(np.sqrt(np.mean(take.wave**2))) * chance.uniform(1, 2.5)
    noise = np.random.default_rng(chance.randrange(2**32)).standard_normal(size) * loud
    spoiled = take.wave.copy()
    spoiled[start : start + size] += noise.astype(np.float32)
    return spoiled, f"{size / take.rate:.2f} s"


def _silent(take: GoodTake, chance: Random) -> tuple[Wave, str]:
    kind = chance.random()
    if kind < 0.15:
        return np.zeros_like(take.wave), "all"
    if kind < 0.6:
        at, seconds = take.part(0, chance.uniform(0.2, 0.8))[1], chance.uniform(1.2, 3)
        return _joined(take.wave[:at], _silence(take, seconds), take.wave[at:]), f"{seconds:.1f} s"
    spoiled = take.wave.copy()
    share = chance.uniform(0.4, 0.6)
    spoiled[take.part(0, share)[1] :] = 0
    return spoiled, f"from {share:.2f} on"


def _garbage(take: GoodTake, chance: Random) -> tuple[Wave, str]:
    share = chance.uniform(0.1, 0.5)
    start, end = take.part(share, share + chance.uniform(0.3, 0.45))
    is_backwards = chance.random() < 0.5
    part = take.wave[start:end]
    mumbled = part[::-1] if is_backwards else _warped(part, chance)
    how = "backwards" if is_backwards else "its pitch bent"
    return _joined(take.wave[:start], mumbled, take.wave[end:]), how


def _warped(part: Wave, chance: Random) -> Wave:
    """Bend pace and pitch of a part, and say a third of it faster, again and again."""
    size = len(part)
    pace = np.cumsum(1 + 0.6 * np.sin(np.linspace(0, 2 * np.pi * chance.uniform(2, 5), size)))
    bent = np.interp(pace / pace[-1] * (size - 1), np.arange(size), part).astype(np.float32)
    third = size // 3
    ahead = np.linspace(0, third * 1.9, third) % (third - 1)
    bent[:third] = np.interp(ahead, np.arange(third), bent[:third])
    return bent


def _missing(take: GoodTake, chance: Random) -> tuple[Wave, str]:
    words = take.chunk.text.split()
    start, size = chance.randint(2, len(words) - 4), chance.randint(1, 3)
    said = [*words[:start], *words[start + size :]]
    return take.voice.speak(" ".join(said)), " ".join(words[start : start + size])


def _clip(take: GoodTake, chance: Random) -> tuple[Wave, str]:
    gain = chance.uniform(5, 14)
    return np.clip(take.wave * gain, -1, 1), f"{gain:.0f} times as loud"


SPOILERS: dict[str, Spoiler] = {
    "cut": _cut,
    "tail": _tail,
    "repeat": _repeat,
    "noise": _noise,
    "silence": _silent,
    "garbage": _garbage,
    "missing": _missing,
    "clip": _clip,
}


def _silence(take: GoodTake, seconds: float) -> Wave:
    return np.zeros(take.seconds(seconds), np.float32)


def _joined(*parts: Wave) -> Wave:
    return np.concatenate(parts).astype(np.float32)
