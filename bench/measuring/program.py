"""What the programs here have in common: which rows are wanted, how they are taken and shown."""

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from measuring.figure import Failed, Figure, NotTaken, circumstances, show

Place = TypeVar("Place")
"""Where and how much is measured; the rows know it."""


def arguments(about: str, rows: Iterable[str]) -> argparse.ArgumentParser:
    """The arguments that every program takes."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(rows)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    return parser


def parsed(parser: argparse.ArgumentParser, rows: Iterable[str]) -> argparse.Namespace:
    """What was asked for; rows that there are not end the program."""
    wanted = parser.parse_args()
    if unknown := set(wanted.rows) - set(rows):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(rows)}")
    return wanted


def taken(name: str, row: Callable[[Place], list[Figure]], place: Place) -> list[Figure]:
    """The figures of a row; what fails outright is one that was not reached."""
    try:
        return row(place)
    except NotTaken as why:
        return [Figure(name, "", "", None, str(why))]
    except Failed as why:
        return [Figure(name, f"failed: {why}", "", False)]


def measured(
    rows: Mapping[str, Callable[[Place], list[Figure]]],
    wanted: argparse.Namespace,
    place: Place,
) -> int:
    """Take the wanted rows (all, where none is named), show them, and give the exit code."""
    figures: list[Figure] = []
    for name in wanted.rows or rows:
        figures += taken(name, rows[name], place)
    show(figures, circumstances(wanted.quick))
    return int(any(each.reached is False for each in figures))
