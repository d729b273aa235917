"""A captioner in a real worker: its model is brought in there, and pictures come back as texts."""

import asyncio
from dataclasses import replace

from engines.paint import saved, shaded
from narrated.engines.base import EngineSpec, Home
from workers.support import running, spec


def test_a_worker_describes_pictures_side_by_side(checkpoint):
    known = EngineSpec.registered("blip")
    options = {"model": str(checkpoint("blip")), "max_tokens": 6}
    engine = replace(known, options=options)
    pictures = [saved(shaded(number)) for number in range(6)]

    async def story():
        home = Home(device="cpu")
        async with running(replace(spec(engine, name="models", load_s=60.0), home=home)) as watched:
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
