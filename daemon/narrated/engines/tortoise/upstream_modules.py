"""Finds tortoise-tts, and imports its unchanged modules beside a current transformers.

The package (3.0.0) needs transformers 4.31 and torchaudio. Some of its imports are missing here,
and we never call them: stand-ins replace these while it is imported. Imports no torch by itself.
"""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

from narrated.errors import EngineUnavailable

if TYPE_CHECKING:
    import torch

_INSTALL = "narrated engines install tortoise"
_NAMES = (
    ("models.arch_util", "RelativePositionBias"),
    ("models.autoregressive", "UnifiedVoice"),
    ("models.clvp", "CLVP"),
    ("models.diffusion_decoder", "DiffusionTts"),
    ("models.diffusion_decoder", "timestep_embedding"),
    ("models.vocoder", "UnivNetGenerator"),
    ("utils.tokenizer", "VoiceBpeTokenizer"),
    ("utils.tokenizer", "convert_to_ascii"),
    ("utils.diffusion", "SpacedDiffusion"),
    ("utils.diffusion", "space_timesteps"),
    ("utils.diffusion", "get_named_beta_schedule"),
)
"""The classes and functions that narrated uses, with their modules."""


def package_folder() -> Path | None:
    """The folder of tortoise-tts, found without an import; None if it is not installed."""
    try:
        spec = importlib.util.find_spec("tortoise")
    except (ImportError, ValueError):
        return None
    places = (spec and spec.submodule_search_locations) or ()
    return next(map(Path, places), None)


@cache
def upstream() -> SimpleNamespace:
    """Import the used classes and functions; they are untyped.

    Raises EngineUnavailable if the package or its requirements are missing.
    """
    try:
        with _stood_in(), warnings.catch_warnings(action="ignore"):  # about deprecated calls
            found = {
                name: getattr(importlib.import_module(f"tortoise.{module}"), name)
                for module, name in _NAMES
            }
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailable(f"Tortoise's code is missing: {error}.", _INSTALL) from error
    return SimpleNamespace(**found)


@contextmanager
def _stood_in() -> Iterator[None]:
    absent = {name: module for name, module in _stand_ins() if name not in sys.modules}
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _stand_ins() -> Iterator[tuple[str, ModuleType]]:
    import transformers

    try:
        importlib.import_module("torchaudio")
    except (ImportError, OSError, RuntimeError):  # one built for another torch fails in its own way
        yield "torchaudio", ModuleType("torchaudio")  # narrated reads clips itself
    if importlib.util.find_spec("transformers.utils.model_parallel_utils") is None:
        parallel = ModuleType("transformers.utils.model_parallel_utils")
        parallel.get_device_map = parallel.assert_device_map = None  # type: ignore[attr-defined]
        yield parallel.__name__, parallel
    if not hasattr(transformers, "LogitsWarper"):
        typical = ModuleType("tortoise.utils.typical_sampling")
        typical.TypicalLogitsWarper = None  # type: ignore[attr-defined] # narrated samples itself
        yield typical.__name__, typical


def mel_norms() -> "torch.Tensor":
    """The divisors of the bands of a voice's spectrogram, (80,).

    Raises EngineUnavailable if the package is not installed.
    """
    import torch

    folder = package_folder()
    if folder is None:
        raise EngineUnavailable("Tortoise's code is missing.", _INSTALL)
    norms: torch.Tensor = torch.load(folder / "data" / "mel_norms.pth", weights_only=True)
    return norms


if __name__ == "__main__":  # a probe: fails if this interpreter lacks a module
    importlib.import_module("torch")  # named first: without it the others fail less clearly
    upstream()
