"""Case of Bark's decode step at batch 1 against the time of reading its weights."""

from functools import partial
from pathlib import Path
from typing import Any

from measuring.json_program import own_program
from measuring.kept_profiles import profiled_if_missed
from measuring.program import Figure, say
from measuring.speed_bench import Setting, SpeedBench, settings
from measuring.steady_bark import write_steady_bark

SHARES = {"on a GPU": 0.40, "with AMX": 0.70, "in float32": 0.70}
"""At least so much of a step is the reading of its weights."""
TOKENS = 240
"""Of a sentence, so many steps."""
WHAT = (
    "a semantic decode step of Bark at batch 1: a plain read of as many bytes as its weights, "
    "in the same process, by its time"
)


def step(bench: SpeedBench) -> list[Figure]:
    """Time steps and reads in turn."""
    return [each for setting in settings() for each in _figures(bench, setting)]


def _figures(bench: SpeedBench, setting: Setting) -> list[Figure]:
    share = SHARES[setting.name]
    goal = f"at least {share:.0%}"
    if setting.missing:
        return [setting.not_taken(WHAT, goal)]
    say(f"step {setting.name}")
    folder = bench.scratch / setting.device / "step"
    if not folder.exists():
        layers = bench.sizes.layers
        write_steady_bark(folder, on_gpu=setting.is_gpu, layers=layers, tokens=TOKENS)
    told = _timed(folder, setting)
    reached = told["read_s"] / told["token_s"]
    rate = told["bytes"] / told["read_s"] / 1e9
    figure = Figure(
        f"{WHAT}, {setting.name}",
        f"{reached:.0%} (a step {told['token_s'] * 1e3:.1f} ms, a read {told['read_s'] * 1e3:.1f} "
        f"ms of {told['bytes'] / 1e6:.0f} MB at {rate:.1f} GB/s; medians of {told['slices']})",
        goal,
        reached >= share,
    )
    write = partial(_timed, folder, setting)
    return profiled_if_missed(bench, "step", setting, [figure], write)


def _timed(folder: Path, setting: Setting, *profile: Path) -> dict[str, Any]:
    """The times that the program tells; with a file for a profile, it writes that besides."""
    arguments = (folder, setting.device, setting.dtype, *profile)
    with own_program("bark_step", *arguments) as program:
        return dict(program.answer())
