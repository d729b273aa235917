"""Measures that no storm of edits, cancellations, refreshes, reloads and stops ends the daemon.

    python bench/storms.py [--quick] [--storms N] [--seed N] [--scratch FOLDER]

Each storm starts the daemon on books that are encoded from the cache, interrupts them at random
instants, and stops it. Exits with 1 if a daemon ends by a signal, a stop takes more than 3 s, work
is left behind, or a book is lost.
"""

import sys
from pathlib import Path
from statistics import median

from measuring.program import Figure, measure_by_chance, say
from support.daemon import Daemon, toy
from support.storms import Storms

STORMS, QUICK_STORMS = 200, 5
MOST_S = 3.0


def main() -> int:
    return measure_by_chance(__doc__, "storms", STORMS, QUICK_STORMS, _measure)


def _measure(home: Path, count: int, seed: int) -> list[Figure]:
    daemon = Daemon(home, **toy(home, seconds_a_character=0.3), settle="50ms", log="info")
    storms = Storms(daemon, seed)
    storms.begin()
    for number in range(count):
        storms.blow()
        if not number % 10:
            say(f"storms: {number + 1} of {count}, the last stop in {storms.stops_s[-1]:.2f} s")
    lost = _lost(storms)
    done = ", ".join(f"{times} {act}" for act, times in sorted(storms.done.items()))
    return [
        Figure(
            f"{count} storms ({done}): daemons that ended otherwise, and work left behind",
            "; ".join(storms.problems) or "none",
            "none",
            not storms.problems,
        ),
        Figure("books lost, or that disagree with the ledger", lost or "none", "none", not lost),
        Figure(
            f"a stop amid it: the longest of {count}",
            f"{max(storms.stops_s):.2f} s (median {median(storms.stops_s):.2f} s)",
            f"at most {MOST_S:g} s",
            max(storms.stops_s) <= MOST_S,
        ),
    ]


def _lost(storms: Storms) -> str:
    try:
        storms.settle()
    except AssertionError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.exit(main())
