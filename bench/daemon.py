"""Measures the daemon against what could do the same with less, each in one run.

    python bench/daemon.py [--quick] [--scratch FOLDER] [ROW ...]

Exits with 1 when something that was taken is not reached.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from measuring import book, notes, posts, trees
from measuring.figure import Failed, Figure, NotTaken, circumstances, show
from measuring.stage import QUICK, Sizes, Stage, say

Row = Callable[[Stage], list[Figure]]

ROWS: Mapping[str, Row] = MappingProxyType(
    {
        "post": posts.post,
        "notes": notes.notes,
        "flood": notes.flood,
        "word": posts.word,
        "book": book.book,
        "latency": trees.latency,
        "idle": trees.idle,
        "start": trees.start,
    }
)


def main() -> int:
    wanted = _arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # leaves no daemon
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="narrated-bench-", dir=wanted.scratch) as scratch:
        stage = Stage(Path(scratch), QUICK if wanted.quick else Sizes(), say)
        for name in wanted.rows or ROWS:
            figures += _taken(name, stage)
    show(figures, circumstances(wanted.quick))
    return int(any(each.reached is False for each in figures))


def _taken(name: str, stage: Stage) -> list[Figure]:
    """The figures of a row; what fails outright is one that was not reached."""
    try:
        return ROWS[name](stage)
    except NotTaken as why:
        return [Figure(name, "", "", None, str(why))]
    except Failed as why:
        return [Figure(name, f"failed: {why}", "", False)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    parser.add_argument("--scratch", type=Path, help="where to work; the system's temporary folder")
    wanted = parser.parse_args()
    if unknown := set(wanted.rows) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    return wanted


if __name__ == "__main__":
    sys.exit(main())
