"""Bark on a CPU that counts as one with AMX from the moment a file is there (option `amx`)."""

from pathlib import Path
from typing import Any

import torch

from narrated.engines.bark.engine import load as load_bark


def load(options: dict[str, Any], context: Any) -> Any:
    others = dict(options)
    amx = Path(others.pop("amx"))
    torch.cpu._is_amx_tile_supported = amx.exists  # in this worker alone
    return load_bark(others, context)
