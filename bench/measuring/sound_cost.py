"""Cases of `bench/sound.py`: what the level costs beside encoding, and that it holds no memory."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from measuring import texts
from measuring.processes import resident_bytes
from measuring.program import Figure, say
from measuring.sound_levels import TARGET_LUFS, SoundBench
from narrated.audio.audio_tags import AudioTags
from narrated.audio.decoded_level import DecodedMeter
from narrated.audio.encoder_requests import EncodingSettings, TakeToAdd
from narrated.audio.flac_takes import from_flac, to_flac
from narrated.audio.levelling import levelled
from narrated.audio.loudness import energies, pack
from narrated.audio.narration_file import NarrationFile
from narrated.audio.pcm import samples, silence
from narrated.audio.phoneme_effort import EffortMeter
from narrated.audio.streaming_encoder import AudioEncoder, filter_on_one_thread
from narrated.audio.take_measuring import measured
from narrated.audio.take_notes import TakeNotes
from narrated.engines import espeak
from narrated.engines.interface import SpeechRequest, SpeechResult
from narrated.take_checks.length_line import VoiceLine
from narrated.take_checks.signal_rules import signal_faults
from support.engine_context import PlainContext

MOST_OF_ENCODING = 0.40
MOST_OF_CHECKS = 0.10
GAIN_DB, CEILING_DB = 3.0, -1.6
"""As espeak needs for -16 LUFS in an mp3: its takes reach the limiter."""
LANGUAGE = "en"
PAUSE_S = 0.5
TAKES_A_STEP = 4
MOST_GROWTH = 0.10
MEMORY_FORMAT = "ogg"
"""The cheapest codec: what is measured here does not depend on it."""


@dataclass(frozen=True, slots=True)
class _Round:
    """Seconds of CPU of one round over the same takes."""

    encoding_s: float
    decoding_s: float
    whole_s: float
    limiter_s: float
    energies_s: float
    heard_s: float
    checks_s: float


def cost(bench: SoundBench) -> list[Figure]:
    """Encode the same takes with and without a level, in turn, in one process."""
    filter_on_one_thread()
    folder = bench.scratch / "cost"
    takes = _takes(folder)
    rounds = []
    for number in range(bench.sizes.cost_rounds):
        say(f"cost: round {number + 1} of {bench.sizes.cost_rounds}")
        rounds.append(_round(folder, takes))
    encoding_s = median(each.encoding_s for each in rounds)
    added = [(one.whole_s - one.decoding_s) / one.encoding_s - 1 for one in rounds]
    parts = ", ".join(
        f"{name} {median(getattr(one, f'{name}_s') / one.encoding_s for one in rounds):.0%}"
        for name in ("limiter", "energies", "heard")
    )
    return [
        Figure(
            f"{_seconds(takes) / 60:.0f} minutes of espeak at its level in an mp3, joins, "
            "transcripts and the check of the decoded sound included, beyond the takes' reading "
            "and LAME (CPU)",
            f"{median(added):.0%} of LAME's ({min(added):.0%} to {max(added):.0%}; {parts}; "
            f"LAME {encoding_s:.2f} s)",
            f"at most {MOST_OF_ENCODING:.0%} of the encoder's",
            median(added) <= MOST_OF_ENCODING,
        ),
        _checks_figure([one.checks_s / one.encoding_s for one in rounds]),
    ]


def _checks_figure(shares: list[float]) -> Figure:
    return Figure(
        "to check the same takes by their sound: measures, the texts' effort, the voice's line and "
        "the rules, beside encoding them as mp3 (CPU)",
        f"{median(shares):.1%} of LAME's ({min(shares):.1%} to {max(shares):.1%})",
        f"at most {MOST_OF_CHECKS:.0%} of the encoder's",
        median(shares) <= MOST_OF_CHECKS,
    )


def memory(bench: SoundBench) -> list[Figure]:
    """Encode ten hours at a level, and look at this process after each."""
    filter_on_one_thread()
    takes = _takes(bench.scratch / "memory")
    narration = _narration(bench.scratch / "memory", MEMORY_FORMAT)
    hour_s = bench.sizes.hours / 10 * 3600
    held, end_s = [], 0.0
    while len(held) < 10:
        for part in _steps(takes):
            end_s = narration.add(part)[-1].end_s
        if end_s >= (len(held) + 1) * hour_s:
            held.append(resident_bytes(os.getpid()))
            say(f"memory: {end_s / 3600:.1f} h, {held[-1] / 2**20:.0f} MiB")
    narration.close(AudioTags("Ten hours"))
    held.append(resident_bytes(os.getpid()))
    growth = max(held) / held[0] - 1
    megabytes = " ".join(f"{each / 2**20:.0f}" for each in held)
    return [
        Figure(
            f"{end_s / 3600:.1f} h at a level in one {MEMORY_FORMAT}: memory of the encoder after "
            "each tenth, and after its close",
            f"{growth:+.1%} at most ({megabytes} MiB)",
            f"at most {MOST_GROWTH:+.0%} from the first",
            growth <= MOST_GROWTH,
        )
    ]


def _round(folder: Path, takes: list[TakeToAdd]) -> _Round:
    sounds = [from_flac(Path(take.path)) for take in takes]
    pieces = [pcm + silence(PAUSE_S, rate) for pcm, rate in sounds]
    rate = sounds[0][1]

    def encode(meter: DecodedMeter | None = None) -> None:
        with AudioEncoder(folder / "bare.mp3", "mp3", rate, meter=meter) as encoder:
            for piece in pieces:
                encoder.write(piece)
        if meter is not None:
            meter.level()

    def narrate() -> None:
        narration = _narration(folder, "mp3")
        for part in _steps(takes):
            narration.add(part)
        narration.close(AudioTags("A post"))
        narration.discard()

    encoding_s = _cpu_s(encode)
    whole_s = _cpu_s(narrate)
    decoding_s = _cpu_s(lambda: _each(from_flac(Path(take.path)) for take in takes))
    limiter_s = _cpu_s(lambda: _each(levelled(pcm, rate, GAIN_DB, CEILING_DB) for pcm, _ in sounds))
    energies_s = _cpu_s(lambda: _each(energies(samples(piece), rate) for piece in pieces))
    heard_s = _cpu_s(lambda: encode(DecodedMeter())) - _cpu_s(encode)
    checks_s = _checks_s(takes, sounds)
    return _Round(encoding_s, decoding_s, whole_s, limiter_s, energies_s, heard_s, checks_s)


def _checks_s(takes: list[TakeToAdd], sounds: list[tuple[bytes, int]]) -> float:
    """What the checks of all takes cost, espeak's opening for their phonemes left out."""
    meter = EffortMeter()
    meter.effort("a", LANGUAGE)

    def check() -> None:
        line = VoiceLine()
        for take, (pcm, rate) in zip(takes, sounds, strict=True):
            measures, effort = measured(pcm, rate), meter.effort(take.text, LANGUAGE)
            signal_faults(measures, line.expected(take.text, effort))
            line = line.learned(effort, measures)

    try:
        return _cpu_s(check)
    finally:
        meter.close()


def _narration(folder: Path, format: str) -> NarrationFile:
    return NarrationFile(folder / "work", format, None, EncodingSettings(lufs=TARGET_LUFS))


def _takes(folder: Path) -> list[TakeToAdd]:
    """Takes of a post, as the cache has them."""
    folder.mkdir(parents=True, exist_ok=True)
    engine, takes = espeak.load({}, PlainContext()), []
    for number, paragraph in enumerate(texts.post(250, seed=3).split("\n\n")):
        engine.admit(SpeechRequest(str(number), paragraph, "en-gb"))
        (spoken,) = engine.step()
        assert isinstance(spoken, SpeechResult)
        notes = TakeNotes(pack(energies(samples(spoken.pcm), spoken.sample_rate)))
        path = folder / f"{number}.flac"
        to_flac(path, spoken.pcm, spoken.sample_rate, notes)
        takes.append(TakeToAdd(str(path), paragraph, PAUSE_S))
    return takes


def _steps(takes: list[TakeToAdd]) -> Iterable[list[TakeToAdd]]:
    return (takes[start : start + TAKES_A_STEP] for start in range(0, len(takes), TAKES_A_STEP))


def _seconds(takes: list[TakeToAdd]) -> float:
    sounds = [from_flac(Path(take.path)) for take in takes]
    return sum(len(pcm) / 2 / rate + PAUSE_S for pcm, rate in sounds)


def _cpu_s(work: Callable[[], None]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def _each(made: Iterable[object]) -> None:
    for _ in made:
        pass
