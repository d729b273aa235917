"""Takes that are spoiled on purpose, spoken and heard by real workers."""

import asyncio

from narrated.engines.generation_end import GenerationEnd
from narrated.engines.registry import EngineSpec
from workers.support import ENGINES, running, spec

TEXT = "The queue was drawn on a napkin, and the napkin is still our best document."
HEARD = TEXT.lower().replace(",", "").replace(".", "").split()


def engines(**spoils):
    """The mumbling voice and the ear that hears it, in one worker."""
    options = {"spoils": {text: kind for kind, text in spoils.items()}}
    voice = EngineSpec("mumbling", "speech", "mumbling", 400, path=ENGINES, options=options)
    listener = {"mishears": {"napkin": "napping"}}
    ear = EngineSpec("ear", "hearing", "ear", 400, path=ENGINES, options=listener)
    return spec(voice, ear)


async def takes(worker, text, *seeds):
    """What is heard of each take, and the engine's word on its end."""
    told = []
    for seed in seeds:
        header = {"text": text, "voice": "mumble", "seed": seed}
        spoken = await worker.submit("mumbling", header)
        sound = {"sample_rate": spoken.header["sample_rate"], "language": "en"}
        heard = await worker.submit("ear", sound, spoken.payload)
        told.append((heard.header["text"].split(), GenerationEnd.checked(spoken.header)))
    return told


def test_ear_hears_real_words():
    """A take says its own words; a spoiled one says others, which the ear hears."""
    good = [word.replace("napkin", "napping") for word in HEARD]

    async def story():
        spoils = {"cut": "queue", "tail": "One", "missing": "Two", "nothing": "Three"}
        async with running(engines(**spoils)) as watched:
            worker = await watched.worker()
            ((heard, end),) = await takes(worker, TEXT.replace("queue", "line"), 0)
            assert heard == [word.replace("queue", "line") for word in good]
            assert end == GenerationEnd()
            ((cut, _),) = await takes(worker, TEXT, 0)
            assert cut[:-1] == good[: len(cut) - 1] and len(cut) < len(good) - 2
            ((tail, _),) = await takes(worker, "One " + TEXT.replace("queue", "line"), 0)
            assert len(tail) > len(good) + 3
            ((missing, _),) = await takes(worker, "Two " + TEXT.replace("queue", "line"), 0)
            assert len(missing) == len(good) + 1 - 4
            ((nothing, _),) = await takes(worker, "Three " + TEXT.replace("queue", "line"), 0)
            assert nothing == []

    asyncio.run(story())


def test_engine_tells_of_its_end():
    """An engine's word on the end of a take comes with its sound."""

    async def story():
        spoils = {"endless": "napkin"}
        async with running(engines(**spoils)) as watched:
            worker = await watched.worker()
            ((_, end),) = await takes(worker, TEXT, 0)
            assert (end.ended, end.tokens) == (False, (2 * len(TEXT), 2 * len(TEXT)))

    asyncio.run(story())
