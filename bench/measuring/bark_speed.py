"""Case of Bark in a real worker against transformers' own `generate`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from measuring import texts
from measuring.json_program import JsonProgram, running_program
from measuring.processes import own_processor_s
from measuring.program import Figure, say
from measuring.speed_bench import (
    Setting,
    SpeedBench,
    SpeedSizes,
    Spent,
    median_spent,
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


@dataclass(frozen=True, slots=True)
class BarkRound:
    """Times of one sentence in one round."""

    ours: Spent
    alone: Spent
    batch: Spent


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
        ours, one, many = _measured(bench, setting)
        figures.append(times_as_fast(alone, setting, ours, one, ALONE[setting.name]))
        figures.append(times_as_fast(batch, setting, ours, many, BATCH[setting.name]))
    return figures


def _measured(bench: SpeedBench, setting: Setting) -> tuple[Spent, Spent, Spent]:
    """Medians of a sentence: ours, alone, and in a batch."""
    models = bench.scratch / setting.device
    folder = models / str(BUILT_IN_ENGINES[ENGINE].options["model"])
    size = bench.sizes
    if not folder.exists():
        write_steady_bark(folder, on_gpu=setting.is_gpu, layers=size.layers, tokens=size.tokens)
    history = write_history(models / "voice.pt")
    with running_program("upstream_bark", folder, setting.device, history) as upstream:
        upstream.answer()
        rounds = asyncio.run(_rounds(upstream, models, setting, size))
    return (
        median_spent([each.ours for each in rounds], setting),
        median_spent([each.alone for each in rounds], setting),
        median_spent([each.batch for each in rounds], setting),
    )


async def _rounds(
    upstream: JsonProgram, models: Path, setting: Setting, size: SpeedSizes
) -> list[BarkRound]:
    resources = ModelResources(models=str(models), device=setting.device)
    spec = BUILT_IN_ENGINES[ENGINE]
    # As many slots as the batch has: no more memory.
    options = {**spec.options, "dtype": setting.dtype, "rows": size.sentences}
    said = [texts.note(number).strip() for number in range(size.sentences)]
    made = []
    async with running_worker(resources, replace(spec, options=options)) as worker:
        for number in range(size.rounds):
            say(f"bark {setting.name}: round {number + 1} of {size.rounds}, by a worker")
            ours, samples = await _speak(worker, said, seed=number)
            say(f"bark {setting.name}: {ours} a sentence; generate, one at a time")
            alone = _generate(upstream, [[text] for text in said[: size.alone]], samples)
            say(f"bark {setting.name}: {alone} a sentence; generate, a batch")
            batch = _generate(upstream, [said], samples)
            say(f"bark {setting.name}: {batch} a sentence")
            made.append(BarkRound(ours, alone, batch))
    return made


async def _speak(worker: Worker, said: Sequence[str], seed: int) -> tuple[Spent, int]:
    """Speak all texts, fed as the daemon feeds it; the time of one, and the samples of each."""
    began_s, cpu_s = monotonic(), own_processor_s(worker.pid)
    asked = [({"text": text, "voice": VOICE, "seed": seed}, b"") for text in said]
    results = await fed(worker, ENGINE, asked)
    spent = Spent(monotonic() - began_s, own_processor_s(worker.pid) - cpu_s)
    lengths = {len(each.payload) // 2 for each in results}
    assert len(lengths) == 1, f"sentences of {lengths} samples"
    return spent / len(said), lengths.pop()


def _generate(upstream: JsonProgram, calls: Sequence[Sequence[str]], samples: int) -> Spent:
    """The time of one sentence, if each is as long as ours."""
    spent = Spent(0.0, 0.0)
    for call in calls:
        answer = upstream.request(call)
        assert answer["samples"] == samples, f"{answer['samples']} samples, and {samples} of ours"
        spent += Spent(answer["wall_s"], answer["cpu_s"])
    return spent / sum(map(len, calls))
