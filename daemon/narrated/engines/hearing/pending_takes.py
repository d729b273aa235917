"""The takes that a hearing engine has to hear: their windows, and what was heard so far."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from narrated.engines.hearing.languages import joined
from narrated.engines.hearing.resampling import RATE, Wave, waveform
from narrated.engines.hearing.windows import windows
from narrated.engines.interface import HearingRequest, HearingResult


@dataclass(frozen=True, slots=True)
class HeardText:
    """A window's text, with the sum of its tokens' log probabilities."""

    text: str
    log_probability: float
    tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class TakeWindow:
    """A part of a take that is heard at once."""

    id: str
    """The request's."""
    number: int
    wave: Wave
    language: str
    """Whisper's name of it; empty for a model of one language."""

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return len(self.wave) / RATE


@dataclass(slots=True)
class _PendingTake:
    windows: list[TakeWindow]
    heard: dict[int, HeardText] = field(default_factory=dict)

    @property
    def is_heard(self) -> bool:
        return len(self.heard) == len(self.windows)


class PendingTakes:
    """Takes in the order of their admission."""

    def __init__(self) -> None:
        self._takes: dict[str, _PendingTake] = {}

    def __bool__(self) -> bool:
        return bool(self._takes)

    def __contains__(self, id: object) -> bool:
        return id in self._takes

    def add(self, request: HearingRequest, language: str) -> None:
        """Cut a take into windows. Raises EngineError if its PCM is none."""
        parts = windows(waveform(request.pcm, request.sample_rate))
        found = [TakeWindow(request.id, at, part, language) for at, part in enumerate(parts)]
        self._takes[request.id] = _PendingTake(found)

    def remove(self, id: str) -> None:
        """Forget a take."""
        self._takes.pop(id, None)

    def unheard(self, most: int) -> list[TakeWindow]:
        """The next windows to hear, the first take's first."""
        return list(islice(self._unheard(), most))

    def _unheard(self) -> Iterator[TakeWindow]:
        for take in self._takes.values():
            yield from (each for each in take.windows if each.number not in take.heard)

    def keep(self, window: TakeWindow, heard: HeardText) -> None:
        """Keep what was heard in a window, unless its take was cancelled meanwhile."""
        if take := self._takes.get(window.id):
            take.heard[window.number] = heard

    def take_finished(self) -> list[HearingResult]:
        """Remove the takes that are heard to their ends, and give their texts."""
        finished = [id for id, take in self._takes.items() if take.is_heard]
        return [_result(id, self._takes.pop(id)) for id in finished]

    def progress(self, id: str, fraction: Callable[[TakeWindow], float]) -> float:
        """Share of a take that is heard, with that of the windows under way."""
        take = self._takes[id]
        parts = (1.0 if each.number in take.heard else fraction(each) for each in take.windows)
        return sum(parts) / max(1, len(take.windows))


def _result(id: str, take: _PendingTake) -> HearingResult:
    heard = [take.heard[each.number] for each in take.windows]
    language = take.windows[0].language if take.windows else ""
    return HearingResult(id, joined([each.text for each in heard], language), _score(heard))


def _score(heard: Iterable[HeardText]) -> float:
    """Mean log probability of a token; 0 if there are none."""
    heard = list(heard)
    tokens = sum(each.tokens for each in heard)
    return sum(each.log_probability for each in heard) / tokens if tokens else 0.0
