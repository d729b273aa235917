"""Case of Bark in a real worker against transformers' own `generate`."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from measuring import texts
from measuring.json_program import JsonProgram, running_program
from measuring.kept_profiles import profiled_if_missed
from measuring.observed_engine import most_memory, observed
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
NO_MORE = "at most 1 x"
PRECISIONS = {
    "on a GPU": ("bfloat16",),
    "with AMX": ("float32", "bfloat16"),
    "in float32": ("float32",),
}
"""Of `generate`. The bounds are against the first: that of the published files on a CPU."""
ENGINE = "bark-small"


@dataclass(slots=True)
class GenerateTimes:
    """Times of one sentence by `generate`, a round each."""

    alone: list[Spent] = field(default_factory=list)
    batch: list[Spent] = field(default_factory=list)
    batch_bytes: int = 0
    """The most memory at its batch."""


@dataclass(slots=True)
class BarkTimes:
    """Times of one sentence by a worker, and by `generate` in each precision."""

    ours: list[Spent] = field(default_factory=list)
    own_bytes: int = 0
    """The most memory of the worker."""
    theirs: dict[str, GenerateTimes] = field(default_factory=dict)


def bark(bench: SpeedBench) -> list[Figure]:
    """Speak sentences of one length by a worker's full batches, and by `generate`."""
    figures = []
    for setting in settings():
        alone, batch, memory = _rows(bench.sizes, PRECISIONS[setting.name][0])
        if setting.missing:
            figures.append(setting.not_taken(alone, f"at least {ALONE[setting.name]:g} x"))
            figures.append(setting.not_taken(batch, f"at least {BATCH[setting.name]:g} x"))
            if setting.is_gpu:
                figures.append(setting.not_taken(memory, NO_MORE))
        else:
            write = partial(_write_profile, bench, setting)
            taken = _figures(bench, setting)
            figures += profiled_if_missed(bench, "bark", setting, taken, write)
    return figures


def _rows(size: SpeedSizes, precision: str) -> tuple[str, str, str]:
    """What the figures are of: one sentence at a time, the batch, and its memory."""
    what = (
        f"Bark, {size.sentences} sentences of {size.tokens} semantic tokens in one voice, "
        f"against transformers' generate in {precision}"
    )
    batch = f"{what}, its batch of {size.sentences}"
    return f"{what}, one at a time", batch, f"the most memory of {batch}"


def _figures(bench: SpeedBench, setting: Setting) -> Iterator[Figure]:
    times = _measured(bench, setting)
    for precision, theirs in times.theirs.items():
        is_bound = precision == PRECISIONS[setting.name][0]
        alone, batch, memory = _rows(bench.sizes, precision)
        for what, spent, bounds in ((alone, theirs.alone, ALONE), (batch, theirs.batch, BATCH)):
            bound = bounds[setting.name] if is_bound else None
            yield times_as_fast(what, setting, times.ours, spent, bound)
        yield _memory(memory, setting, times.own_bytes, theirs.batch_bytes)


def _memory(what: str, setting: Setting, ours: int, theirs: int) -> Figure:
    """A figure of our memory against theirs; the bound is for a GPU."""
    counted = "allocated by torch" if setting.is_gpu else "resident in the process"
    return Figure(
        f"{what}, {setting.name}",
        f"{ours / theirs:.2f} x (ours {ours / 1e9:.2f} GB; theirs {theirs / 1e9:.2f} GB, "
        f"{counted})",
        NO_MORE if setting.is_gpu else "no bound",
        ours <= theirs if setting.is_gpu else None,
    )


def _measured(bench: SpeedBench, setting: Setting) -> BarkTimes:
    models = bench.scratch / setting.device
    folder = models / str(BUILT_IN_ENGINES[ENGINE].options["model"])
    size = bench.sizes
    if not folder.exists():
        write_steady_bark(folder, on_gpu=setting.is_gpu, layers=size.layers, tokens=size.tokens)
    history = write_history(models / "voice.pt")
    with ExitStack() as stack:
        upstreams = {}
        for precision in PRECISIONS[setting.name]:
            arguments = (folder, setting.device, precision, history)
            program = running_program("upstream_bark", *arguments)
            upstreams[precision] = stack.enter_context(program)
            upstreams[precision].answer()
        return asyncio.run(_rounds(upstreams, models, setting, size))


async def _rounds(
    upstreams: Mapping[str, JsonProgram], models: Path, setting: Setting, size: SpeedSizes
) -> BarkTimes:
    memory = models / f"memory-{setting.dtype}"
    said = _sentences(size)
    times = BarkTimes(theirs={precision: GenerateTimes() for precision in upstreams})
    async with _own_worker(models, setting, size, memory=memory) as worker:
        for number in range(size.rounds):
            say(f"bark {setting.name}: round {number + 1} of {size.rounds}, by a worker")
            ours, samples = await _speak(worker, said, seed=number)
            times.ours.append(ours)
            say(f"bark {setting.name}: {ours} a sentence")
            for precision, upstream in upstreams.items():
                say(f"bark {setting.name}: generate in {precision}")
                _generate_both(upstream, said, size.alone, samples, times.theirs[precision])
    times.own_bytes = most_memory(memory)
    return times


def _own_worker(
    models: Path, setting: Setting, size: SpeedSizes, **observing: Path
) -> AbstractAsyncContextManager[Worker]:
    """A worker with as many slots as the batch has, so that the memory of both is comparable."""
    resources = ModelResources(models=str(models), device=setting.device)
    spec = BUILT_IN_ENGINES[ENGINE]
    options = {**spec.options, "dtype": setting.dtype, "rows": size.sentences}
    return running_worker(resources, observed(replace(spec, options=options), **observing))


def _sentences(size: SpeedSizes) -> list[str]:
    return [texts.note(number).strip() for number in range(size.sentences)]


def _write_profile(bench: SpeedBench, setting: Setting, file: Path) -> None:
    """Profile a fresh worker that speaks all sentences once."""

    async def speak() -> None:
        models = bench.scratch / setting.device
        async with _own_worker(models, setting, bench.sizes, profile=file) as worker:
            await _speak(worker, _sentences(bench.sizes), seed=0)

    asyncio.run(speak())


async def _speak(worker: Worker, said: Sequence[str], seed: int) -> tuple[Spent, int]:
    """Speak all texts, fed as the daemon feeds it; the time of one, and the samples of each."""
    watch, cpu_s = Stopwatch(), own_processor_s(worker.pid)
    asked = [({"text": text, "voice": VOICE, "seed": seed}, b"") for text in said]
    results = await fed(worker, ENGINE, asked)
    spent = watch.stopped(own_processor_s(worker.pid) - cpu_s)
    lengths = {len(each.payload) // 2 for each in results}
    assert len(lengths) == 1, f"sentences of {lengths} samples"
    return spent / len(said), lengths.pop()


def _generate_both(
    upstream: JsonProgram, said: Sequence[str], alone: int, samples: int, times: GenerateTimes
) -> None:
    """Add the times of some texts one at a time, and of all in one batch."""
    spent, _ = _generate(upstream, [[text] for text in said[:alone]], samples)
    times.alone.append(spent)
    batch, peak_bytes = _generate(upstream, [said], samples)
    times.batch.append(batch)
    times.batch_bytes = max(times.batch_bytes, peak_bytes)
    say(f"{spent} a sentence one at a time, {batch} in a batch")


def _generate(
    upstream: JsonProgram, calls: Sequence[Sequence[str]], samples: int
) -> tuple[Spent, int]:
    """The time of one sentence, if each is as long as ours, and the most memory."""
    spent, peak_bytes = Spent(0.0, 0.0), 0
    for call in calls:
        watch = Stopwatch()
        answer = upstream.request(call)
        assert answer["samples"] == samples, f"{answer['samples']} samples, and {samples} of ours"
        spent += watch.stopped(answer["cpu_s"])
        peak_bytes = max(peak_bytes, answer["peak_bytes"])
    return spent / sum(map(len, calls)), peak_bytes
