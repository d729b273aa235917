"""Encodes in a thread: a codec's work lies beside the making of the sound that follows."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

_DIRECT_BYTES = 1 << 20
"""So much, some twenty seconds, is written at once: a thread would cost a note more than it
gives."""
_MOST_WAITING = 3
"""The writes that wait for the codec at most."""


class Sink(Protocol):
    """A file of sound that is being written."""

    def write(self, pcm: bytes) -> None:
        """Append PCM."""

    def close(self) -> None:
        """Write the buffered rest and end the file."""

    def discard(self) -> None:
        """Give the file up, with whatever was written."""


class BackgroundWrites:
    """Passes writes to a sink in their order, soon; its codec leaves Python's lock to others.

    What a write raises is raised by a later one, or by `settle`.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._size = 0
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()

    def write(self, pcm: bytes) -> None:
        """Append PCM; wait while the codec is far behind."""
        self._size += len(pcm)
        if self._size <= _DIRECT_BYTES:
            self._sink.write(pcm)
            return
        self._thread = self._thread or ThreadPoolExecutor(1, "codec")
        self._waiting.append(self._thread.submit(self._sink.write, pcm))
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft().result()

    def settle(self) -> None:
        """Wait until everything is written; afterwards no thread is left."""
        try:
            while self._waiting:
                self._waiting.popleft().result()
        finally:
            self._end_thread()

    def close(self) -> None:
        """Write everything and end the file."""
        self.settle()
        self._sink.close()

    def discard(self) -> None:
        """Give the file up; what waits is not written."""
        self._end_thread()
        self._sink.discard()

    def _end_thread(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(cancel_futures=True)
        self._waiting.clear()
