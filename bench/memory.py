"""Measures that the models fit into 8 GiB together: their weights, and their peak at work.

    python bench/memory.py [--texts N] [--sums]

Full-size random weights, loaded once in one worker, a batch through each. On a CUDA card all work
at once, and the figures are the card's; elsewhere they are summed over tensors in the dtypes that a
GPU would hold, and marked as computed: CUDA's own context, 0.3 to 0.5 GiB, comes on top. Then three
models have less than they need together, in a real worker. Needs torch, transformers and
tortoise-tts. Exits with 1 if a peak is beyond its bound.
"""

import sys

import torch

from measuring import computed_memory, gpu_memory, tight_budget
from measuring.model_memory import ModelSet
from measuring.program import argument_parser

GIB = 2**30
BOUND = 8 * GIB
SETS = (
    ("bark", "blip"),
    ("bark", "blip", "whisper-base"),
    ("bark", "florence-2"),
    ("bark", "tortoise", "blip"),
    ("bark", "tortoise", "florence-2"),
)
TIGHT, TIGHT_BOUND = ("bark", "tortoise", "blip"), 6 * 10**9
TIGHT_BLUR = GIB // 4
"""Tolerance: the kernel counts pages, and the figures are four times those of a quarter."""


def main() -> int:
    parser = argument_parser(__doc__, sized=False)
    parser.add_argument("--texts", type=int, default=4, help="texts spoken at once")
    parser.add_argument("--sums", action="store_true", help="without the worker on a tight budget")
    wanted = parser.parse_args()
    source = gpu_memory if torch.cuda.is_available() else computed_memory
    card = f" ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else ""
    print(f"{source.HOW}{card}; {wanted.texts} texts, or an engine's batch of pictures, at once")
    sets = [source.measure(names, wanted.texts, BOUND) for names in SETS]
    fits = [_show(each) for each in sets]
    if wanted.sums:
        return int(not all(fits))
    print(f"\n{' + '.join(TIGHT)} in {_gib(TIGHT_BOUND)}, by a real worker, all at a quarter:")
    lines, peak = tight_budget.work(sets[SETS.index(TIGHT)].models, TIGHT_BOUND)
    print(*(f"  {line}" for line in lines), sep="\n")
    keeps = peak <= TIGHT_BOUND + TIGHT_BLUR
    print(f"  peak {_gib(peak)}: {'within' if keeps else 'MORE THAN'} {_gib(TIGHT_BOUND)}")
    return int(not (all(fits) and keeps))


def _show(each: ModelSet) -> bool:
    """Print a set of models; True if all stay warm within the bound, whichever works."""
    print(f"\n{' + '.join(model.name for model in each.models)}")
    for model in each.models:
        print(
            f"  {model.name:12} weights {_gib(model.weights)}   at work {_gib(model.working)} more"
        )
    fits = each.peak <= BOUND
    verdict = f"within {_gib(BOUND)}, {each.how}" if fits else f"MORE THAN {_gib(BOUND)}"
    print(f"  weights {_gib(each.weights)}, peak {_gib(each.peak)}: {verdict}")
    return fits


def _gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"


if __name__ == "__main__":
    sys.exit(main())
