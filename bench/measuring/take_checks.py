"""Cases of `bench/takes.py`: what the checks find in good and in spoiled takes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from measuring.ears import Ears
from measuring.judged_takes import Findings, Judge, Judged, judged
from measuring.program import Figure
from measuring.take_sets import TakeSet
from measuring.take_texts import TextSet
from narrated.take_checks.verdict import FaultKind

GOAL = (0.92, 0.08)
"""Of signal and ears together: the least share that is found, and the most false alarms."""
GOAL_OF_SIGNAL = (0.75, 0.05)
GOAL_OF_FEW = (0.6, 0.34)
"""Of a handful of takes, which tell nothing more."""

Finds = Callable[[Judged], bool]


@dataclass(frozen=True, slots=True)
class TakeSizes:
    """Good and spoiled takes of each voice and set of texts."""

    joe: Mapping[TextSet, tuple[int, int]]
    pico: Mapping[TextSet, tuple[int, int]]


USUAL = TakeSizes(
    joe={TextSet.FIT: (150, 152), TextSet.TOLD: (120, 120), TextSet.UNSEEN: (180, 180)},
    pico={TextSet.FIT: (60, 64), TextSet.TOLD: (60, 64), TextSet.UNSEEN: (90, 88)},
)
_FEW = {TextSet.FIT: (16, 8), TextSet.TOLD: (4, 8), TextSet.UNSEEN: (4, 8)}
QUICK = TakeSizes(joe=_FEW, pico=_FEW)


class TakeBench:
    """Takes that the cases share, and the ears that hear them."""

    def __init__(self, scratch: Path, sizes: TakeSizes) -> None:
        self.scratch = scratch
        self.sizes = sizes
        self.findings = cache(self._findings)

    @cached_property
    def ears(self) -> Ears:
        return Ears(self.scratch)

    def set_of(self, voice: str, texts: TextSet) -> TakeSet:
        sizes = self.sizes.joe if voice == "joe" else self.sizes.pico
        return TakeSet(self.scratch, voice, texts, *sizes[texts])

    def _findings(self, voice: str, *texts: TextSet) -> Findings:
        judge = Judge.of_voice(self.set_of(voice, TextSet.FIT))
        found = Findings([])
        for one in texts:
            takes = self.set_of(voice, one)
            found += judged(takes, judge, takes.heard(self.ears))
        return found


def checks(bench: TakeBench) -> list[Figure]:
    """Check takes of the voice by whose other takes the limits were told."""
    return _checks(bench, "joe", "Piper's joe")


def other_voice(bench: TakeBench) -> list[Figure]:
    """Check takes of a voice by which the ears' limits were not told, and the signal's in part."""
    return _checks(bench, "pico", "Pico")


def new_voice(bench: TakeBench) -> list[Figure]:
    """Check takes of a voice that nobody looked at before the last run."""
    return _checks(bench, "pico-gb", "Pico's British voice")


def unseen(bench: TakeBench) -> list[Figure]:
    """Check takes of those texts alone that nobody looked at before the last run."""
    found = bench.findings("joe", TextSet.UNSEEN) + bench.findings("pico", TextSet.UNSEEN)
    return _goals(found, "both voices, unseen texts alone", bench.sizes is QUICK)


def _checks(bench: TakeBench, voice: str, name: str) -> list[Figure]:
    found = bench.findings(voice, TextSet.TOLD) + bench.findings(voice, TextSet.UNSEEN)
    about = f"{name}, {len(found.good)} good and {len(found.spoiled)} spoiled takes"
    return _goals(found, about, bench.sizes is QUICK)


def _goals(found: Findings, about: str, is_quick: bool) -> list[Figure]:
    by_signal, both = (GOAL_OF_FEW, GOAL_OF_FEW) if is_quick else (GOAL_OF_SIGNAL, GOAL)
    return [
        *_goal(found, f"{about}: signal alone", _by_signal, by_signal),
        *_goal(found, f"{about}: signal and ears", _by_either, both),
        _told(found, f"{about}: ears alone", _by_ears),
    ]


def _goal(found: Findings, about: str, finds: Finds, goal: tuple[float, float]) -> Iterator[Figure]:
    caught = [each for each in found.spoiled if finds(each)]
    false = [each for each in found.good if finds(each)]
    share, false_share = len(caught) / len(found.spoiled), len(false) / len(found.good)
    least, most = goal
    yield Figure(
        f"{about}, spoiled takes found",
        f"{share:.1%} ({len(caught)} of {len(found.spoiled)}): {found.by_kind(caught)}",
        f"at least {least:.0%}",
        share >= least,
    )
    yield Figure(
        f"{about}, false alarms",
        f"{false_share:.1%} ({len(false)} of {len(found.good)})",
        f"at most {most:.0%}",
        false_share <= most,
    )


def _told(found: Findings, about: str, finds: Finds) -> Figure:
    caught = [each for each in found.spoiled if finds(each)]
    false = [each for each in found.good if finds(each)]
    figure = f"{len(caught)} of {len(found.spoiled)} found: {found.by_kind(caught)}"
    return Figure(about, f"{figure}; {len(false)} of {len(found.good)} false alarms", "", None)


def _by_signal(each: Judged) -> bool:
    return bool(each.signal)


def _by_ears(each: Judged) -> bool:
    return bool(each.ears.faults)


def _by_either(each: Judged) -> bool:
    return bool(each.faults)


def rules(bench: TakeBench) -> list[Figure]:
    """Tell the catches and false alarms of each rule."""
    found = Findings([])
    for voice in ("joe", "pico"):
        found += bench.findings(voice, TextSet.TOLD) + bench.findings(voice, TextSet.UNSEEN)
    return [
        _told(found, f"both voices, rule {kind}", lambda each, kind=kind: _has(each, kind))
        for kind in FaultKind
        if kind is not FaultKind.NOT_ENDED  # the engine's own word
    ]


def _has(each: Judged, kind: FaultKind) -> bool:
    return any(fault.kind is kind for fault in each.faults)
