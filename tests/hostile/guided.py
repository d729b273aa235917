"""Coverage-guided fuzzing of one target, in a process of its own, since atheris ends its process.

    python tests/hostile/guided.py post --seconds 600 --corpus corpus --found found

Without a seed it draws one, and prints it. What fails is written into `found`, and the exit status
is then not 0; what was learnt stands in `corpus`, and is set out from the next time.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "daemon")]

_INSTRUMENTED = ["narrated", "markdown_it", "mdit_py_plugins", "bs4", "yaml", "tomllib", "PIL"]
_LONGEST_BYTES = 4096
_SLOWEST_S = 30
"""For so few bytes; a loaded machine takes many times as long as a quiet one."""
_MOST_MEGABYTES = 4000

with atheris.instrument_imports(include=_INSTRUMENTED):
    from hostile.samples import samples, tokens
    from hostile.targets import TARGETS


def main() -> None:
    """Fuzz as the command line asks."""
    asked = _asked(sys.argv[1:])
    seed = asked.seed or random.randrange(1, 2**31)
    print(f"{asked.target}: seed {seed}", flush=True)
    target = TARGETS[asked.target]
    with tempfile.TemporaryDirectory() as scratch:
        corpus = asked.corpus or Path(scratch) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        with atheris.instrument_imports(include=_INSTRUMENTED):  # what is imported late, too
            for number, sample in enumerate(samples(asked.target)):
                (corpus / f"sample-{number}").write_bytes(sample)
                target(sample)
        words = Path(scratch) / "words"
        words.write_text(tokens())
        asked.found.mkdir(parents=True, exist_ok=True)
        options = {
            "seed": seed,
            "max_total_time": asked.seconds,
            "max_len": _LONGEST_BYTES,
            "len_control": 0,
            "timeout": _SLOWEST_S,
            "rss_limit_mb": _MOST_MEGABYTES,
            "dict": words,
            "artifact_prefix": f"{asked.found}/{asked.target}-",
            "print_final_stats": 1,
        }
        told = [f"-{name}={value}" for name, value in options.items()]
        atheris.Setup([sys.argv[0], *told, str(corpus)], target)
        atheris.Fuzz()


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, default=None)
    parser.add_argument("--found", type=Path, default=Path(tempfile.gettempdir()))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
