"""When the sentences and the words of a take are heard in its narration."""

from collections.abc import Iterable, Iterator

from narrated.audio.encoder_requests import TakeToAdd
from narrated.audio.pcm import SAMPLE_BYTES
from narrated.audio.sentence_times import sentence_starts
from narrated.audio.take_notes import TakeNotes
from narrated.audio.take_sound import PreparedTake
from narrated.engines.speech_times import TimedPlace, checked_times


def heard_starts(
    take: TakeToAdd,
    sound: tuple[bytes, int],
    notes: TakeNotes,
    prepared: PreparedTake,
    start_s: float,
) -> list[float | None]:
    """Return the seconds at which the sentences of a take begin; none if it is one sentence.

    None for a sentence of which that is not known. `start_s` is the beginning of the take.
    """
    if len(take.sentences) < 2:
        return []
    starts = [sentence.start for sentence in take.sentences]
    found = sentence_starts(take.text, starts, sound, notes)
    later = (None if each is None else start_s + prepared.second_of(each) for each in found[1:])
    return [start_s, *_forward(later, start_s)]


def heard_words(
    take: TakeToAdd,
    sound: tuple[bytes, int],
    notes: TakeNotes,
    prepared: PreparedTake,
    start_s: float,
) -> list[TimedPlace]:
    """Return the seconds at which the words of a take begin, as far as its engine told them."""
    pcm, sample_rate = sound
    words = checked_times(notes.words, len(take.text), len(pcm) / SAMPLE_BYTES / sample_rate)
    seconds = prepared.seconds_of([at_s for _, at_s in words])
    return [
        (place, round(start_s + at_s, 3)) for (place, _), at_s in zip(words, seconds, strict=True)
    ]


def _forward(times: Iterable[float | None], after_s: float) -> Iterator[float | None]:
    """Leave out times that do not go forward."""
    for at_s in times:
        is_later = at_s is not None and at_s > after_s
        yield at_s if is_later else None
        after_s = at_s if at_s is not None and is_later else after_s
