"""A model of ONNX as a model of the worker's memory budget: onnxruntime computes it on the CPU."""

import logging
import mmap
import os
import re
import time
from pathlib import Path
from typing import Any

from narrated.engines.interface import WeightsLocation
from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.host_device import HostDevice
from narrated.errors import EngineUnavailable

_ERRORS_ALONE = 3
_RANDOM = re.compile(rb"Random(?:Normal|Uniform)|Multinomial|Bernoulli")
"""The operators of ONNX that draw."""
_SEEDS = 1 << 31  # onnxruntime takes more, but adds each node's number

logger = logging.getLogger("narrated.worker")


class OnnxModel:
    """A file of ONNX, and its session while it is warm."""

    def __init__(self, name: str, file: Path, key: str, remedy: str) -> None:
        """`remedy` is told with a file that cannot be read."""
        self.name = name
        self.key = key
        self.device = HostDevice()
        self._file = file
        self._remedy = remedy
        self._session: Any = None
        self._bytes = 0

    @property
    def warmth(self) -> WeightsLocation:
        """The present place of the weights."""
        return WeightsLocation.ABSENT if self._session is None else WeightsLocation.WARM

    @property
    def weights_bytes(self) -> int:
        """Memory that loading them took; 0 before they were loaded once."""
        return self._bytes

    @property
    def session(self) -> Any:
        """onnxruntime's session, which must be warm."""
        if self._session is None:
            raise RuntimeError(f"{self.name} is not warm")
        return self._session

    def warm(self) -> None:
        """Load the weights. Raises EngineUnavailable or OutOfMemory."""
        if self._session is not None:
            return
        onnxruntime()  # before the figures are taken: a library is no weights
        begin, before = time.monotonic(), self.device.in_use_bytes
        self._session = self._open()
        self._bytes = max(self._bytes, self.device.in_use_bytes - before)
        logger.info("%s is warm after %.1f s", self.name, time.monotonic() - begin)

    def reseed(self, seed: int) -> Any:
        """Make a new session, whose noise begins with this seed; returns it.

        onnxruntime reads the seed as it makes a session, and has no other way to set it.
        """
        self._session = None
        onnxruntime().set_seed(seed % _SEEDS)
        self._session = self._open()
        return self._session

    def park(self) -> None:
        """Drop the weights: the device is the host."""
        self._session = None
        self.device.tidy()

    def drop(self) -> None:
        """Drop the weights."""
        self.park()

    def _open(self) -> Any:
        with self.device.at_work(), guard_reading(f"The model {self.name}", self._remedy):
            return onnxruntime().InferenceSession(
                str(self._file),
                session_options(self.device.threads),
                providers=["CPUExecutionProvider"],
            )


def draws_noise(file: Path) -> bool:
    """True if a model draws: its sound then depends on the session's seed. Errors: OSError."""
    with file.open("rb") as content:
        if not os.fstat(content.fileno()).st_size:
            return False
        with mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            return _RANDOM.search(whole) is not None


def session_options(threads: int) -> Any:
    """Options of a session: its threads sleep while there is nothing to do.

    Without its arena, memory that a long text took goes back to the host.
    """
    options = onnxruntime().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    options.log_severity_level = _ERRORS_ALONE
    return options


def onnxruntime() -> Any:
    """The library. Raises EngineUnavailable if it is missing."""
    try:
        import onnxruntime as library
    except ImportError as error:
        raise EngineUnavailable(
            f"The package onnxruntime cannot be used: {error}.", "pip install onnxruntime"
        ) from error
    return library
