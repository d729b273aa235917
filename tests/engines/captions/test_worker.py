"""A captioner in a real worker: its model is brought in there, and pictures come back as texts."""

import asyncio
import io
from dataclasses import replace

import pytest
from PIL import Image

from engines.paint import saved, shaded
from narrated.engines.model_interface import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineError
from workers.support import running, spec
from workers.test_models import leave_it


def captioner(checkpoint):
    known = BUILT_IN_ENGINES.get("blip")
    engine = replace(known, options={"model": str(checkpoint("blip")), "max_tokens": 6})
    return replace(spec(engine, name="models", load_s=60.0), home=ModelResources(device="cpu"))


def test_huge_picture_fails_alone(checkpoint):
    """A picture too large for the free memory fails alone and says so."""
    vast = io.BytesIO()
    Image.new("RGB", (12_000, 10_000), "red").save(vast, "PNG", compress_level=1)

    async def story():
        async with running(captioner(checkpoint)) as watched:
            worker = await watched.worker()
            assert (await worker.submit("blip", {}, saved(shaded(0)))).header["text"]
            leave_it(worker, 250)
            asked = [
                worker.submit("blip", {}, each) for each in (vast.getvalue(), saved(shaded(1)))
            ]
            with pytest.raises(EngineError, match="has no room"):
                await asked[0]
            assert (await asked[1]).header["text"]

    asyncio.run(story())


def test_pictures_share_a_worker(checkpoint):
    """A worker describes pictures side by side."""
    pictures = [saved(shaded(number)) for number in range(6)]

    async def story():
        async with running(captioner(checkpoint)) as watched:
            worker = await watched.worker()
            await watched.until(lambda: "blip" in worker.engines)
            texts = await asyncio.gather(
                *(worker.submit("blip", {}, picture) for picture in pictures)
            )
            said = [str(each.header["text"]) for each in texts]
            assert all(text.endswith(".") for text in said)
            assert len(set(said)) > 1
            (model,) = watched.pool.states()[0].models
            assert (model.warmth, model.engines) == ("warm", ("blip",))

    asyncio.run(story())
