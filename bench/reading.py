"""Measures reading and script against a bare Markdown parser, and whether they stay linear.

    python bench/reading.py [--quick] [ROW ...]

Exits with 1 when something that was taken is not reached.
"""

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

from measuring import pace
from measuring.figure import Figure
from measuring.program import arguments, measured, parsed

Row = Callable[[pace.Sizes], list[Figure]]

ROWS: Mapping[str, Row] = MappingProxyType({"rate": pace.rate, "linear": pace.linear})


def main() -> int:
    wanted = parsed(arguments(__doc__ or "", ROWS), ROWS)
    return measured(ROWS, wanted, pace.QUICK if wanted.quick else pace.Sizes())


if __name__ == "__main__":
    sys.exit(main())
