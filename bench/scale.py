"""Measures how the daemon bears many sources: cost, memory, and how soon it answers meanwhile.

    python bench/scale.py [--quick] [--scratch FOLDER] [--files N,N,…] [CASE ...]

`narrate` drops so many one-line files at once; `standing` has a ledger of so many narrated files,
and starts, is refreshed, gets settings at its root, and is stopped in the middle; `folders` takes
so many folders away. By default 1,000 and 10,000 files; 100,000 take an hour. Exits with 1 if a
figure misses its goal.
"""

import sys
from pathlib import Path

from measuring import many_sources
from measuring.many_sources import ScalePlace
from measuring.program import Case, argument_parser, measure, scratch_folder

CASES: dict[str, Case[ScalePlace]] = {
    "narrate": many_sources.narrate,
    "standing": many_sources.standing,
    "folders": many_sources.folders,
}
FILES, QUICK_FILES = "1000,10000", "200,400"


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("--files", help=f"numbers of files; else {FILES}")
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], metavar="CASE")
    wanted = parser.parse_args()
    counts = wanted.files or (QUICK_FILES if wanted.quick else FILES)
    with scratch_folder(wanted.scratch) as scratch:
        place = ScalePlace(Path(scratch), tuple(map(int, counts.split(","))))
        return measure(CASES, wanted, place)


if __name__ == "__main__":
    sys.exit(main())
