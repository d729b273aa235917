"""Measures Tortoise beside upstream's own api, its object kept, on the same full-size weights.

    python bench/tortoise.py [--python INTERPRETER] [--rounds N] [--whole]

Three texts in one voice by the preset ultra_fast, of each candidate the likeliest codes, so that
both say the same; in single precision, so that they can be compared. Without a card fewer
candidates, codes and iterations are made than the preset asks for (--whole makes all). Upstream
runs in the interpreter that `narrated engines install tortoise --apart FOLDER` made: by default the
one that the tests use. Weights are drawn at random; needs 16 GB of memory, 5 GB of disk, and the
source root on the path. Exits with 1 when codes differ from those of upstream without a cache,
when those of a batch differ from those of its rows alone, or when upstream is faster.
"""

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from measuring import checkpoints
from measuring.speakers import Ours, Said, Upstream, upstream

TEXTS = (
    "The kettle is on, and I am back at four.",
    "She read the letter twice, and put it into the stove.",
    "Nobody had asked the cat.",
)
PRESET = {"preset": "ultra_fast"}
FEWER = {"num_autoregressive_samples": 4, "max_mel_tokens": 24, "diffusion_iterations": 4}
LIKELIEST = {"top_k": 1}
PINS = Path(sys.prefix, "tortoise-pins", "bin", "python")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", default=str(PINS), help="upstream's interpreter")
    parser.add_argument("--rounds", type=int, default=2, help="how often both speak all texts")
    parser.add_argument("--whole", action="store_true", help="the preset as it is, without a card")
    wanted = parser.parse_args()
    on_card = torch.cuda.is_available()
    options = PRESET if on_card or wanted.whole else {**PRESET, **FEWER}
    with tempfile.TemporaryDirectory(prefix="narrated-") as name, ExitStack() as stack:
        place = Path(name)
        voice = _laid_out(place)
        ours = Ours(place, voice, "cuda" if on_card else "cpu")
        theirs = {
            way: stack.enter_context(upstream(wanted.python, place, voice, options, *wishes))
            for way, wishes in (("without a cache", ()), ("with its cache", ("cache",)))
        }
        return reported(options, measured(ours, theirs, options, wanted.rounds), ours)


def measured(
    ours: Ours, theirs: dict[str, Upstream], options: dict[str, Any], rounds: int
) -> dict[str, list[Said]]:
    """All texts by each, in turns."""
    said: dict[str, list[Said]] = {"narrated": [], **{way: [] for way in theirs}}
    for _ in range(rounds):
        said["narrated"].append(ours.said(TEXTS, {**options, **LIKELIEST}))
        for way, speaker in theirs.items():
            said[way].append(speaker.said(TEXTS, options))
    return said


def reported(options: dict[str, Any], said: dict[str, list[Said]], ours: Ours) -> int:
    """Print the figures; 1 where one is not as it should be."""
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "the processor"
    print(f"{len(TEXTS)} texts on {card}, full size, medians of {len(said['narrated'])}: {options}")
    medians = {who: statistics.median(each.seconds for each in them) for who, them in said.items()}
    for who, seconds in medians.items():
        ratio = "" if who == "narrated" else f": {seconds / medians['narrated']:.1f} times as long"
        print(f"  {who if who == 'narrated' else f'upstream {who}':26} {seconds:7.1f} s{ratio}")
    codes = said["narrated"][0].codes
    same = codes == said["without a cache"][0].codes
    others = codes == said["with its cache"][0].codes
    sampled = ours.said(TEXTS, options).codes
    alone = [ours.said([text], options, seed=n).codes[0] for n, text in enumerate(TEXTS)]
    print(f"  codes as upstream's without a cache: {'the same' if same else 'OTHERS'}")
    print(
        f"  codes as upstream's with its cache (off by one): {'THE SAME' if others else 'others'}"
    )
    print(f"  a batch, drawn, as its rows alone: {'the same' if sampled == alone else 'OTHERS'}")
    slower = min(medians.values()) < medians["narrated"]
    print(f"  never slower: {'NOT REACHED' if slower else 'reached'}")
    # Were those with the cache the same, positions would not matter, and nothing was shown.
    return int(not same or others or sampled != alone or slower)


def _laid_out(place: Path) -> Path:
    """The checkpoint, and a voice's latents as upstream writes them."""
    checkpoints.saved_tortoise(place)
    torch.manual_seed(1)
    latents = (torch.randn(1, 1024) * 0.5, torch.randn(1, 2048) * 0.5)
    torch.save(latents, place / "voice.latents")
    return place / "voice.latents"


if __name__ == "__main__":
    sys.exit(main())
