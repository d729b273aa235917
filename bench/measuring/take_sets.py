"""Sets of good and spoiled takes, and what ears hear of them; kept in a folder, made once."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import soundfile

from measuring.ears import Hearing
from measuring.program import say
from measuring.take_spoiling import LEAST_WORDS, SPOILERS, GoodTake
from measuring.take_texts import TextSet, chunks_of
from measuring.take_voices import VOICES, TakeVoice, Wave
from narrated.script.script import Chunk

GOOD = "good"


class Take(msgspec.Struct, frozen=True):
    """A take of a chunk."""

    file: str
    kind: str
    """GOOD, or a kind of spoiling."""
    chunk: Chunk
    how: str = ""
    """What was done to it."""


@dataclass(frozen=True)
class TakeSet:
    """Takes of a voice of a set of texts, below a folder."""

    root: Path
    voice: str
    texts: TextSet
    good: int
    spoiled: int

    @property
    def folder(self) -> Path:
        return self.root / f"{self.voice}-{self.texts}"

    @cached_property
    def takes(self) -> list[Take]:
        """All takes; those that are not there yet are made."""
        index = self.folder / "takes.json"
        if not index.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            say(
                f"{self.voice} speaks {self.good} good and {self.spoiled} spoiled takes of the "
                f"texts {self.texts}"
            )
            index.write_bytes(msgspec.json.encode(list(self._made())))
        return msgspec.json.decode(index.read_bytes(), type=list[Take])

    def wave(self, take: Take) -> tuple[Wave, int]:
        wave, rate = soundfile.read(self.folder / take.file, dtype="float32")
        return wave, int(rate)

    def heard(self, ears: Hearing) -> dict[str, str]:
        """What these ears hear of each take, by its file."""
        takes, kept = self.takes, self.folder / f"heard-{ears.name}.jsonl"
        heard = dict(json.loads(line) for line in kept.open()) if kept.exists() else {}
        with kept.open("a") as lines:
            for take in takes:
                if take.file not in heard:
                    heard[take.file] = ears.hear_at(*self.wave(take))
                    print(json.dumps([take.file, heard[take.file]]), file=lines, flush=True)
        return heard

    def _made(self) -> Iterator[Take]:
        voice, chance = (
            VOICES[self.voice](),
            Random(zlib.crc32(f"{self.voice} {self.texts}".encode())),
        )
        chunks = chunks_of(self.texts, self.good)
        waves = [voice.speak(chunk.text, chunk.marks) for chunk in chunks]
        for number, (chunk, wave) in enumerate(zip(chunks, waves, strict=True)):
            yield self._kept(voice, wave, GOOD, number, chunk)
        long = [at for at, chunk in enumerate(chunks) if len(chunk.text.split()) >= LEAST_WORDS]
        for number in range(self.spoiled):
            if number % len(long) == 0:
                chance.shuffle(long)
            at = long[number % len(long)]
            kind = list(SPOILERS)[number % len(SPOILERS)]
            other = waves[chance.choice([each for each in long if each != at])]
            good = GoodTake(chunks[at], waves[at], voice, other)
            wave, how = SPOILERS[kind](good, chance)
            yield self._kept(voice, wave, kind, number, chunks[at], how)

    def _kept(
        self, voice: TakeVoice, wave: Wave, kind: str, number: int, chunk: Chunk, how: str = ""
    ) -> Take:
        take = Take(f"{kind}-{number:03d}.wav", kind, chunk, how)
        soundfile.write(self.folder / take.file, np.clip(wave, -1, 1), voice.rate, "PCM_16")
        return take
