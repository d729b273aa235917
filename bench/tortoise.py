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

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch

from measuring import checkpoints
from measuring.program import argument_parser, scratch_folder
from narrated.engines.tortoise.options import TortoiseSettings

# `measuring` has put the tests on the path.
# isort: split
from engines.stage_driver import finished
from engines.tortoise.stage_driver import QUICK, TortoiseDriver, latents

TEXTS = (
    "The kettle is on, and I am back at four.",
    "She read the letter twice, and put it into the stove.",
    "Nobody had asked the cat.",
)
PRESET = {"preset": "ultra_fast"}
FEWER = {"num_autoregressive_samples": 4, "max_mel_tokens": 24, "diffusion_iterations": 4}
LIKELIEST = {"top_k": 1}
PINS = Path(sys.prefix, "tortoise-pins", "bin", "python")
VOICE = 1
_END = 8193


@dataclass(frozen=True, slots=True)
class Spoken:
    """All texts spoken once: the codes of each one's candidates."""

    seconds: float
    codes: list[list[list[int]]]


class Narrated:
    """The engine's stages, warm."""

    def __init__(self, folder: Path, device: str) -> None:
        self._bench = TortoiseDriver(folder, device=device)

    def speak(self, texts: Sequence[str], options: dict[str, Any], seed: int = 0) -> Spoken:
        """Speak all texts at once."""
        pipeline = self._bench.pipeline()
        settings = TortoiseSettings.of(options)
        chosen = {name: getattr(settings, name) for name in QUICK.keys() - options.keys()}
        requests = [
            self._bench.row(text, text, VOICE, seed + n, **chosen, **options)
            for n, text in enumerate(texts)
        ]
        began_s = time.monotonic()
        for request in requests:
            pipeline.admit(request)
        finished(pipeline, len(requests))
        seconds = time.monotonic() - began_s
        spoken = (len(each.pcm) > 100 and not each.problem for each in requests)
        assert all(spoken), "nothing was spoken"
        return Spoken(seconds, [[list(c or ()) for c in each.candidates] for each in requests])


class Upstream:
    """Upstream's api in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def speak(self, texts: Sequence[str], options: dict[str, Any]) -> Spoken:
        """Speak all texts, one after another, as its api does."""
        answers = [self.request({"text": text, "options": options}) for text in texts]
        codes = [[_until_end(codes) for codes in answer["codes"]] for answer in answers]
        return Spoken(sum(answer["seconds"] for answer in answers), codes)

    def request(self, request: dict[str, Any]) -> Any:
        """Send a request; gives the answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("upstream ended; its output stands above")
        return json.loads(line)


def main() -> int:
    parser = argument_parser(__doc__, sized=False)
    parser.add_argument("--python", default=str(PINS), help="upstream's interpreter")
    parser.add_argument("--rounds", type=int, default=2, help="how often both speak all texts")
    parser.add_argument("--whole", action="store_true", help="the preset as it is, without a card")
    wanted = parser.parse_args()
    on_card = torch.cuda.is_available()
    options = PRESET if on_card or wanted.whole else {**PRESET, **FEWER}
    with scratch_folder() as place, ExitStack() as stack:
        checkpoints.save_tortoise(place)
        voice = latents(VOICE, 1024)
        torch.save((voice.autoregressive, voice.diffusion), place / "voice.latents")
        ours = Narrated(place, "cuda" if on_card else "cpu")
        theirs = {
            way: stack.enter_context(_upstream(wanted.python, place, options, *more))
            for way, more in (("without a cache", ()), ("with its cache", ("cache",)))
        }
        return _report(options, _measure(ours, theirs, options, wanted.rounds), ours)


def _measure(
    ours: Narrated, theirs: dict[str, Upstream], options: dict[str, Any], rounds: int
) -> dict[str, list[Spoken]]:
    """Have each speak all texts, in turns."""
    spoken: dict[str, list[Spoken]] = {"narrated": [], **{way: [] for way in theirs}}
    for _ in range(rounds):
        spoken["narrated"].append(ours.speak(TEXTS, {**options, **LIKELIEST}))
        for way, speaker in theirs.items():
            spoken[way].append(speaker.speak(TEXTS, options))
    return spoken


def _report(options: dict[str, Any], spoken: dict[str, list[Spoken]], ours: Narrated) -> int:
    """Print the figures; gives the exit code."""
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "the processor"
    rounds = len(spoken["narrated"])
    print(f"{len(TEXTS)} texts on {card}, full size, medians of {rounds}: {options}")
    medians = {who: median(each.seconds for each in them) for who, them in spoken.items()}
    for who, seconds in medians.items():
        ratio = "" if who == "narrated" else f": {seconds / medians['narrated']:.1f} times as long"
        print(f"  {who if who == 'narrated' else f'upstream {who}':26} {seconds:7.1f} s{ratio}")
    codes = spoken["narrated"][0].codes
    same = codes == spoken["without a cache"][0].codes
    others = codes == spoken["with its cache"][0].codes
    sampled = ours.speak(TEXTS, options).codes
    alone = [ours.speak([text], options, seed=n).codes[0] for n, text in enumerate(TEXTS)]
    slower = min(medians.values()) < medians["narrated"]
    print(f"  codes as upstream's without a cache: {'the same' if same else 'OTHERS'}")
    print(
        f"  codes as upstream's with its cache (off by one): {'THE SAME' if others else 'others'}"
    )
    print(f"  a batch, drawn, as its texts alone: {'the same' if sampled == alone else 'OTHERS'}")
    print(f"  never slower: {'NOT REACHED' if slower else 'reached'}")
    # Were those with the cache the same, positions would not matter, and nothing was shown.
    return int(not same or others or sampled != alone or slower)


@contextmanager
def _upstream(python: str, place: Path, options: dict[str, Any], *more: str) -> Iterator[Upstream]:
    """Start upstream, and wait until its models are loaded."""
    if not Path(python).is_file():
        raise SystemExit(f"There is no {python}: narrated engines install tortoise --apart FOLDER")
    script = str(Path(checkpoints.__file__).with_name("upstream_tortoise.py"))
    command = [python, "-W", "ignore", script, str(place), str(place / "voice.latents"), *more]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        upstream = Upstream(process)
        upstream.request({"batch": TortoiseSettings.of(options).num_autoregressive_samples})
        try:
            yield upstream
        finally:
            process.stdin.close()


def _until_end(codes: Sequence[int]) -> list[int]:
    """The codes before the end."""
    return list(codes[: codes.index(_END)]) if _END in codes else list(codes)


if __name__ == "__main__":
    sys.exit(main())
