"""Random numbers that are always the same for a seed and a path.

The host makes them, so they depend neither on the device nor on the other requests. A stage or
pass has a path of its own, so that it restarts with the same numbers.
"""

import hashlib
from collections.abc import Sequence

import torch

Path = Sequence[str | int]


def uniform(seed: int, path: Path, count: int) -> torch.Tensor:
    """Uniform numbers from 0 to 1, (count,), in double precision."""
    return torch.rand(count, generator=_generator(seed, path), dtype=torch.float64)


def normal(seed: int, path: Path, shape: Sequence[int]) -> torch.Tensor:
    """Numbers of a normal distribution, of this shape, in single precision."""
    return torch.randn(tuple(shape), generator=_generator(seed, path))


def _generator(seed: int, path: Path) -> torch.Generator:
    text = "/".join(str(part) for part in (seed, *path))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])
    return torch.Generator().manual_seed(number)
