"""A captioner in a real worker: its model is brought in there, and pictures come back as texts."""

import asyncio
import io
from dataclasses import replace

import pytest
from PIL import Image

from engines.paint import saved, shaded
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineError
from workers.support import running, spec
from workers.test_models import leave_it, lift_limit


def captioner(checkpoint):
    known = BUILT_IN_ENGINES.get("blip")
    engine = replace(known, options={"model": str(checkpoint("blip")), "max_tokens": 6})
    return replace(
        spec(engine, name="models", load_s=300.0), resources=ModelResources(device="cpu")
    )


@pytest.fixture(scope="module")
def runner():
    """The event loop of all that the tests share."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def watched(checkpoint, runner):
    """A pool whose worker has the captioner."""
    pool = running(captioner(checkpoint))
    watched = runner.run(pool.__aenter__())
    yield watched
    runner.run(pool.__aexit__(None, None, None))


def test_pictures_share_a_worker(runner, watched):
    """A worker describes pictures side by side."""
    pictures = [saved(shaded(number)) for number in range(6)]

    async def story():
        worker = await watched.worker()
        await watched.until(lambda: "blip" in worker.engines)
        texts = await asyncio.gather(*(worker.submit("blip", {}, picture) for picture in pictures))
        said = [str(each.header["text"]) for each in texts]
        assert all(text.endswith(".") for text in said)
        assert len(set(said)) > 1
        (model,) = watched.pool.states()[0].models
        assert (model.warmth, model.engines) == ("warm", ("blip",))

    runner.run(story())


def test_huge_picture_fails_alone(runner, watched):
    """A picture too large for the free memory fails alone and says so."""
    vast = io.BytesIO()
    Image.new("RGB", (12_000, 10_000), "red").save(vast, "PNG", compress_level=1)

    async def story():
        worker = await watched.worker()
        assert (await worker.submit("blip", {}, saved(shaded(0)))).header["text"]
        pictures = (vast.getvalue(), saved(shaded(1)))
        leave_it(worker, 250)
        try:
            asked = [worker.submit("blip", {}, each) for each in pictures]
            with pytest.raises(EngineError, match="has no room"):
                await asked[0]
            assert (await asked[1]).header["text"]
        finally:
            lift_limit(worker.pid)

    runner.run(story())
