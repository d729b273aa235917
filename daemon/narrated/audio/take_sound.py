"""Takes as they are joined: trimmed, without dead air, at their speed, and faded at every join.

Between the last sound of a take and the first of the next is the script's pause: a take keeps a
little room around its words, and the silence between two takes is shorter by the room of both.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import FULL_SCALE, Samples, faded, samples, silence
from narrated.audio.steady_noise import Flags, steady_noise
from narrated.audio.tempo import with_speed
from narrated.audio.window_peaks import WINDOW_S, loud_windows, window_peaks

LONGEST_SILENCE_S = 1.2
"""A longer silence inside a take is dead air, and shortened to this. Between two sentences espeak
pauses for up to 0.5 s (at 120 words a minute 0.8), Pico for up to 0.8, and a narrator for less than
a second. Pico falls silent for two seconds at dots that stand apart."""

_ROOM_S = 0.030
"""Around the words: weak onsets and the ends of sounds are there."""
_FADE_S = 0.005
_LEAST_ROOM_S = _FADE_S
"""The room of a take beside which the script wants no pause."""
_SILENT_BELOW_PEAK_DB = -50.0
_NOTHING_HEARD_DBFS = -50.0

Places = npt.NDArray[np.float64]

Span = tuple[int, int]
"""The first sample, and the one after the last."""


@dataclass(frozen=True, slots=True)
class PreparedTake:
    """A take ready to be joined, and the silence after it; both s16le, mono, at its rate."""

    sound: bytes
    pause: bytes
    """The silence from its end to the beginning of the next take's sound."""
    _take_s: Places
    """Times in the take, as it was spoken; sound lies between them evenly."""
    _sound_s: Places
    """The same times in `sound`."""

    def second_of(self, take_s: float) -> float:
        """Map seconds in the take, as it was spoken, to seconds in `sound`."""
        return float(np.interp(take_s, self._take_s, self._sound_s))

    def seconds_of(self, takes_s: Sequence[float]) -> list[float]:
        """Map many seconds in the take."""
        return [float(each) for each in np.interp(takes_s, self._take_s, self._sound_s)]


def joined(takes: Iterable[tuple[bytes, float, float]], sample_rate: int) -> bytes:
    """Join takes of one rate with the pauses after them; each is its PCM, pause and speed."""
    joiner = TakeJoiner()
    prepared = (joiner.prepared(pcm, sample_rate, *how) for pcm, *how in takes)
    return b"".join(part for take in prepared for part in (take.sound, take.pause))


class TakeJoiner:
    """Prepares the takes of one narration, in their order."""

    def __init__(self) -> None:
        self._pause_s = math.inf

    def prepared(self, pcm: bytes, sample_rate: int, pause_s: float, speed: float) -> PreparedTake:
        """Prepare the next take; `pause_s` is the silence that is heard after it at speed 1.

        Silence is 50 dB below the take's own peak, or steady noise. Of a take that is silent
        throughout, its room is kept.
        """
        before_s, after_s = self._pause_s, max(pause_s, 0.0) / speed
        self._pause_s = after_s
        rooms = round(_room_s(before_s) * sample_rate), round(_room_s(after_s) * sample_rate)
        wave = samples(pcm)
        noise = steady_noise(wave, _window(sample_rate), WINDOW_S)
        heard = list(_heard_parts(wave, sample_rate, noise)) or [(0, 0)]
        kept = _kept_parts(heard, len(wave), round(_ROOM_S * speed * sample_rate), sample_rate)
        spoken = samples(with_speed(_spliced(wave, kept, sample_rate), sample_rate, speed))
        if noise.any():
            span = _expected_span(heard, kept, len(spoken), speed)
        else:
            span = _heard_span(spoken, sample_rate)
        sound, heard_span = _with_room(spoken, span, rooms, sample_rate)
        pause = silence(after_s - 2 * _room_s(after_s), sample_rate)
        places, in_sound = _places(heard, kept, heard_span)
        return PreparedTake(
            sound.tobytes(),
            pause,
            places / sample_rate,
            np.clip(in_sound, 0, len(sound)) / sample_rate,
        )


def _room_s(pause_s: float) -> float:
    """The room of a take beside a pause: half of a short pause is the other take's."""
    return min(_ROOM_S, max(_LEAST_ROOM_S, pause_s / 2))


def _kept_parts(heard: Sequence[Span], length: int, room: int, sample_rate: int) -> list[Span]:
    """The parts of a take that are heard, with room around them; between them was dead air."""
    beside = round(LONGEST_SILENCE_S / 2 * sample_rate)
    starts = [max(0, heard[0][0] - room), *(start - beside for start, _ in heard[1:])]
    ends = [*(end + beside for _, end in heard[:-1]), min(length, heard[-1][1] + room)]
    return list(zip(starts, ends, strict=True))


def _places(heard: Sequence[Span], kept: Sequence[Span], heard_span: Span) -> tuple[Places, Places]:
    """Places in a take, and the same places in its sound: the ends of its parts and of its words.

    `heard_span` is what is heard of the sound. atempo moves sound a little, so that both ends of
    the words are the measure, not the speed.
    """
    words = heard[0][0], heard[-1][1]
    places = np.unique([words, *kept]).astype(float)
    in_kept = np.interp(places, *_places_in_kept(kept))
    first, last = np.interp(words, places, in_kept)
    stretch = (heard_span[1] - heard_span[0]) / max(last - first, 1)
    return places, heard_span[0] + (in_kept - first) * (stretch or 1)


def _places_in_kept(kept: Sequence[Span]) -> tuple[list[int], list[int]]:
    lengths = list(accumulate((end - start for start, end in kept), initial=0))
    edges = [place for span in kept for place in span]
    return edges, [place for pair in pairwise(lengths) for place in pair]


def _heard_parts(wave: Samples, sample_rate: int, noise: Flags) -> Iterator[Span]:
    """The audible parts of a take, between silences or noises that are too long."""
    window = _window(sample_rate)
    peaks = window_peaks(wave, window)
    limit = _audible(int(peaks.max(initial=0)))
    loud = loud_windows(np.where(noise, 0, peaks), limit)
    if not len(loud):
        return
    longest = LONGEST_SILENCE_S * sample_rate / window
    gaps = np.flatnonzero(np.diff(loud) - 1 > longest)
    for first, last in zip((0, *(gaps + 1)), (*gaps, len(loud) - 1), strict=True):
        start, end = int(loud[first]) * window, (int(loud[last]) + 1) * window
        yield (
            start + _first(wave[start : start + window], limit),
            min(end, len(wave)) - _first(wave[end - window : end][::-1], limit),
        )


def _window(sample_rate: int) -> int:
    return max(1, round(WINDOW_S * sample_rate))


def _heard_span(sound: Samples, sample_rate: int) -> Span:
    """The audible part of a sound without noise, from its first sample to its last."""
    no_noise = np.zeros(-(-len(sound) // _window(sample_rate)), np.bool_)
    heard = list(_heard_parts(sound, sample_rate, no_noise)) or [(0, 0)]
    return heard[0][0], heard[-1][1]


def _expected_span(heard: Sequence[Span], kept: Sequence[Span], length: int, speed: float) -> Span:
    """The same where noise is left around the words: by what was kept around them."""
    before, after = heard[0][0] - kept[0][0], kept[-1][1] - heard[-1][1]
    return round(before / speed), max(round(before / speed), length - round(after / speed))


def _audible(peak: int) -> float:
    """The least magnitude that is heard in a take of this peak."""
    if peak < FULL_SCALE * 10 ** (_NOTHING_HEARD_DBFS / 20):
        return math.inf
    return peak * 10 ** (_SILENT_BELOW_PEAK_DB / 20)


def _first(wave: Samples, limit: float) -> int:
    """The place of the first sample of at least this magnitude; one has it."""
    return int(np.argmax(np.abs(wave.astype(np.int32)) >= limit))


def _spliced(wave: Samples, kept: Sequence[Span], sample_rate: int) -> bytes:
    """The kept parts one after the other, faded where they meet."""
    if len(kept) == 1:
        return wave[slice(*kept[0])].tobytes()
    parts = [faded(wave[start:end], sample_rate, _FADE_S, _FADE_S) for start, end in kept]
    return np.concatenate(parts).tobytes()


def _with_room(wave: Samples, heard: Span, rooms: Span, sample_rate: int) -> tuple[Samples, Span]:
    """A sound with exactly this room around what is heard, faded; and what is heard of it.

    `rooms` are the samples before and after. Where a sound has less silence, some is added.
    """
    first, last = heard[0] - rooms[0], heard[1] + rooms[1]
    sound = faded(wave[max(first, 0) : last], sample_rate, _FADE_S, _FADE_S)
    added = max(-first, 0), max(last - len(wave), 0)
    return np.pad(sound, added), (rooms[0], heard[1] - first)
