"""Cases of `bench/voice.py`: ten posts, narrated by each voice that comes with narrated."""

import json
import time
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path

from measuring.ears import Ears, cues
from measuring.measured_daemon import MeasuredDaemon
from measuring.program import Figure, say
from measuring.word_errors import WordErrors
from narrated.engines import espeak, pico
from narrated.engines.espeak import EspeakEngine
from narrated.engines.interface import SpeechRequest, SpeechResult
from narrated.engines.pico import PicoEngine

POSTS = Path(__file__).parent / "voice_posts"
VOICES = ("pico", "espeak")
SLOWEST, FASTEST = 150, 160
"""Words a minute of a narrator, of all that is said, in the sound as published with its pauses."""
MOST_ERRORS, SHARE_OF_ESPEAKS = 0.06, 0.5
MOST_LOST = 2
"""Words in a row that may go unheard; a lost sentence has more."""
SPEED, MOST_ERRORS_AT_SPEED = 1.5, 0.12
MOST_CPU = 0.02
TIMES = 3
MOST_ERRORS_BILINGUAL = 0.25
"""Of some twenty words each."""

BILINGUAL = """# A sentence from my grandmother

<p>My grandmother kept one sentence in her kitchen, on a card above the stove.</p>

<blockquote lang="fr"><p>Il faut manger la soupe quand elle est chaude, et parler quand tout le
monde écoute.</p></blockquote>

<p>I did not understand it until I had a kitchen of my own, and children who talk at supper.</p>
"""


@dataclass(frozen=True, slots=True)
class VoiceSizes:
    """Sizes of a run."""

    heard: int = 10
    """Posts that the ears hear."""
    heard_at_speed: int = 3


QUICK = VoiceSizes(heard=1, heard_at_speed=1)


class VoiceBench:
    """Narrations that the cases share, and the ears that hear them."""

    def __init__(self, scratch: Path, sizes: VoiceSizes) -> None:
        self.scratch = scratch
        self.sizes = sizes
        self.narrated = cache(self._narrated)

    @cached_property
    def ears(self) -> Ears:
        return Ears(self.scratch)

    def _narrated(self, voice: str, speed: float = 1.0, count: int = 0) -> list[Path]:
        """Narrate the first posts in a new home, or all; returns the published sound."""
        posts = sorted(POSTS.iterdir())[: count or None]
        return self.publish(
            f"{voice}-{speed:g}", voice, speed, {p.name: p.read_bytes() for p in posts}
        )

    def publish(self, name: str, voice: str, speed: float, posts: dict[str, bytes]) -> list[Path]:
        """Narrate posts in a new home of this name."""
        say(f"narrating {len(posts)} posts by {voice}, speed {speed:g}")
        daemon = MeasuredDaemon(self.scratch / name, speech={"engine": voice, "speed": speed})
        for post, content in posts.items():
            daemon.drop(post, content)
        daemon.once()
        sounds = sorted(daemon.outbox.glob("*.mp3"))
        assert len(sounds) == len(posts), f"{len(sounds)} of {len(posts)} posts were published"
        return sounds

    def errors(self, sounds: list[Path]) -> WordErrors:
        """Hear narrations, and add up what was heard wrongly."""
        errors = WordErrors()
        for sound in sounds:
            say(f"hearing {sound.parent.parent.name}/{sound.name}")
            errors += self.ears.errors(sound)
        return errors


def pace(bench: VoiceBench) -> list[Figure]:
    """Count the words a minute of each voice."""
    figures = []
    for voice in VOICES:
        sounds = bench.narrated(voice)
        minutes = sum(map(_seconds, sounds)) / 60
        rate = sum(len(cue.text.split()) for sound in sounds for cue in cues(sound)) / minutes
        figures.append(
            Figure(
                f"{voice}, {len(sounds)} posts: words said, by the length of the sound as "
                "published, pauses included",
                f"{rate:.1f} words a minute, in {minutes:.1f} min",
                f"{SLOWEST} to {FASTEST}",
                SLOWEST <= rate <= FASTEST,
            )
        )
    return figures


def word_errors(bench: VoiceBench) -> list[Figure]:
    """Hear what each voice published, side by side."""
    count = bench.sizes.heard
    heard = {voice: bench.errors(bench.narrated(voice)[:count]) for voice in VOICES}
    ours, espeaks = heard["pico"], heard["espeak"]
    about = f"{count} posts as published (mp3), heard by Whisper base: word error rate of"
    return [
        Figure(f"{about} pico", _told(ours), f"at most {MOST_ERRORS}", ours.rate <= MOST_ERRORS),
        Figure(
            f"{about} espeak, beside pico",
            f"{_told(espeaks)}; pico has {ours.rate / max(espeaks.rate, 1e-9):.2f} of it",
            f"pico has at most {SHARE_OF_ESPEAKS}",
            ours.rate <= SHARE_OF_ESPEAKS * espeaks.rate,
        ),
        Figure(
            "the most words in a row of which nothing was heard of pico",
            f"{ours.lost_run}",
            f"at most {MOST_LOST}",
            ours.lost_run <= MOST_LOST,
        ),
    ]


def speed(bench: VoiceBench) -> list[Figure]:
    """Compare narrations at another speed with those at speed 1."""
    count = bench.sizes.heard_at_speed
    plain, fast = bench.narrated("pico")[:count], bench.narrated("pico", SPEED, count)
    ratio = sum(map(_seconds, plain)) / sum(map(_seconds, fast))
    errors = bench.errors(fast)
    return [
        Figure(
            f"pico at speed {SPEED:g}, {count} posts: length at speed 1 by theirs",
            f"{ratio:.3f}",
            f"{SPEED:g}, within 1 %",
            abs(ratio / SPEED - 1) <= 0.01,
        ),
        Figure(
            f"pico at speed {SPEED:g}, {count} posts: word error rate by Whisper base",
            _told(errors),
            f"at most {MOST_ERRORS_AT_SPEED}",
            errors.rate <= MOST_ERRORS_AT_SPEED,
        ),
    ]


def cost(bench: VoiceBench) -> list[Figure]:
    """Take the processor time of each voice alone, without encoding."""
    said = [cue.text for sound in bench.narrated("pico") for cue in cues(sound)]
    figures = []
    for voice, engine in (("pico", pico.opened({})), ("espeak", espeak.opened({}))):
        began_s = time.process_time()
        spoken_s = sum(_speak(engine, text) for text in said)
        cpu = (time.process_time() - began_s) / spoken_s
        what = f"{voice} alone, {spoken_s / 60:.1f} min of speech: processor time by its length"
        figures.append(Figure(what, f"{cpu:.4f}", f"at most {MOST_CPU}", cpu <= MOST_CPU))
    return figures


def same(bench: VoiceBench) -> list[Figure]:
    """Narrate a post in new homes, and compare all takes of one digest, and the sound."""
    figures = []
    post = min(POSTS.iterdir())
    for voice in VOICES:
        homes = [
            bench.publish(f"{voice}-time-{time_}", voice, 1.0, {post.name: post.read_bytes()})[0]
            for time_ in range(1, TIMES + 1)
        ]
        takes = [_takes(sound.parent.parent / "cache") for sound in homes]
        is_same = (
            takes[0] == takes[1] == takes[2] and len({each.read_bytes() for each in homes}) == 1
        )
        figures.append(
            Figure(
                f"{voice}: {len(takes[0])} takes and the narration, {TIMES} times from nothing",
                "the same to the byte" if is_same else "they differ",
                "the same",
                is_same and bool(takes[0]),
            )
        )
    return figures


def languages(bench: VoiceBench) -> list[Figure]:
    """Hear a post of two languages, each part in its own."""
    (sound,) = bench.publish("bilingual", "pico", 1.0, {"bilingual.md": BILINGUAL.encode()})
    errors = {"en": WordErrors(), "fr": WordErrors()}
    for is_french, run in groupby(cues(sound), lambda cue: "soupe" in cue.text):
        language = "fr" if is_french else "en"
        errors[language] += bench.ears.errors(sound, list(run), language)
    return [
        Figure(
            f"a French quotation in an English post, by pico: its {name}, word error rate by "
            "Whisper base in that language",
            _told(errors[language]),
            f"at most {MOST_ERRORS_BILINGUAL}",
            errors[language].said > 0 and errors[language].rate <= MOST_ERRORS_BILINGUAL,
        )
        for language, name in (("en", "English"), ("fr", "French"))
    ]


def _speak(engine: PicoEngine | EspeakEngine, text: str) -> float:
    options = dict(engine.narrator_options)
    engine.admit(SpeechRequest("1", text, "en-us", options, "en"))
    (spoken,) = engine.step()
    assert isinstance(spoken, SpeechResult), spoken
    return len(spoken.pcm) / 2 / spoken.sample_rate


def _told(errors: WordErrors) -> str:
    return f"{errors.rate:.3f} ({errors.wrong} of {errors.said} words)"


def _takes(cache_folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache_folder.rglob("*.flac")}


def _seconds(sound: Path) -> float:
    return float(json.loads(sound.with_suffix(".json").read_text())["duration_s"])
