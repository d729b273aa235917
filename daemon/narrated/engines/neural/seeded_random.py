"""Numbers by chance that are always the same for a seed and a path.

Made on the host, so that they hang neither on the device nor on who else is there; by path, so
that a stage or a pass begins again with the numbers it had.
"""

import hashlib
from collections.abc import Sequence

import torch

Path = Sequence[str | int]


def uniform(seed: int, path: Path, count: int) -> torch.Tensor:
    """So many numbers from 0 to 1, (count,), in double precision."""
    return torch.rand(count, generator=_generator(seed, path), dtype=torch.float64)


def normal(seed: int, path: Path, shape: Sequence[int]) -> torch.Tensor:
    """Numbers of a normal distribution, of this shape, in single precision."""
    return torch.randn(tuple(shape), generator=_generator(seed, path))


def _generator(seed: int, path: Path) -> torch.Generator:
    told = "/".join(str(part) for part in (seed, *path))
    drawn = int.from_bytes(hashlib.sha256(told.encode()).digest()[:7])
    return torch.Generator().manual_seed(drawn)
