"""Runs a step of a model again and again: on a GPU as a captured graph, which costs one launch.

A graph holds the addresses of all that the step reads and writes, and the shapes and choices of
the moment. A key names the latter, so a step may use nothing else that changes.
"""

import logging
from collections.abc import Callable, Hashable, Iterable

import torch
from torch import Tensor

Step = Callable[[], None]
"""Work on buffers of the device that stay where they are."""

Capture = Callable[[Step], Step]
"""Captures a step without running it; returns its replay."""

logger = logging.getLogger("narrated.worker")


class StepRunner:
    """Calls a step the first time; the second time captures it, and replays it from then on.

    The first call lets the device's libraries set themselves up, which no capture may contain. Once
    a capture fails, as with a driver that cannot do it, all steps are called.
    """

    def __init__(self, capture: Capture | None) -> None:
        self._capture = capture
        self._weights: tuple[int, ...] = ()
        self._called: set[Hashable] = set()
        self._replays: dict[Hashable, Step] = {}

    @classmethod
    def of(cls, device: torch.device) -> "StepRunner":
        """A runner that captures if the device can."""
        return cls(_GraphCapture(device).captured if device.type == "cuda" else None)

    @property
    def captures(self) -> bool:
        """True if it captures steps, so that few keys are better than small batches."""
        return self._capture is not None

    def use(self, weights: Iterable[Tensor]) -> None:
        """Drop all that is captured if the weights have moved: a parked model comes back
        elsewhere."""
        if self._capture is None:
            return
        places = tuple(each.data_ptr() for each in weights)
        if places != self._weights:
            self._weights = places
            self._called.clear()
            self._replays.clear()

    def run(self, key: Hashable, step: Step) -> None:
        """Run a step, or its replay."""
        if self._capture is None or key not in self._called:
            step()
            self._called.add(key)
            return
        if key not in self._replays:
            self._replays[key] = self._captured(self._capture, step)
        self._replays[key]()

    def _captured(self, capture: Capture, step: Step) -> Step:
        """The replay of a step; the step itself if the device cannot capture it."""
        try:
            return capture(step)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            logger.warning("Steps are not captured, and take longer: %s", error)
            self._capture = None
            return step


class _GraphCapture:
    """Captures CUDA graphs. They share one pool of memory, since only one runs at a time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()

    def captured(self, step: Step) -> Step:
        with torch.cuda.device(self._device):
            graph = torch.cuda.CUDAGraph()
            # Another thread may copy a picture to the device meanwhile.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                step()
        return graph.replay
