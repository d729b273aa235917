"""Measures workers on boxes: what N of them do beside one, and what the daemon pays for a chunk.

    python bench/boxes.py [--quick] [--scratch FOLDER] [CASE ...]

Each box is a process of this machine behind a UNIX socket. Its engine sleeps, so that more boxes
need no more cores but for their bytes. `sound` has 1 MiB of sound a chunk, 50 ms each, by 1, 2, 4
and 8 boxes; `flac` the same, encoded there, which other boxes do with cores of their own; `many`
has 100 boxes and short chunks. Exits with 1 if a figure misses its goal.
"""

import sys
from pathlib import Path

from measuring import fleet
from measuring.fleet import FleetPlace
from measuring.program import Case, argument_parser, measure, scratch_folder

CASES: dict[str, Case[FleetPlace]] = {
    "sound": fleet.sound,
    "flac": fleet.flac,
    "many": fleet.many,
}


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], metavar="CASE")
    wanted = parser.parse_args()
    with scratch_folder(wanted.scratch) as scratch:
        return measure(CASES, wanted, FleetPlace(Path(scratch), wanted.quick))


if __name__ == "__main__":
    sys.exit(main())
