"""Measures the voices that come with narrated: pace, intelligibility, cost and sameness.

    python bench/voice.py [--quick] [--scratch FOLDER] [CASE ...]

Ten posts are narrated by each voice as a user would have it, and heard by Whisper base, which
`make .venv/ears` installs. Exits with 1 if a figure misses its goal.
"""

import sys

from measuring import voices
from measuring.program import measure, parse_cases, scratch_folder
from measuring.voices import QUICK, VoiceBench, VoiceSizes

CASES = {
    "pace": voices.pace,
    "words": voices.word_errors,
    "speed": voices.speed,
    "cost": voices.cost,
    "same": voices.same,
    "languages": voices.languages,
}


def main() -> int:
    wanted = parse_cases(__doc__, CASES)
    with scratch_folder(wanted.scratch) as scratch:
        sizes = QUICK if wanted.quick else VoiceSizes()
        return measure(CASES, wanted, VoiceBench(scratch, sizes))


if __name__ == "__main__":
    sys.exit(main())
