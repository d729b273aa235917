"""Case of captions by a real worker against one picture at a time."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from PIL import Image
from transformers import BlipForConditionalGeneration

from engines.checkpoints.captions import bert_tokenizer
from measuring import checkpoints
from measuring.json_program import running_program
from measuring.kept_profiles import profiled_if_missed
from measuring.observed_engine import observed
from measuring.processes import own_processor_s
from measuring.program import Figure, say
from measuring.speed_bench import Setting, SpeedBench, Spent, Stopwatch, settings, times_as_fast
from measuring.worker import fed, running_worker
from narrated.engines.captions.postprocessing import tidy
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.workers.worker import Worker

FASTER = {"on a GPU": 4.0, "with AMX": 1.5, "in float32": None}
"""At least so many times as fast as one at a time."""
ENGINE = "blip"
_NEVER = -1e4


def captions(bench: SpeedBench) -> list[Figure]:
    """Describe pictures of a camera's shape, with texts of one length."""
    what = (
        f"captions by BLIP base, {bench.sizes.pictures} pictures of 1,600 x 1,200, "
        f"{bench.sizes.caption_tokens} tokens each, against transformers' generate one at a time"
    )
    files = _write_pictures(bench.scratch / "pictures", bench.sizes.pictures)
    figures = []
    for setting in settings():
        bound = FASTER[setting.name]
        if setting.missing:
            figures.append(setting.not_taken(what, f"at least {bound:g} x"))
        else:
            taken = [_figure(bench, setting, what, files)]
            write = partial(_write_profile, bench, setting, files)
            figures += profiled_if_missed(bench, "captions", setting, taken, write)
    return figures


def _figure(bench: SpeedBench, setting: Setting, what: str, files: list[Path]) -> Figure:
    size = bench.sizes
    models = bench.scratch / setting.device
    folder = models / str(BUILT_IN_ENGINES[ENGINE].options["model"])
    if not folder.exists():
        dtype = torch.bfloat16 if setting.is_gpu else torch.float32
        checkpoints.save(lambda: _endless(checkpoints.blip(), folder), folder, dtype)
    ours, theirs, same = [], [], 0
    arguments = (folder, setting.device, size.caption_tokens)
    with running_program("upstream_captions", *arguments) as upstream:
        upstream.answer()
        for number in range(min(size.rounds, 2)):
            say(f"captions {setting.name}: round {number + 1}, one at a time")
            watch = Stopwatch()
            answer = upstream.request([str(file) for file in files])
            theirs.append(watch.stopped(answer["cpu_s"]))
            say(f"captions {setting.name}: {theirs[-1]}; by a worker")
            spent, texts = asyncio.run(_described(models, setting, size.caption_tokens, files))
            ours.append(spent)
            told = [tidy(text, True) for text in answer["texts"]]
            same = sum(one == other for one, other in zip(texts, told, strict=True))
            say(f"captions {setting.name}: {spent}")
    return times_as_fast(
        what,
        setting,
        ours,
        theirs,
        FASTER[setting.name],
        f"; the same texts: {same} of {len(files)}",
    )


def _write_profile(bench: SpeedBench, setting: Setting, files: list[Path], file: Path) -> None:
    """Profile a fresh worker that describes all pictures."""
    models, tokens = bench.scratch / setting.device, bench.sizes.caption_tokens
    asyncio.run(_described(models, setting, tokens, files, profile=file))


async def _described(
    models: Path, setting: Setting, tokens: int, files: Iterable[Path], **observing: Path
) -> tuple[Spent, list[str]]:
    """Describe the pictures in a fresh worker, once it is warm."""
    resources = ModelResources(models=str(models), device=setting.device)
    spec = BUILT_IN_ENGINES[ENGINE]
    options = {**spec.options, "dtype": setting.dtype, "max_tokens": tokens}
    pictures = [file.read_bytes() for file in files]
    engine = observed(replace(spec, options=options), **observing)
    async with running_worker(resources, engine) as worker:
        await _warmed(worker, pictures)
        watch, cpu_s = Stopwatch(), own_processor_s(worker.pid)
        results = await fed(worker, ENGINE, [({}, picture) for picture in pictures])
        spent = watch.stopped(own_processor_s(worker.pid) - cpu_s)
    return spent, [str(result.header["text"]) for result in results]


async def _warmed(worker: Worker, pictures: list[bytes]) -> None:
    """Let the engine find its batch: on a CPU it begins with one picture, until it knows."""
    await fed(worker, ENGINE, [({}, picture) for picture in pictures[:7]])


def _write_pictures(folder: Path, count: int) -> list[Path]:
    """Photographs by their size; noise costs a decoder more than a photograph."""
    folder.mkdir(exist_ok=True)
    files = [folder / f"picture-{number:02}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        small = Image.effect_noise((400, 300), 60 + number).convert("RGB")
        small.resize((1600, 1200), Image.Resampling.BICUBIC).save(file, quality=90)
    return files


def _endless(model: BlipForConditionalGeneration, folder: Path) -> BlipForConditionalGeneration:
    """Never write the end, nor a token without a word."""
    words = bert_tokenizer(folder)
    bias = model.text_decoder.cls.predictions.decoder.bias.data
    bias[len(words) :] = _NEVER
    bias[[*words.all_special_ids, model.config.text_config.sep_token_id]] = _NEVER
    return model
