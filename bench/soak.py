"""Measures whether hours of an inbox, compressed into minutes, leave everything as it should be.

    python bench/soak.py [--minutes N] [--seed N] [--quick] [--scratch FOLDER]

A user adds, edits, renames and removes thousands of files at random, among them broken ones,
pictures, settings and lexicons, and gives commands; meanwhile the daemon is killed, its children
are killed and frozen, disks are full, rights are withdrawn, events are lost, the inbox is away, the
configuration changes. At every rest the outbox has to agree with the inbox, and at the end
descriptors, threads, memory and the ledger must be as they were. As root also with small disks.
Exits with 1 when something is not as it should be, and names it.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from measuring.figure import Failed, circumstances, show
from measuring.life import QUICK, Life, Sizes
from measuring.stage import say

MINUTES, QUICK_MINUTES = 5.0, 0.3


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, help=f"how long; {MINUTES:g} by default")
    parser.add_argument("--seed", type=int, help="repeats what the user does; printed by each run")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    parser.add_argument("--scratch", type=Path, help="where to work; the system's temporary folder")
    wanted = parser.parse_args()
    seed = wanted.seed if wanted.seed is not None else time.time_ns() % 1_000_000
    minutes = wanted.minutes or (QUICK_MINUTES if wanted.quick else MINUTES)
    print(f"seed {seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # leaves no daemon
    with tempfile.TemporaryDirectory(prefix="narrated-soak-", dir=wanted.scratch) as scratch:
        life = Life(Path(scratch), seed, QUICK if wanted.quick else Sizes(), say)
        try:
            figures = life.lived(minutes * 60)
        except Failed as why:
            print(f"seed {seed}: {why}")
            return 1
    show(figures, f"seed {seed}; {circumstances(wanted.quick)}")
    return int(any(each.reached is False for each in figures))


if __name__ == "__main__":
    sys.exit(main())
