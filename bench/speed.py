"""Measures how fast the models work, each against what a user would do instead, in one run.

    python bench/speed.py [--quick] [--rounds N] [--scratch FOLDER] [CASE ...]

Full-size random weights, all sentences of one length, medians. On a CPU Bark has the size of
bark-small. The clock counts if nothing else holds the cores, else processor time. Needs torch,
transformers and 16 GB of memory, and keeps all cores busy for an hour; `taskset -c 0` before the
command leaves it one core. Exits with 1 if a figure misses its bound.
"""

import sys
from dataclasses import replace

from measuring import bark_speed, busy_model, captions_speed, step_speed, ten_times, tortoise_speed
from measuring.program import conditions, parse_cases, say, scratch_folder, show, take
from measuring.speed_bench import QUICK, SpeedBench, SpeedSizes, hardware

CASES = {
    "bark": bark_speed.bark,
    "step": step_speed.step,
    "tortoise": tortoise_speed.tortoise,
    "captions": captions_speed.captions,
    "busy": busy_model.busy,
    "text": ten_times.text,
}


def main() -> int:
    wanted = parse_cases(__doc__, CASES, rounds=True)
    sizes = QUICK if wanted.quick else SpeedSizes()
    sizes = replace(sizes, rounds=wanted.rounds or sizes.rounds)
    with scratch_folder(wanted.scratch) as scratch:
        bench = SpeedBench(scratch, sizes, is_quick=wanted.quick)
        figures = []
        for name in wanted.cases or CASES:
            for each in take(name, CASES[name], bench):
                figures.append(each)
                say(f"{each.what}: {each.figure} {each.verdict}")
    return show(figures, f"{hardware()}; {conditions(wanted.quick)}")


if __name__ == "__main__":
    sys.exit(main())
