"""Case of `bench/sound.py`: when sentences begin, by the pauses of a take alone.

espeak tells when each of its words is heard; what is found without that is held to it. Pico tells
nothing: a chunk is spoken again up to each of its sentences, and where the two sounds part, the
sentence begins at the end of the pause.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from measuring.program import Figure, say
from measuring.sound_levels import SoundBench
from narrated.audio.pcm import samples
from narrated.audio.sentence_times import sentence_starts, told_starts
from narrated.audio.streaming_encoder import AudioEncoder
from narrated.audio.take_notes import NO_NOTES
from narrated.audio.take_pauses import find_pauses
from narrated.engines import espeak, pico
from narrated.engines.embedded_voice import EmbeddedVoice
from narrated.engines.interface import Mark, SpeechRequest, SpeechResult
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.chunks import chunk_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import Chunk, ReadingSettings

ROOT = Path(__file__).parents[2]
FITTED = frozenset(
    (
        *("architecture", "emacs-housekeeping", "guarantees", "haskell-on-purpose", "install"),
        *("letters-from_the-basement", "other-peoples-words", "python-resolver", "release"),
        *("sharing-the-gpu", "so-i-moved-the-blog", "syncing", "systemd", "upgrading"),
    )
)
"""The constants of `audio/pause_alignment.py` and `text_pauses.py` were fitted on these texts."""
PROSE = (
    "Dr. Smith came to St. Mary's at nine.",
    "He paid 3.50 dollars for two things: tea, and a seat.",
    "It was warm; the radio said 21.5 degrees, e.g. too much for a coat.",
    "Nobody knew why!",
    "Mr. Jones, who owned the place, said: “Version 2.0 is out.”",
    "Is that so?",
    "The price rose by 0.75 percent, i.e. not at all.",
    "Prof. Lee had three rules: ask, listen, wait.",
    "See Fig. 3 and No. 4.2 for more.",
    "We left at once.",
    "Mrs. Hill vs. Mr. Gray was the talk of the town: she won, he did not.",
    "The box holds 1.44 megabytes, approx. half a picture.",
    "Pi is 3.14159, as you know.",
    "“No,” said Lt. Brown, “not again.”",
    "The list has milk, eggs, etc. and a note: hurry.",
    "It ends.",
)
NEAR_S, GOAL = 0.25, 0.95
_LIMIT = 600
_LONGEST_PAUSE_AWAY_S = 0.08
_LEAST_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True)
class _Text:
    """A chunk with the characters at which its sentences begin."""

    text: str
    starts: Sequence[int]
    marks: Sequence[Mark] = ()


def sentences(bench: SoundBench) -> list[Figure]:
    """Measure the times of sentences on texts that no constant was fitted on, and their cost."""
    every = 12 if bench.sizes.shorter > 1 else 1
    unseen, prose = list(_unseen())[::every], list(_prose())[:: max(1, every // 4)]
    voice = espeak.opened({})
    say("sentences: espeak, by its pauses alone")
    return [
        _accuracy("espeak, of unseen posts and docs", _espeak_errors(voice, unseen)),
        _accuracy("espeak, amid abbreviations, colons, decimals", _espeak_errors(voice, prose)),
        _accuracy(
            "Pico, of unseen posts and docs", _pico_errors(unseen[:: 3 if every == 1 else 1])
        ),
        _cost(bench.scratch, voice, unseen),
    ]


def _accuracy(what: str, errors: Sequence[float | None]) -> Figure:
    known = [each for each in errors if each is not None]
    near = sum(each <= NEAR_S for each in known) / max(len(known), 1)
    return Figure(
        f"Starts of sentences inside chunks by pauses alone: {what}",
        f"{near:.1%} of {len(known)} within {NEAR_S * 1000:.0f} ms, the worst {max(known):.2f} s "
        f"off; {(len(errors) - len(known)) / len(errors):.1%} not told",
        f"at least {GOAL:.0%}",
        near >= GOAL,
    )


def _espeak_errors(voice: EmbeddedVoice, texts: Sequence[_Text]) -> list[float | None]:
    """The distance of each sentence but the first of a chunk from espeak's own words."""
    errors: list[float | None] = []
    for each in texts:
        take = _spoken(voice, each.text, each.marks, {"rate": 148})
        told = told_starts(each.text, each.starts, list(take.words))
        errors += _errors(_found(each, take), told)
    return errors


def _pico_errors(texts: Sequence[_Text]) -> list[float | None]:
    say("sentences: Pico, by its pauses alone")
    voice = pico.opened({})
    errors: list[float | None] = []
    for each in texts:
        take = _spoken(voice, each.text, each.marks)
        told = [0.0, *(_parting(voice, each, start, take) for start in each.starts[1:])]
        errors += _errors(_found(each, take), told)
    return errors


def _errors(found: Sequence[float | None], told: Sequence[float | None]) -> Iterator[float | None]:
    """Compare what is found with what is known of all sentences but the first."""
    for one, other in list(zip(found, told, strict=True))[1:]:
        if other is not None:
            yield None if one is None else abs(one - other)


def _parting(voice: EmbeddedVoice, each: _Text, start: int, take: SpeechResult) -> float | None:
    """The end of the pause in which a chunk and its beginning up to a sentence part."""
    marks = [mark for mark in each.marks if mark.end <= start]
    part = samples(_spoken(voice, each.text[:start].rstrip(), marks).pcm)
    whole = samples(take.pcm)
    size = min(len(part), len(whole))
    differ = np.flatnonzero(part[:size] != whole[:size])
    at_s = (int(differ[0]) if len(differ) else size) / take.sample_rate
    pauses = find_pauses(whole, take.sample_rate)
    beside = (pauses.starts_s - _LONGEST_PAUSE_AWAY_S <= at_s) & (
        pauses.ends_s + _LONGEST_PAUSE_AWAY_S >= at_s
    )
    ends_s = pauses.ends_s[beside & (pauses.lengths_s >= _LEAST_PAUSE_S)]
    return float(ends_s[0]) if len(ends_s) else None  # the beginning alone is said otherwise


def _found(each: _Text, take: SpeechResult) -> list[float | None]:
    return sentence_starts(each.text, each.starts, (take.pcm, take.sample_rate), NO_NOTES)


def _spoken(
    voice: EmbeddedVoice,
    text: str,
    marks: Sequence[Mark],
    options: dict[str, float] | None = None,
) -> SpeechResult:
    voice.admit(SpeechRequest("1", text, "", options or {}, marks=marks))
    (outcome,) = voice.step()
    assert isinstance(outcome, SpeechResult), outcome
    return outcome


def _unseen() -> Iterator[_Text]:
    posts = ROOT / "tests/script/posts"
    sources = [
        path
        for folder in (posts, ROOT / "docs", ROOT)
        for path in sorted(folder.glob("*"))
        if path.suffix in (".md", ".html", ".txt") and path.name not in ("captions.txt", "LICENSE")
    ]
    for path in sources:
        if path.stem not in FITTED and path.name != "CHANGELOG.md":
            yield from (_text(chunk) for chunk in _chunks(path) if len(chunk.sentences) > 1)


def _chunks(path: Path) -> tuple[Chunk, ...]:
    document = read(path.read_bytes(), path.name)
    script = build_script(document, {}, Lexicon.parse([]), ReadingSettings())
    return chunk_script(script, {line.speaker: _LIMIT for line in script.lines})


def _text(chunk: Chunk) -> _Text:
    return _Text(chunk.text, [sentence.start for sentence in chunk.sentences], chunk.marks)


def _prose() -> Iterator[_Text]:
    """Chunks of some of these sentences each, as they are written: no number is in words."""
    chance = random.Random(19)
    for _ in range(60):
        chosen = chance.sample(PROSE, chance.randint(2, 5))
        starts = [sum(len(one) + 1 for one in chosen[:number]) for number in range(len(chosen))]
        yield _Text(" ".join(chosen), starts)


def _cost(scratch: Path, voice: EmbeddedVoice, texts: Sequence[_Text]) -> Figure:
    """The CPU time to find sentences, beside that of the mp3 of the same takes."""
    say("sentences: their cost")
    takes = [(each, _spoken(voice, each.text, each.marks, {"rate": 148})) for each in texts[:60]]
    begin = time.process_time()
    for each, take in takes:
        _found(each, take)
    found_s = time.process_time() - begin
    begin = time.process_time()
    encoder = AudioEncoder(scratch / "cost.mp3", "mp3", voice_rate := takes[0][1].sample_rate, None)
    for _, take in takes:
        encoder.write(take.pcm, voice_rate)
    encoder.close()
    encoded_s = time.process_time() - begin
    return Figure(
        "CPU to find sentences by pauses, beside encoding the same takes as mp3",
        f"{found_s / encoded_s:.1%} ({found_s / len(takes) * 1000:.1f} ms a chunk)",
        "at most 5 %",
        found_s <= 0.05 * encoded_s,
    )
