"""Coverage-guided fuzzing of what `targets` lists, a process a target, since atheris ends its own.

    python tests/hostile/guided.py post page --seconds 600 --corpus corpus --found found

Without targets all are fuzzed, one after the other. Without a seed one is drawn, and printed.
What fails is written into `found`, and the exit status is then not 0; what was learnt stands in
`corpus`, and is set out from the next time.
"""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "daemon")]

_INSTRUMENTED = ["narrated", "markdown_it", "mdit_py_plugins", "yaml"]
_LONGEST_BYTES = 4096
_SLOWEST_S = 30
"""For so few bytes; a loaded machine takes many times as long as a quiet one."""
_MOST_MEGABYTES = 4000

with atheris.instrument_imports(include=_INSTRUMENTED):
    from hostile.samples import samples, tokens
    from hostile.targets import TARGETS

    for name, target in TARGETS.items():  # what is imported late, too
        for sample in samples(name):
            target(sample)


def main() -> int:
    """Fuzz as the command line asks; 1 where anything was found."""
    asked = _asked(sys.argv[1:])
    seed = asked.seed or random.randrange(1, 2**31)
    asked.found.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in asked.targets or TARGETS:
        print(f"{name}: seed {seed}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            corpus = (asked.corpus or Path(scratch)) / name
            child = os.fork()  # with all that took so long to import and to instrument
            if not child:
                _fuzz(name, seed, asked, corpus, Path(scratch))
            failed |= os.waitpid(child, 0)[1] != 0
    return int(failed)


def _fuzz(name: str, seed: int, asked: argparse.Namespace, corpus: Path, scratch: Path) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples(name)):
        (corpus / f"sample-{number}").write_bytes(sample)
    words = scratch / "words"
    words.write_text(tokens())
    options = {
        "seed": seed,
        "max_total_time": asked.seconds,
        "max_len": _LONGEST_BYTES,
        "len_control": 0,
        "timeout": _SLOWEST_S,
        "rss_limit_mb": _MOST_MEGABYTES,
        "dict": words,
        "artifact_prefix": f"{asked.found}/{name}-",
        "print_final_stats": 1,
    }
    told = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], *told, str(corpus)], TARGETS[name])
    atheris.Fuzz()


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, default=None)
    parser.add_argument("--found", type=Path, default=Path("found"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
