"""Imports the unchanged modules of tortoise-tts beside a current transformers.

The package (3.0.0) needs transformers 4.31 and torchaudio. Some of its imports are missing here,
and we never call them: stand-ins replace these while it is imported.
"""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import torch

from narrated.engines.tortoise.required_files import package
from narrated.errors import EngineUnavailable

_INSTALL = "narrated engines install tortoise"


@dataclass(frozen=True, slots=True)
class UpstreamModules:
    """The classes and functions of Tortoise; they are untyped."""

    UnifiedVoice: Any
    CLVP: Any
    DiffusionTts: Any
    UnivNetGenerator: Any
    VoiceBpeTokenizer: Any
    convert_to_ascii: Any
    SpacedDiffusion: Any
    space_timesteps: Any
    get_named_beta_schedule: Any
    timestep_embedding: Any
    relative_position_bucket: Any


@cache
def upstream() -> UpstreamModules:
    """Import them. Raises EngineUnavailable if the package or its requirements are missing."""
    try:
        with _stood_in(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about deprecated calls in the package
            arch_util = importlib.import_module("tortoise.models.arch_util")
            autoregressive = importlib.import_module("tortoise.models.autoregressive")
            clvp = importlib.import_module("tortoise.models.clvp")
            diffusion_decoder = importlib.import_module("tortoise.models.diffusion_decoder")
            vocoder = importlib.import_module("tortoise.models.vocoder")
            tokenizer = importlib.import_module("tortoise.utils.tokenizer")
            diffusion = importlib.import_module("tortoise.utils.diffusion")
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailable(f"Tortoise's code is not there: {error}.", _INSTALL) from error
    return UpstreamModules(
        UnifiedVoice=autoregressive.UnifiedVoice,
        CLVP=clvp.CLVP,
        DiffusionTts=diffusion_decoder.DiffusionTts,
        UnivNetGenerator=vocoder.UnivNetGenerator,
        VoiceBpeTokenizer=tokenizer.VoiceBpeTokenizer,
        convert_to_ascii=tokenizer.convert_to_ascii,
        SpacedDiffusion=diffusion.SpacedDiffusion,
        space_timesteps=diffusion.space_timesteps,
        get_named_beta_schedule=diffusion.get_named_beta_schedule,
        timestep_embedding=diffusion_decoder.timestep_embedding,
        relative_position_bucket=arch_util.RelativePositionBias._relative_position_bucket,
    )


@contextmanager
def _stood_in() -> Iterator[None]:
    """Put stand-ins into sys.modules while the package is imported."""
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


def mel_norms() -> torch.Tensor:
    """The divisors of the bands of a voice's spectrogram, (80,).

    Raises EngineUnavailable if the package is not installed.
    """
    folder = package()
    if folder is None:
        raise EngineUnavailable("Tortoise's code is not there.", _INSTALL)
    norms: torch.Tensor = torch.load(folder / "data" / "mel_norms.pth", weights_only=True)
    return norms


if __name__ == "__main__":  # a probe: fails if this interpreter lacks a module
    upstream()
