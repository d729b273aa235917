"""Counts the slots that requests hold in the batches of Bark and Tortoise, through a real daemon.

    python bench/occupancy.py [--quick] [--scratch FOLDER] [CASE ...]

A daemon speaks posts with tiny models of random weights, so that its own work is large beside
theirs; each slice of tokens counts the slots that are held. Counted is the steady state, from the
first finished chunk until the last one begins. Needs torch, transformers and tortoise-tts. Exits
with 1 if a figure misses its goal.
"""

import sys

from measuring.program import measure, parse_cases, scratch_folder
from measuring.slots_held import CASES, SlotsBench


def main() -> int:
    wanted = parse_cases(__doc__, CASES)
    with scratch_folder(wanted.scratch) as scratch:
        return measure(CASES, wanted, SlotsBench(scratch, 24 if wanted.quick else 48))


if __name__ == "__main__":
    sys.exit(main())
