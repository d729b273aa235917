"""Measures whether the models fit into 8 GiB together: their weights, and the most at work.

    python bench/memory.py [--rows N]

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

from measuring import computed, metered, short
from measuring.take import Take

GIB = 2**30
BOUND = 8 * GIB
TOGETHER = (
    ("bark", "blip"),
    ("bark", "florence-2"),
    ("bark", "tortoise", "blip"),
    ("bark", "tortoise", "florence-2"),
)
SHORT, SHORT_BYTES = ("bark", "tortoise", "blip"), 6 * 10**9


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=4, help="texts spoken at once")
    wanted = parser.parse_args()
    source = metered if torch.cuda.is_available() else computed
    card = f" ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else ""
    print(
        f"{source.HOW}{card}; {wanted.rows} texts, or as many pictures as an engine takes, at once"
    )
    takes = {take.name: take for names in TOGETHER[2:] for take in source.taken(names, wanted.rows)}
    fits = [shown([takes[name] for name in names]) for names in TOGETHER]
    print(
        f"\n{' + '.join(SHORT)} within {SHORT_BYTES / 1e9:g} GB, by a real worker, all at a tenth"
    )
    for line in short.told([takes[name] for name in SHORT], SHORT_BYTES):
        print(f"  {line}")
    return int(not all(fits))


def shown(takes: Sequence[Take]) -> bool:
    """Print a set of models; whether all stay warm within the bound, whoever is at work."""
    print(f"\n{' + '.join(take.name for take in takes)}")
    for take in takes:
        print(f"  {take.name:12} weights {gib(take.weights)}   at work {gib(take.working)} more")
    weights = sum(take.weights for take in takes)
    # Of engines in the midst of their rows one computes; what the others keep is theirs meanwhile.
    together = weights + sum(t.kept for t in takes) + max(t.working - t.kept for t in takes)
    alone = weights + max(take.working for take in takes)
    peak, how = (together, "side by side") if together <= BOUND else (alone, "in turns")
    verdict = f"within {gib(BOUND)}, {how}" if peak <= BOUND else f"MORE THAN {gib(BOUND)}"
    print(f"  weights {gib(weights)}, peak {gib(peak)}: {verdict}")
    return peak <= BOUND


def gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"


if __name__ == "__main__":
    sys.exit(main())
