"""Times Bark's decode steps at batch 1, each slice beside a plain read of as many bytes.

    python bark_step.py CHECKPOINT DEVICE DTYPE [PROFILE]

Runs with a worker's environment. Prints the median time of a token and of a read as JSON. With a
file for it, it profiles all slices, which then take longer.
"""

import ctypes
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import torch

import measuring  # noqa: F401 # puts the tests on the path

# isort: split
from engines.bark.stage_driver import BarkDriver, prompt
from measuring.step_profile import StepProfile
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.transformer_adapter import pass_weights

_FILLER, _ABSENT = 1, 2
_TEXT = "A sentence that is about as long as a narrator speaks in one breath."


class PlainRead:
    """Memory as large as the weights of a step, read by all threads at once."""

    def __init__(self, size: int, device: torch.device) -> None:
        self._memory = torch.full((size // 8 * 8,), _FILLER, dtype=torch.uint8, device=device)
        self._threads = ThreadPoolExecutor(torch.get_num_threads())
        self._search = ctypes.CDLL(None).memchr  # the C library's fastest pass over memory
        self._search.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
        self._search.restype = ctypes.c_void_p

    def __call__(self) -> None:
        if self._memory.is_cuda:
            self._memory.view(torch.int64).sum()
            return
        parts = self._memory.chunk(torch.get_num_threads())
        assert not any(self._threads.map(self._is_found, parts)), "a byte that is not there"

    def _is_found(self, part: torch.Tensor) -> bool:
        return bool(self._search(part.data_ptr(), _ABSENT, part.numel()))


class BarkSteps:
    """The semantic stage with one request."""

    def __init__(self, driver: BarkDriver) -> None:
        self._driver = driver
        self._stage = driver.stages()[0]

    @property
    def step_bytes(self) -> int:
        """Bytes of the weights that each step reads: the layers and the head."""
        model = self._driver.module.semantic
        config = model.config
        layers = int(pass_weights(config.num_layers, config.hidden_size))
        head = config.output_vocab_size * config.hidden_size
        return (layers + head) * model.dtype.itemsize

    def admit(self) -> BarkRequest:
        """Begin a sentence: read its prompt."""
        request = self._driver.request("1", _TEXT, prompt(0))
        self._stage.admit(request)
        self._work()
        return request

    def slice_(self, request: BarkRequest) -> int:
        """Go on by a slice; the number of its tokens, 0 at the end."""
        before = self._made(request)
        self._work()
        return self._made(request) - before if self._stage.requests else 0

    def _made(self, request: BarkRequest) -> int:
        return round(self._stage.progress(request) * self._stage.most_new)

    def _work(self) -> None:
        with torch.no_grad():
            self._stage.work(self._driver.module, 1)


def main() -> None:
    checkpoint, device, dtype, *profile = sys.argv[1:]
    driver = BarkDriver(Path(checkpoint), device=device, dtype=dtype)
    steps = BarkSteps(driver)
    go_on = StepProfile(Path(profile[0])).of(steps.slice_) if profile else steps.slice_
    read = PlainRead(steps.step_bytes, driver.module.device)
    token_s, read_s = [], []
    for _ in range(2):
        request = steps.admit()
        while True:
            slice_s, made = _timed(lambda request=request: go_on(request))
            if not made:
                break
            token_s.append(slice_s / made)
            read_s.append(_timed(read)[0])
    told = {"token_s": median(token_s), "read_s": median(read_s), "bytes": steps.step_bytes}
    print(json.dumps({**told, "slices": len(token_s)}), flush=True)


def _timed(act: Callable[[], int | None]) -> tuple[float, int]:
    """Seconds of the processor, or of a card, and what the act gave."""
    clock = time.monotonic if torch.cuda.is_available() else time.process_time
    _synchronise()
    began_s = clock()
    gave = act()
    _synchronise()
    return clock() - began_s, gave or 0


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
