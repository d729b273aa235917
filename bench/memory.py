"""Measures whether the models fit into 8 GiB together: their weights, and the most at work.

    python bench/memory.py [--rows N] [--pictures N]

Full-size random weights, loaded once in one worker, a batch through each. On a CUDA card the
figures are read from the allocator; elsewhere they are summed over tensors in the dtypes that a
GPU would hold, and said to be computed. CUDA's own context comes on top: 0.3 to 0.5 GiB.
Needs torch, transformers, numpy and pillow, and the source root on the path. Exits with 1 when
a sum is not within the bound.
"""

import argparse
import sys
from collections.abc import Sequence

import torch

from measuring import computed, metered

GIB = 2**30
BOUND = 8 * GIB
TOGETHER = (
    ("bark", "blip"),
    ("bark", "florence-2"),
    ("bark", "tortoise", "blip"),
    ("bark", "tortoise", "florence-2"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=4, help="texts spoken at once")
    parser.add_argument("--pictures", type=int, default=8, help="pictures described at once")
    wanted = parser.parse_args()
    source = metered if torch.cuda.is_available() else computed
    card = f" ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else ""
    print(f"{source.HOW}{card}; {wanted.rows} texts, {wanted.pictures} pictures at once")
    fits = [shown(names, wanted, source) for names in TOGETHER]
    return int(not all(fits))


def shown(names: Sequence[str], wanted: argparse.Namespace, source) -> bool:
    """Print a set of models; whether they fit."""
    takes = source.taken(names, wanted.rows, wanted.pictures)
    print(f"\n{' + '.join(names)}")
    for take in takes:
        print(f"  {take.name:12} weights {gib(take.weights)}   at work {gib(take.working)} more")
    weights = sum(take.weights for take in takes)
    # One engine works at a time; what the others keep between two steps is theirs all the while.
    peak = weights + sum(take.kept for take in takes) + max(t.working - t.kept for t in takes)
    verdict = "fits into" if peak <= BOUND else "DOES NOT FIT into"
    print(f"  weights {gib(weights)}, peak {gib(peak)}: {verdict} {gib(BOUND)}")
    return peak <= BOUND


def gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"


if __name__ == "__main__":
    sys.exit(main())
