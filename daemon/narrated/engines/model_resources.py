"""The resources of a worker's models, and the state in which it reports them."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelResources:
    """Folders of a worker's models, and the memory that they may take."""

    models: str = "/nonexistent"
    """Folder of the models' files."""
    voices: str = "/nonexistent"
    """Folder of the user's own voices."""
    cache: str = "/dev/null/nowhere"  # where not even root can make a folder
    """Folder for results that are slow to compute, such as a voice's latents."""
    device: str = "auto"
    memory_bytes: int = 0
    """Most memory in use at once; 0 for all of the device."""
    idle_unload_s: float = math.inf
    """Seconds without work after which the device is freed."""
    workers_on_host: int = 0
    """Workers with models on this host: each takes its share of the cores. 0 in a program of the
    user's own, whose threads stay as they are."""
    warms_at_once: bool = True
    """True if models are warmed at loading, as far as they fit."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The state of a model in its worker."""

    name: str
    engines: tuple[str, ...]
    """Engines that use it."""
    warmth: str
    device: str
    device_bytes: int
    """Memory of the whole device."""
    weights_bytes: int
    working_bytes: int
    """The most memory that its engines were seen to use besides the weights."""
    idle_s: float | None
    """Seconds since its last use; None if it was never used."""
    real_time_factor: float | None
    """Seconds of work for a second of speech; None if it has not spoken."""
