"""Tortoise held against tortoise.api itself, in an interpreter with the libraries that it pins;
and narrated's own engine, spoken through that interpreter."""

import asyncio
import itertools
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.checkpoints.tortoise import tortoise
from engines.tortoise.recordings import recorded
from engines.tortoise.stage_driver import QUICK, TortoiseDriver, close, samples
from narrated.engines.interface import SpeechRequest, SpeechResult
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.engines.tortoise.checkpoint import MODELS, _weights
from narrated.engines.tortoise.engine import load
from narrated.engines.tortoise.request import TortoiseRequest
from support.engine_context import PlainContext
from workers.support import running, spec

pytestmark = pytest.mark.long  # the pins are installed for minutes

TEXT = "The kettle is on, and I am back at four, with the dog and all the rain in her fur."
SETTINGS = {
    "num_autoregressive_samples": 2,
    "diffusion_iterations": 4,
    "max_mel_tokens": 60,
    "top_k": 1,
    "temperature": 0.7,
    "repetition_penalty": 1.5,
    "cond_free": True,
    "cond_free_k": 1.5,
    "diffusion_temperature": 0.8,
}


@pytest.fixture(scope="module")
def chatty(tmp_path_factory):
    """A checkpoint that says a good deal before it ends."""
    return tortoise(tmp_path_factory.mktemp("chatty"), seed=13)


@pytest.fixture(scope="module")
def ours(chatty):
    """A row that was spoken by narrated, each noise of it of the seed that is its number."""
    driver = TortoiseDriver(chatty)
    row = driver.row("1", TEXT, **SETTINGS)
    seeds = itertools.count()

    def next_noise(row, shape, *path):
        return torch.randn(tuple(shape), generator=torch.Generator().manual_seed(next(seeds)))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TortoiseRequest, "noise", next_noise)
        (outcome,) = driver.spoken([row]).values()
    assert isinstance(outcome, SpeechResult)
    return row


@pytest.fixture(scope="module")
def theirs(tortoise_pins, chatty, ours, tmp_path_factory):
    """The same text, settings, voice and noise, spoken by tortoise.api."""
    folder = tmp_path_factory.mktemp("theirs")
    latents = ours.latents.autoregressive, ours.latents.diffusion
    np.savez(folder / "latents", **{str(i): each.numpy() for i, each in enumerate(latents)})
    measured = {kind: of(_weights(chatty / file)) for file, (kind, of) in MODELS.items()}
    told = {
        "folder": str(chatty),
        "text": TEXT,
        "settings": SETTINGS,
        "sizes": measured,
        "latents": str(folder / "latents.npz"),
    }
    (folder / "told.json").write_text(json.dumps(told))
    script = Path(__file__).with_name("pinned_upstream.py")
    done = subprocess.run(
        (tortoise_pins, "-I", script, folder / "told.json", folder / "came.npz"),
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder / "came.npz")


def without_end(codes, end=8193):
    """Each candidate's codes up to its end."""
    return [list(codes[row][: (codes[row] == end).argmax()]) for row in range(len(codes))]


def test_codes_match_upstream_api(ours, theirs):
    """The codes are those of tortoise's own api."""
    assert str(theirs["transformers"]) == "4.31.0"
    assert ours.candidates == without_end(theirs["codes"])
    assert all(len(codes) > 12 for codes in ours.candidates)


def test_upstream_cache_differs(ours, theirs):
    """It numbers the codes one too high: the first that it reads from the cache has number 2."""
    others = theirs["codes_with_cache"]
    assert others[0][0] == ours.candidates[0][0]  # made without the cache
    assert without_end(others) != ours.candidates


def test_sound_matches_upstream_api(ours, theirs):
    """The sound is that of tortoise's own api."""
    said, sound = samples(ours.pcm), theirs["sound"]
    assert len(said) == len(sound)
    assert np.abs(sound).max() > 0.01
    np.testing.assert_allclose(said, sound, atol=1e-3)


def test_pinned_python_matches(tortoise_pins, folder, tmp_path):
    """Narrated's engine speaks the same through the interpreter of the pins."""
    recorded(tmp_path / "voices/anna", count=2)
    options = {"model": str(folder), **QUICK, "dtype": "float32"}
    here = load(options, PlainContext(voices=tmp_path / "voices", cache=tmp_path / "here"))
    here.models[0].warm()
    here.admit(SpeechRequest("1", TEXT, "anna", seed=3))
    out = []
    while not (out and isinstance(out[-1], SpeechResult)):
        out += here.step()

    known = BUILT_IN_ENGINES.get("tortoise")
    home = ModelResources(
        voices=str(tmp_path / "voices"), cache=str(tmp_path / "there"), device="cpu"
    )
    engine = replace(known, python=str(tortoise_pins), options=options)
    there = spec(engine, name="apart", python=str(tortoise_pins), load_s=100.0, silence_s=100.0)

    async def story():
        async with running(replace(there, resources=home)) as watched:
            async with asyncio.timeout(150):
                worker = await watched.worker()
                await watched.until(
                    lambda: "tortoise" in worker.engines or watched.pool.unavailable("tortoise")
                )
            assert watched.pool.unavailable("tortoise") is None
            assert worker.engines["tortoise"].identity == here.identity
            request = {"text": TEXT, "voice": "anna", "seed": 3}
            return await worker.submit("tortoise", request)

    spoken = asyncio.run(story())
    assert spoken.header["sample_rate"] == 24_000
    assert close(spoken.payload, out[-1].pcm)
    heard = [np.load(next((tmp_path / place).iterdir())) for place in ("here", "there")]
    for name in ("autoregressive", "diffusion"):
        torch.testing.assert_close(*(torch.from_numpy(each[name]) for each in heard))
