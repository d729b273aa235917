"""Case of a text that is ten times as long as another, narrated by the same daemon."""

import time
from statistics import median

from engines.checkpoints.bark import PRESETS, bark
from measuring import texts
from measuring.busy_model import finished, timed_daemon
from measuring.measured_daemon import MeasuredDaemon
from measuring.processes import processor_s
from measuring.program import Figure, say
from measuring.speed_bench import SpeedBench, Spent

LONGER, MOST = 10, 10.5
PATIENCE_S = 1800.0


def text(bench: SpeedBench) -> list[Figure]:
    """Narrate a text, and one ten times as long, by a tiny Bark; each chunk takes as long."""
    model = bark(bench.scratch / "ten-times-bark", max_new_tokens=48, ends=0.0)
    engine = {"engine": "narrated.engines.bark.engine", "model": str(model)}
    words, rounds = bench.sizes.words, bench.sizes.rounds
    home = bench.scratch / "ten-times"
    with timed_daemon(home, engine, PRESETS[0]) as daemon:
        _narrated(daemon, "first", words)  # loads what is loaded once
        made = []
        for number in range(rounds):
            say(f"text: round {number + 1} of {rounds}")
            short = _narrated(daemon, f"short-{number}", words, seed=number)
            long = _narrated(daemon, f"long-{number}", words * LONGER, seed=100 + number)
            made.append(_ratio(long, short))
    return [_figure(words, made)]


def _narrated(daemon: MeasuredDaemon, name: str, words: int, seed: int = 999) -> Spent:
    """The time of a chunk, until the text is published: of the daemon and its processes.

    Of a chunk, since ten texts have not always ten times the chunks of one.
    """
    content = texts.post(words, seed=seed)
    before = finished(daemon)
    began_s, cpu_s = time.monotonic(), processor_s(daemon.pid)
    daemon.drop(f"{name}/post.md", content)
    ended_s = daemon.wait_published(name, 1, PATIENCE_S)
    spent = Spent(ended_s - began_s, processor_s(daemon.pid) - cpu_s)
    return spent / (finished(daemon) - before)


def _ratio(long: Spent, short: Spent) -> Spent:
    """The times of ten times the chunks, by those of one time."""
    return Spent(long.wall_s / short.wall_s * LONGER, long.cpu_s / short.cpu_s * LONGER)


def _figure(words: int, made: list[Spent]) -> Figure:
    times = median(each.cpu_s for each in made)
    clock = median(each.wall_s for each in made)
    return Figure(
        f"a text of {words * LONGER} words against one of {words}, from the drop to the "
        "publication, by a tiny Bark",
        f"{times:.2f} x by processor time, {clock:.2f} x by the clock; medians of {len(made)}",
        f"at most {MOST} x",
        times <= MOST,
    )
