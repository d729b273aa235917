"""Frame of the benches: their options, their scratch folder, and the table of their figures."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from narrated.errors import NarratedError

Place = TypeVar("Place")
"""The place that a case measures in, with its sizes."""
Case = Callable[[Place], list["Figure"]]

SPIN_S = 0.1
"""CPU of the work beside which others are measured."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    figure: str
    goal: str
    reached: bool | None
    """None if it was not taken, or has no goal."""
    why: str = ""
    """Why it was not taken."""

    @property
    def verdict(self) -> str:
        if self.reached is None:
            return f"not taken: {self.why}" if self.why else ""
        return "reached" if self.reached else "NOT REACHED"


class NotTaken(Exception):
    """This machine cannot show the figure; the message says why."""


def slowdown() -> float:
    """Return how many times as long as alone a piece of work takes now, on this busy machine."""
    began_s, cpu_s = time.perf_counter(), time.thread_time()
    while time.thread_time() - cpu_s < SPIN_S:
        sum(range(1000))
    return (time.perf_counter() - began_s) / (time.thread_time() - cpu_s)


def argument_parser(about: str | None, *, sized: bool = True) -> argparse.ArgumentParser:
    """A parser with the options of most benches, if `sized`."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    if sized:
        parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
        parser.add_argument("--scratch", type=Path, help="where to work; else a temporary folder")
    return parser


def measure_by_chance(
    about: str | None,
    what: str,
    usual: int,
    quick: int,
    measure: Callable[[Path, int, int], list[Figure]],
) -> int:
    """Run a bench of so many acts by a seed; `measure` gets its folder, their number and the seed.

    `--WHAT` and `--seed` choose the last two. Gives the exit code.
    """
    parser = argument_parser(about)
    parser.add_argument(f"--{what}", dest="count", type=int, help=f"how many; else {usual}")
    parser.add_argument("--seed", type=int, help="seed of all chance; else from the clock")
    wanted = parser.parse_args()
    seed = random_seed() if wanted.seed is None else wanted.seed
    count = wanted.count or (quick if wanted.quick else usual)
    with scratch_folder(wanted.scratch) as scratch:
        figures = measure(scratch, count, seed)
    return show(figures, f"{conditions(wanted.quick)}; --seed {seed}")


def parse_cases(
    about: str | None,
    cases: Mapping[str, Case[Place]],
    *,
    kept: bool = False,
    rounds: bool = False,
) -> argparse.Namespace:
    """Parse the command line of a bench with several cases; an unknown case ends the program.

    `kept`: the bench takes a folder for what its next run needs as well. `rounds`: one may choose
    how often it measures.
    """
    parser = argument_parser(about)
    if rounds:
        parser.add_argument("--rounds", type=int, help="how often to measure; medians are told")
    if kept:
        parser.add_argument(
            "--kept", type=Path, help="a folder for the next run, which goes on there"
        )
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of: {', '.join(cases)}")
    wanted = parser.parse_args()
    if unknown := set(wanted.cases) - set(cases):
        parser.error(
            f"there is no case {', '.join(sorted(unknown))}; choose from {', '.join(cases)}"
        )
    return wanted


def measure(cases: Mapping[str, Case[Place]], wanted: argparse.Namespace, place: Place) -> int:
    """Take the wanted cases, or all, and show them; gives the exit code."""
    figures = [each for name in wanted.cases or cases for each in take(name, cases[name], place)]
    return show(figures, conditions(wanted.quick))


def take(name: str, case: Case[Place], place: Place) -> list[Figure]:
    """Take a case; a figure that cannot be taken, or whose work failed, says so."""
    try:
        return case(place)
    except NotTaken as why:
        return [Figure(name, "", "", None, str(why))]
    except (AssertionError, NarratedError) as why:  # what it measured did not do its work
        return [Figure(name, f"failed: {why}", "", False)]


def show(figures: Iterable[Figure], note: str) -> int:
    """Print the table with a note below it; gives the exit code, 1 if a goal was missed."""
    shown = list(figures)
    table = Table(caption=note, caption_justify="left", padding=(0, 1), show_lines=True)
    for heading, least in (("what", 30), ("figure", 30), ("goal", 20), ("", 11)):
        table.add_column(heading, overflow="fold", min_width=least)
    for each in shown:
        table.add_row(each.what, each.figure, each.goal, each.verdict)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 140
    console.print(table)
    return int(any(each.reached is False for each in shown))


def conditions(quick: bool) -> str:
    """Cores, load and sizes, for the note below a table."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    size = "; small sizes (--quick): a smoke test, no measurement" if quick else ""
    return f"{os.cpu_count()} cores, load averages {load}{size}"


@contextmanager
def scratch_folder(below: Path | None = None) -> Iterator[Path]:
    """A folder for the block; SIGTERM ends the block in order, so that no daemon is left."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="narrated-bench-", dir=below) as folder:
        yield Path(folder)


def random_seed() -> int:
    """A seed from the clock."""
    return time.time_ns() % 1_000_000


def say(line: str) -> None:
    """Tell progress on stderr."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)
