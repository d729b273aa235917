"""Measures whether the models fit into 8 GiB together: their weights, and the most at work.

    python bench/memory.py [--rows N] [--sums]

Full-size random weights, loaded once in one worker, a batch through each. On a CUDA card all work
at once, and the figures are the card's; elsewhere they are summed over tensors in the dtypes that a
GPU would hold, and said to be computed: CUDA's own context, 0.3 to 0.5 GiB, comes on top. Then
three models have less than they need together, in a real worker. Needs torch, transformers,
tortoise-tts and the source root on the path. Exits with 1 when a peak is beyond its bound.
"""

import argparse
import sys

import torch

from measuring import computed, metered, short
from measuring.take import Together

GIB = 2**30
BOUND = 8 * GIB
TOGETHER = (
    ("bark", "blip"),
    ("bark", "florence-2"),
    ("bark", "tortoise", "blip"),
    ("bark", "tortoise", "florence-2"),
)
SHORT, SHORT_BOUND = ("bark", "tortoise", "blip"), 6 * 10**9
SHORT_BLUR = GIB // 4
"""What a worker's memory may seem to be beyond the bound: the kernel's figures are of pages, and a
quarter of what is told."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=4, help="texts spoken at once")
    parser.add_argument(
        "--sums", action="store_true", help="without the worker that has too little"
    )
    wanted = parser.parse_args()
    source = metered if torch.cuda.is_available() else computed
    card = f" ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else ""
    print(
        f"{source.HOW}{card}; {wanted.rows} texts, or as many pictures as an engine takes, at once"
    )
    sets = [source.together(names, wanted.rows, BOUND) for names in TOGETHER]
    fits = [shown(each) for each in sets]
    if wanted.sums:
        return int(not all(fits))
    print(f"\n{' + '.join(SHORT)} in {gib(SHORT_BOUND)}, by a real worker, all at a quarter:")
    told, peak = short.told(sets[TOGETHER.index(SHORT)].takes, SHORT_BOUND)
    for line in told:
        print(f"  {line}")
    keeps = peak <= SHORT_BOUND + SHORT_BLUR
    print(f"  peak {gib(peak)}: {'within' if keeps else 'MORE THAN'} {gib(SHORT_BOUND)}")
    return int(not (all(fits) and keeps))


def shown(each: Together) -> bool:
    """Print a set of models; whether all stay warm within the bound, whoever is at work."""
    print(f"\n{' + '.join(take.name for take in each.takes)}")
    for take in each.takes:
        print(f"  {take.name:12} weights {gib(take.weights)}   at work {gib(take.working)} more")
    fits = each.peak <= BOUND
    verdict = f"within {gib(BOUND)}, {each.how}" if fits else f"MORE THAN {gib(BOUND)}"
    print(f"  weights {gib(each.weights)}, peak {gib(each.peak)}: {verdict}")
    return fits


def gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"


if __name__ == "__main__":
    sys.exit(main())
