"""Measures the published sound: its loudness and peaks, and what they cost.

    python bench/sound.py [--quick] [--scratch FOLDER] [CASE ...]

Exits with 1 if a figure misses its goal.
"""

import os
import sys

# As the daemon starts its encoders, and before numpy is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from measuring import line_rooms, sentence_accuracy, sound_cost, sound_levels
from measuring.program import measure, parse_cases, scratch_folder
from measuring.sound_levels import SoundBench, SoundSizes

CASES = {
    "levels": sound_levels.levels,
    "cost": sound_cost.cost,
    "memory": sound_cost.memory,
    "rooms": line_rooms.rooms,
    "sentences": sentence_accuracy.sentences,
}
QUICK = SoundSizes(formats=("mp3", "wav"), shorter=20.0, cost_rounds=1, hours=0.2)


def main() -> int:
    wanted = parse_cases(__doc__, CASES)
    with scratch_folder(wanted.scratch) as scratch:
        return measure(CASES, wanted, SoundBench(scratch, QUICK if wanted.quick else SoundSizes()))


if __name__ == "__main__":
    sys.exit(main())
