"""Kills the daemon, its workers and its parsers at random, over an inbox that changes meanwhile.

    python bench/kills.py [--quick] [--kills N] [--seed N] [--scratch FOLDER]

The tests' own chaos on `narrated run`. Afterwards inbox, outbox, ledger and cache must agree to
the last file. Exits with 1 if they do not, or if a kill cost more chunks than were in flight.
"""

import sys
import time
from pathlib import Path

from measuring.program import Figure, measure_by_chance
from support.chaos import Chaos
from support.daemon import Daemon, toy

SLOTS = 8
KILLS, QUICK_KILLS = 200, 10
PATIENCE_S = 60.0
LIFE_S = 2.5  # Python and a worker start in it


def main() -> int:
    return measure_by_chance(__doc__, "kills", KILLS, QUICK_KILLS, _kill)


def _kill(home: Path, kills: int, seed: int) -> list[Figure]:
    settings = {**toy(home, rows=SLOTS, delay_s=0.01), "pictures": {"wait": "200ms"}}
    daemon = Daemon(home, **settings, settle="20ms", log="warning")
    chaos = Chaos(daemon, seed, life_s=LIFE_S)
    chaos.begin()
    began_s = time.monotonic()
    try:
        chaos.run(kills, lambda: _start(daemon), lambda pid: daemon.kill())
        _settle(daemon, chaos)
    finally:
        daemon.stop()
    disagreement = _disagreement(chaos)
    lost, most, beyond = chaos.lost(SLOTS)
    return [
        Figure(
            f"{chaos.kills} kills in {time.monotonic() - began_s:.0f} s ({chaos.told}): "
            "where inbox, outbox, ledger and cache disagree",
            disagreement or "nowhere",
            "nowhere",
            not disagreement,
        ),
        Figure(
            f"chunks spoken again, of {len(daemon.spoken)}: {lost}; the most that a kill cost",
            str(most),
            f"at most {SLOTS}: the requests in flight",
            not beyond,
        ),
    ]


def _start(daemon: Daemon) -> int:
    daemon.start(ready=False)
    assert daemon.process is not None
    return daemon.process.pid


def _settle(daemon: Daemon, chaos: Chaos) -> None:
    """Let the daemon finish all that the kills left."""
    with daemon:
        daemon.wait_idle()
        # A chunk in flight at three deaths is given up, as if the deaths were its own.
        daemon.ask("retry", "--failed")
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s and _disagreement(chaos):
            time.sleep(1)
            daemon.wait_idle()


def _disagreement(chaos: Chaos) -> str:
    try:
        chaos.verify()
    except AssertionError as problem:
        return str(problem)
    return ""


if __name__ == "__main__":
    sys.exit(main())
