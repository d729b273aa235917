"""The descriptors of `narrated worker`, kept apart before any library is imported.

Libraries print, and a line of theirs among the frames would end the worker.
"""

import os
import sys
from collections.abc import Sequence

_WITH_VALUE = ("-c", "--config")
_HELP = ("-h", "--help")


def is_worker(arguments: Sequence[str]) -> bool:
    """True if a command line is that of a worker, which speaks frames on stdout."""
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word == "worker" and not any(each in _HELP for each in arguments)
    return False


def private_streams() -> tuple[int, int]:
    """Move stdin and stdout to descriptors of our own; stdout then leads to stderr."""
    streams = os.dup(0), os.dup(1)  # no child inherits these
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(sys.stderr.fileno(), 1)
    return streams
