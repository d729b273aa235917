"""Case of Bark in a real worker against transformers' own `generate`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from measuring import texts
from measuring.json_program import JsonProgram, running_program
from measuring.processes import own_processor_s
from measuring.program import Figure, say
from measuring.speed_bench import (
    Setting,
    SpeedBench,
    SpeedSizes,
    Spent,
    Stopwatch,
    settings,
    times_as_fast,
)
from measuring.steady_bark import VOICE, write_history, write_steady_bark
from measuring.worker import fed, running_worker
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.workers.worker import Worker

ALONE = {"on a GPU": 10.0, "with AMX": 4.5, "in float32": 1.8}
BATCH = {"on a GPU": 3.0, "with AMX": 3.0, "in float32": 1.2}
"""At least so many times as fast as `generate`, one sentence at a time, and its batch."""
ENGINE = "bark-small"


@dataclass(slots=True)
class BarkTimes:
    """Times of one sentence, a round each."""

    ours: list[Spent] = field(default_factory=list)
    alone: list[Spent] = field(default_factory=list)
    batch: list[Spent] = field(default_factory=list)


def bark(bench: SpeedBench) -> list[Figure]:
    """Speak sentences of one length by a worker's full batches, and by `generate`."""
    size = bench.sizes
    what = (
        f"Bark, {size.sentences} sentences of {size.tokens} semantic tokens in one voice, "
        "against transformers' generate"
    )
    alone, batch = f"{what} one at a time", f"{what}, its batch of {size.sentences}"
    figures = []
    for setting in settings():
        if setting.missing:
            figures.append(setting.not_taken(alone, f"at least {ALONE[setting.name]:g} x"))
            figures.append(setting.not_taken(batch, f"at least {BATCH[setting.name]:g} x"))
            continue
        times = _measured(bench, setting)
        name = setting.name
        figures.append(times_as_fast(alone, setting, times.ours, times.alone, ALONE[name]))
        figures.append(times_as_fast(batch, setting, times.ours, times.batch, BATCH[name]))
    return figures


def _measured(bench: SpeedBench, setting: Setting) -> BarkTimes:
    models = bench.scratch / setting.device
    folder = models / str(BUILT_IN_ENGINES[ENGINE].options["model"])
    size = bench.sizes
    if not folder.exists():
        write_steady_bark(folder, on_gpu=setting.is_gpu, layers=size.layers, tokens=size.tokens)
    history = write_history(models / "voice.pt")
    with running_program("upstream_bark", folder, setting.device, history) as upstream:
        upstream.answer()
        return asyncio.run(_rounds(upstream, models, setting, size))


async def _rounds(
    upstream: JsonProgram, models: Path, setting: Setting, size: SpeedSizes
) -> BarkTimes:
    resources = ModelResources(models=str(models), device=setting.device)
    spec = BUILT_IN_ENGINES[ENGINE]
    # As many slots as the batch has. The memory of both is not compared.
    options = {**spec.options, "dtype": setting.dtype, "rows": size.sentences}
    said = [texts.note(number).strip() for number in range(size.sentences)]
    times = BarkTimes()
    async with running_worker(resources, replace(spec, options=options)) as worker:
        for number in range(size.rounds):
            say(f"bark {setting.name}: round {number + 1} of {size.rounds}, by a worker")
            ours, samples = await _speak(worker, said, seed=number)
            times.ours.append(ours)
            say(f"bark {setting.name}: {ours} a sentence; generate, one at a time")
            alone = [[text] for text in said[: size.alone]]
            times.alone.append(_generate(upstream, alone, samples))
            say(f"bark {setting.name}: {times.alone[-1]} a sentence; generate, a batch")
            times.batch.append(_generate(upstream, [said], samples))
            say(f"bark {setting.name}: {times.batch[-1]} a sentence")
    return times


async def _speak(worker: Worker, said: Sequence[str], seed: int) -> tuple[Spent, int]:
    """Speak all texts, fed as the daemon feeds it; the time of one, and the samples of each."""
    watch, cpu_s = Stopwatch(), own_processor_s(worker.pid)
    asked = [({"text": text, "voice": VOICE, "seed": seed}, b"") for text in said]
    results = await fed(worker, ENGINE, asked)
    spent = watch.stopped(own_processor_s(worker.pid) - cpu_s)
    lengths = {len(each.payload) // 2 for each in results}
    assert len(lengths) == 1, f"sentences of {lengths} samples"
    return spent / len(said), lengths.pop()


def _generate(upstream: JsonProgram, calls: Sequence[Sequence[str]], samples: int) -> Spent:
    """The time of one sentence, if each is as long as ours."""
    spent = Spent(0.0, 0.0)
    for call in calls:
        watch = Stopwatch()
        answer = upstream.request(call)
        assert answer["samples"] == samples, f"{answer['samples']} samples, and {samples} of ours"
        spent += watch.stopped(answer["cpu_s"])
    return spent / sum(map(len, calls))
