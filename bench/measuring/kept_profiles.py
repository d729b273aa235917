"""Profiles that are kept where a figure of `bench/speed.py` misses its bound."""

from collections.abc import Callable, Iterable
from pathlib import Path

from measuring.program import Figure, say
from measuring.speed_bench import Setting, SpeedBench, hardware

_KEPT = Path(__file__).parents[1] / "results" / "profiles"


def profiled_if_missed(
    bench: SpeedBench,
    row: str,
    setting: Setting,
    figures: Iterable[Figure],
    write: Callable[[Path], object],
) -> list[Figure]:
    """Let a profile of ours be written if a figure misses its bound; gives the figures.

    A quick run has small sizes, so it keeps none: it only writes one, into its scratch folder.
    """
    taken = list(figures)
    missed = [each for each in taken if each.reached is False]
    if missed:
        folder = bench.scratch / "profiles" if bench.is_quick else _KEPT
        file = folder / f"{row} {setting.name}.txt".replace(" ", "-")
        say(f"{row} {setting.name}: a bound is missed; our profile goes to {file}")
        write(file)
        head = "\n".join(f"{each.what}: {each.figure}; the bound is {each.goal}" for each in missed)
        file.write_text(f"{head}\n{hardware()}\n\n{file.read_text()}")
    return taken
