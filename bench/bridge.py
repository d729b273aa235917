"""Measures workers of a Ray cluster by the bridge, beside the same workers by sockets of their own.

    python bench/bridge.py [--quick] [--scratch FOLDER] [CASE ...]

The cluster's nodes are processes of this machine, and so are its workers, the daemon's end and the
bridge. `flac` has an engine that sleeps 50 ms and gives 1 MiB of sound, which crosses as FLAC, by
1, 2, 4 and 8 workers; in `pcm` it crosses as it is. `many` has 100 actors and short chunks. Exits
with 1 if a figure misses its goal.
"""

import sys
from pathlib import Path

from measuring import bridged_fleet
from measuring.fleet import FleetPlace
from measuring.program import Case, argument_parser, measure, scratch_folder

CASES: dict[str, Case[FleetPlace]] = {
    "flac": bridged_fleet.flac,
    "pcm": bridged_fleet.pcm,
    "many": bridged_fleet.many,
}


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], metavar="CASE")
    wanted = parser.parse_args()
    with scratch_folder(wanted.scratch) as scratch:
        return measure(CASES, wanted, FleetPlace(Path(scratch), wanted.quick))


if __name__ == "__main__":
    sys.exit(main())
