"""Tortoise's engine, asked for something short in one of the voices that `conftest.py` keeps."""

from engines import speaking
from engines.tortoise.stage_driver import QUICK
from narrated.engines.interface import SpeechRequest
from narrated.engines.tortoise.engine import load

TEXT = "The kettle is on, and I am back at four."
QUICKER = {**QUICK, "num_autoregressive_samples": 2, "max_mel_tokens": 14}


def warmed(folder, context, **options):
    return speaking.warmed(load({"model": str(folder), **QUICKER, **options}, context))


def watched(engine, monkeypatch):
    """The rows of what it is asked from now on, by their ids."""
    rows = {}
    admit = engine._pipeline.admit

    def admitted(row):
        rows[row.id] = row
        admit(row)

    monkeypatch.setattr(engine._pipeline, "admit", admitted)
    return rows


def asked(text=TEXT, voice="anna", seed=0, **options):
    return SpeechRequest("1", text, voice, options, "en", seed)


def pcm(engine, *what, **wishes):
    return speaking.sound_of(engine, asked(*what, **wishes))
