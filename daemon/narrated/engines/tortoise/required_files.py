"""The files of a Tortoise checkpoint, and the folder of its package. Imports no torch."""

import importlib.util
from pathlib import Path

AUTOREGRESSIVE = "autoregressive.pth"
CLVP = "clvp2.pth"
DIFFUSION = "diffusion_decoder.pth"
VOCODER = "vocoder.pth"

FILES = (AUTOREGRESSIVE, CLVP, DIFFUSION, VOCODER)


def package() -> Path | None:
    """The folder of tortoise-tts, found without an import; None if it is not installed."""
    try:
        spec = importlib.util.find_spec("tortoise")
    except (ImportError, ValueError):
        return None
    places = (spec and spec.submodule_search_locations) or ()
    return next(map(Path, places), None)
