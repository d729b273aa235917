"""Measures the daemon against what could do the same with less, each in one run.

    python bench/daemon.py [--quick] [--scratch FOLDER] [ROW ...]

Exits with 1 when something that was taken is not reached.
"""

import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from measuring import book, notes, posts, trees
from measuring.figure import Figure
from measuring.program import arguments, measured, parsed
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
    parser = arguments(__doc__ or "", ROWS)
    parser.add_argument("--scratch", type=Path, help="where to work; the system's temporary folder")
    wanted = parsed(parser, ROWS)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # leaves no daemon
    with tempfile.TemporaryDirectory(prefix="narrated-bench-", dir=wanted.scratch) as scratch:
        stage = Stage(Path(scratch), QUICK if wanted.quick else Sizes(), say)
        return measured(ROWS, wanted, stage)


if __name__ == "__main__":
    sys.exit(main())
