"""Measures the daemon against what could do the same with less, each in one run.

    python bench/daemon.py [--quick] [--scratch FOLDER] [CASE ...]

Exits with 1 if a figure misses its goal.
"""

import sys

from measuring import book, large_inbox, long_post, many_notes, posts_together
from measuring.program import measure, parse_cases, scratch_folder
from measuring.workspace import QUICK, Workspace, WorkspaceSizes

CASES = {
    "post": long_post.post,
    "together": posts_together.together,
    "notes": many_notes.notes,
    "flood": many_notes.flood,
    "word": long_post.word,
    "book": book.book,
    "latency": large_inbox.latency,
    "idle": large_inbox.idle,
    "start": large_inbox.start,
}


def main() -> int:
    wanted = parse_cases(__doc__, CASES)
    with scratch_folder(wanted.scratch) as scratch:
        return measure(
            CASES, wanted, Workspace(scratch, QUICK if wanted.quick else WorkspaceSizes())
        )


if __name__ == "__main__":
    sys.exit(main())
