"""A figure that was taken, what it was to reach, and the table of them all."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

BETWEEN_LINES = (0, 1)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    figure: str
    to_reach: str
    reached: bool | None
    """None where it was not taken, and where there is nothing to reach."""
    why: str = ""
    """Why it was not taken; empty where it was."""

    @property
    def verdict(self) -> str:
        if self.reached is None:
            return f"not taken: {self.why}" if self.why else ""
        return "reached" if self.reached else "NOT REACHED"


class NotTaken(Exception):
    """This machine cannot show the figure; the message says why."""


class Failed(Exception):
    """What was measured did not do its work; the message says what was missing."""


def show(figures: Iterable[Figure], note: str) -> None:
    """Print the table to stdout, with a line about the circumstances."""
    table = Table(caption=note, caption_justify="left", padding=BETWEEN_LINES, show_lines=True)
    for heading, least in (("what", 30), ("figure", 30), ("to reach", 20), ("", 11)):
        table.add_column(heading, overflow="fold", min_width=least)
    for each in figures:
        table.add_row(each.what, each.figure, each.to_reach, each.verdict)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 140
    console.print(table)


def circumstances(quick: bool) -> str:
    """What a reader has to know of the machine."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    size = "; small sizes (--quick): a smoke test, no measurement" if quick else ""
    return f"{os.cpu_count()} cores, load averages {load}{size}"
