"""Measures Tortoise beside upstream's own api, its object kept, on the same full-size weights.

    python bench/tortoise.py [--python INTERPRETER] [--rounds N] [--whole]

Three texts in one voice by the preset ultra_fast, of each candidate the likeliest codes, so that
both say the same; in single precision, so that they can be compared. Without a card fewer
candidates, codes and iterations are made than the preset asks for (--whole makes all). Upstream
runs in the interpreter that `narrated engines install tortoise --apart FOLDER` made: by default the
one that the tests use. Weights are drawn at random; needs 16 GB of memory and 5 GB of disk. Exits
with 1 if codes differ from those of upstream without a cache, if those of a batch differ from those
of its texts alone, or if upstream is faster.
"""

import sys
from typing import Any

import torch

from measuring import tortoise_speed
from measuring.program import NotTaken, argument_parser, scratch_folder
from measuring.speed_bench import median_spent
from measuring.tortoise_speed import FEWER, PINS, PRESET, TEXTS, OwnTortoise, SpokenTexts, times


def main() -> int:
    parser = argument_parser(__doc__, sized=False)
    parser.add_argument("--python", default=str(PINS), help="upstream's interpreter")
    parser.add_argument("--rounds", type=int, default=2, help="how often both speak all texts")
    parser.add_argument("--whole", action="store_true", help="the preset as it is, without a card")
    wanted = parser.parse_args()
    on_card = torch.cuda.is_available()
    options = PRESET if on_card or wanted.whole else {**PRESET, **FEWER}
    with scratch_folder() as place:
        try:
            with tortoise_speed.speakers(place, options, wanted.python) as (ours, theirs):
                spoken = tortoise_speed.spoken_in_turns(ours, theirs, options, wanted.rounds)
                return _report(options, spoken, ours)
        except NotTaken as why:
            raise SystemExit(str(why)) from None


def _report(
    options: dict[str, Any], spoken: dict[str, list[SpokenTexts]], ours: OwnTortoise
) -> int:
    """Print the figures; gives the exit code."""
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "the processor"
    rounds = len(spoken["narrated"])
    print(f"{len(TEXTS)} texts on {card}, full size, medians of {rounds}: {options}")
    medians = {who: median_spent(times(them)) for who, them in spoken.items()}
    own = medians["narrated"]
    for who, spent in medians.items():
        clock, cpu = spent.wall_s / own.wall_s, spent.cpu_s / own.cpu_s
        ratio = f": {clock:.1f} times as long, {cpu:.1f} times the processor's"
        named = who if who == "narrated" else f"upstream {who}"
        print(f"  {named:26} {spent}{'' if who == 'narrated' else ratio}")
    codes = spoken["narrated"][0].codes
    same = codes == spoken["without a cache"][0].codes
    others = codes == spoken["with its cache"][0].codes
    sampled = ours.speak(TEXTS, options).codes
    alone = [ours.speak([text], options, seed=n).codes[0] for n, text in enumerate(TEXTS)]
    slower = min(each.wall_s for each in medians.values()) < own.wall_s
    print(f"  codes as upstream's without a cache: {'the same' if same else 'OTHERS'}")
    print(
        f"  codes as upstream's with its cache (off by one): {'THE SAME' if others else 'others'}"
    )
    print(f"  a batch, drawn, as its texts alone: {'the same' if sampled == alone else 'OTHERS'}")
    print(f"  never slower: {'NOT REACHED' if slower else 'reached'}")
    # Were those with the cache the same, positions would not matter, and nothing was shown.
    return int(not same or others or sampled != alone or slower)


if __name__ == "__main__":
    sys.exit(main())
