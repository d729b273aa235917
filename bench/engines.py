"""Measures the engines that speak on this machine, each beside its upstream, on the same text.

    python bench/engines.py [--quick] [--table] [--voices FOLDER] [--models FOLDER] [ENGINE ...]

It prints the table of docs/voices.md; --table writes it there, too. Processor seconds count, so a
busy machine changes little. A post is narrated with each by a daemon of its own, at the end.
FOLDER has a voice of Piper: two files, X.onnx and X.onnx.json; by default the one of the tests.
Weights that are not here are drawn at random in the published sizes, and speak noise of a fixed
length: 2 s a sentence for Bark, 4 s for Pocket TTS, 6 s for MMS, 1 s for Tortoise. Exits with 1 if
an engine is slower than its upstream.
"""

import json
import platform
import re
import subprocess
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

import measuring  # noqa: F401 # puts the tests on the path, and this folder off it
from measuring.engine_costs import EngineCosts
from measuring.engine_posts import narrated_post
from measuring.engine_trials import EngineTrial, trial
from measuring.program import NotTaken, argument_parser, scratch_folder
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.human_formatting import size
from narrated.workers.child import environment

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "bench/measuring/engine_costs.py"
PAGE = ROOT / "docs/voices.md"
BEGIN, END = "<!-- bench/engines.py --table -->\n", "<!-- end -->\n"
MEASURED = ("espeak", "pico", "piper", "kokoro", "pocket-tts", "mms", "bark-small", "tortoise")
BATCHED = ("bark",)
"""Upstreams that speak several texts at once."""
HEAD = """
| engine | weights | start | a second of speech | in a batch | upstream | memory | a post |
|---|---|---|---|---|---|---|---|
"""
MOST_S = 850.0


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("--voices", type=Path)
    parser.add_argument("--models", type=Path, help="pulled models: Kokoro's are taken from it")
    parser.add_argument("--table", action="store_true", help="write the table into docs/voices.md")
    parser.add_argument("engines", nargs="*", metavar="ENGINE")
    wanted = parser.parse_args()
    lines = [f"{_processor()}, Python {platform.python_version()}; processor seconds.", HEAD[:-1]]
    print("\n".join(lines), flush=True)
    is_slower = False
    with scratch_folder(wanted.scratch) as scratch:
        for name in wanted.engines or MEASURED:
            if name not in BUILT_IN_ENGINES:
                sys.exit(f"There is no engine {name}. Name some of {', '.join(MEASURED)}.")
            try:
                made = trial(
                    name, scratch / name, wanted.voices, wanted.models, is_quick=wanted.quick
                )
                line, slower = _row(made, scratch / f"{name}-home")
            except NotTaken as why:
                line, slower = f"| `{name}` | not taken: {why} | | | | | | |", False
            print(line, flush=True)
            lines.append(line)
            is_slower |= slower
    if wanted.table:
        PAGE.write_text(with_table(PAGE.read_text(), "\n".join(lines) + "\n"))
    return int(is_slower)


def with_table(page: str, table: str) -> str:
    """A page with another table between its marks."""
    between = re.compile(f"(?s){re.escape(BEGIN)}.*?{re.escape(END)}")
    assert between.search(page), f"{PAGE} has no marks for its table"
    return between.sub(lambda _: f"{BEGIN}\n{table}\n{END}", page)


def _row(made: EngineTrial, home: Path) -> tuple[str, bool]:
    """The line of an engine, and whether it is slower than its upstream."""
    costs = _costs(made)
    theirs = _costs(made, "upstream") if made.upstream else None
    beside, fastest = "–", 0.0
    if theirs:
        fastest = min(theirs.solo, theirs.batch)
        in_batch = f", in a batch {theirs.batch:.3f} s" if made.upstream in BATCHED else ""
        beside = f"{theirs.solo:.3f} s{in_batch}"
    try:
        post = f"{narrated_post(made, home):.2f} s"
    except AssertionError:
        traceback.print_exc()
        post = "failed"
    line = (
        f"| `{made.name}` | {made.weights} | {costs.start_s:.1f} s | {costs.solo:.3f} s "
        f"| {costs.batch:.3f} s | {beside} | {size(costs.memory_bytes)} | {post} |"
    )
    # A tenth more is what two runs of the same differ by.
    return line, bool(theirs and costs.batch > 1.1 * fastest)


def _costs(made: EngineTrial, *more: str) -> EngineCosts:
    """The costs of an engine, or of its upstream. Raises NotTaken with the reason."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", PROGRAM, json.dumps(asdict(made)), *more],
        env={**environment(""), "PYTHONPATH": str(ROOT / "daemon")},
        capture_output=True,
        text=True,
        timeout=MOST_S,
        check=False,
    )
    if done.returncode:
        raise NotTaken((done.stderr.strip().splitlines() or ["it ended"])[-1])
    return EngineCosts(**json.loads(done.stdout.splitlines()[-1]))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
