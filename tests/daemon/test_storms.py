"""Edits, cancellations, refreshes, reloads and stops at random instants of the encoding."""

import os
from collections.abc import Callable
from pathlib import Path

from support.daemon import Daemon, toy
from support.storms import Storms

STORMS = 6


def test_storms_end_without_a_signal(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Whatever interrupts the encoding, and how often: no signal, nothing left, nothing lost."""
    seed = int(os.environ.get("NARRATED_SEED", 20261129))
    daemon = Daemon(tmp_path, **toy(tmp_path, seconds_a_character=0.3), settle="50ms")
    storms = Storms(daemon, seed)
    storms.begin()
    for _ in range(STORMS):
        storms.blow()
    assert not storms.problems, storms.problems
    storms.settle()
    figure(f"{STORMS} storms: {', '.join(f'{n} {act}' for act, n in storms.done.items())}")
