"""A Whisper of CTranslate2 as a model of the worker's memory budget."""

import logging
import time
from typing import Any

from narrated.engines.interface import WeightsLocation
from narrated.engines.neural.checkpoint_lookup import HashedCheckpoint, verify_remedy
from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.host_device import HostDevice

logger = logging.getLogger("narrated.worker")


class CTranslateModel:
    """A Whisper that faster-whisper loads from a folder into the host's memory."""

    def __init__(self, files: HashedCheckpoint, key: str, compute_type: str) -> None:
        self.name = files.name
        self.key = key
        self.device = HostDevice()
        self._folder = str(files.folder)
        self._compute_type = compute_type
        self._whisper: Any = None
        self._bytes = 0

    @property
    def warmth(self) -> WeightsLocation:
        """The present place of the weights."""
        return WeightsLocation.ABSENT if self._whisper is None else WeightsLocation.WARM

    @property
    def weights_bytes(self) -> int:
        """Memory that loading them took; 0 before they were loaded once."""
        return self._bytes

    @property
    def whisper(self) -> Any:
        """faster-whisper's model, which must be warm."""
        if self._whisper is None:
            raise RuntimeError(f"{self.name} is not warm")
        return self._whisper

    def warm(self) -> None:
        """Load the weights. Raises EngineUnavailable or OutOfMemory."""
        if self._whisper is not None:
            return
        # Before the figures are taken: its libraries are no weights.
        import faster_whisper

        begin, before = time.monotonic(), self.device.in_use_bytes
        with (
            self.device.at_work(),
            guard_reading(f"The model {self.name}", verify_remedy(self.name)),
        ):
            self._whisper = faster_whisper.WhisperModel(
                self._folder,
                device="cpu",
                compute_type=self._compute_type,
                cpu_threads=self.device.threads,
                local_files_only=True,
            )
        self._bytes = max(self._bytes, self.device.in_use_bytes - before)
        logger.info("%s is warm after %.1f s", self.name, time.monotonic() - begin)

    def park(self) -> None:
        """Drop the weights: the device is the host."""
        self._whisper = None
        self.device.tidy()

    def drop(self) -> None:
        """Drop the weights."""
        self.park()
