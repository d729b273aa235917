"""Speaks by the stages of narrated's Tortoise, warm, in a process with a worker's environment.

    python own_tortoise.py CHECKPOINT DEVICE

Reads requests as lines of JSON, each some texts that are spoken at once, with their options, and
answers with their codes and their seconds. With a file `profile`, it profiles the steps.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measuring  # noqa: F401 # puts the tests on the path
from narrated.engines.tortoise.options import TortoiseSettings

# isort: split
from engines.stage_driver import finished
from engines.tortoise.stage_driver import QUICK, TortoiseDriver
from measuring.step_profile import StepProfile

VOICE = 1


def main() -> None:
    checkpoint, device = sys.argv[1:]
    driver = TortoiseDriver(Path(checkpoint), device=device)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(_spoken(driver, **json.loads(line))), flush=True)


def _spoken(
    driver: TortoiseDriver,
    texts: Sequence[str],
    options: dict[str, Any],
    seed: int,
    profile: str = "",
) -> dict[str, Any]:
    """Speak all texts at once."""
    pipeline = driver.pipeline()
    if profile:
        pipeline.step = StepProfile(Path(profile)).of(pipeline.step)
    settings = TortoiseSettings.of(options)
    chosen = {name: getattr(settings, name) for name in QUICK.keys() - options.keys()}
    requests = [
        driver.row(text, text, VOICE, seed + number, **chosen, **options)
        for number, text in enumerate(texts)
    ]
    began_s, cpu_s = time.monotonic(), time.process_time()
    for request in requests:
        pipeline.admit(request)
    finished(pipeline, len(requests))
    spent = {"wall_s": time.monotonic() - began_s, "cpu_s": time.process_time() - cpu_s}
    assert all(len(each.pcm) > 100 and not each.problem for each in requests), "nothing was spoken"
    return {**spent, "codes": [[list(c or ()) for c in each.candidates] for each in requests]}


if __name__ == "__main__":
    main()
