"""The device of `auto`: the card if it computes, else the CPU with a reason."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import torch

from narrated.engines.neural import device_choice
from narrated.engines.neural.device_choice import AutomaticDevice, automatic_device
from narrated.engines.neural.torch_device import TorchDevice

CardAnswers = Callable[[Exception], None]


@pytest.fixture
def card_answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[CardAnswers]:
    """Give the machine a card whose first use fails in this way."""

    def answers(error: Exception) -> None:
        def fails(*shape: int, device: str) -> torch.Tensor:
            raise error

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch, "ones", fails)
        automatic_device.cache_clear()

    yield answers
    automatic_device.cache_clear()


@pytest.mark.parametrize(
    "error",
    [
        "CUDA error: no kernel image is available for execution on the device\nCUDA kernel …",
        "HIP error: invalid device function",
        "cublasCreate: CUBLAS_STATUS_ARCH_MISMATCH",
    ],
)
def test_card_without_code(
    error: str, card_answers: CardAnswers, caplog: pytest.LogCaptureFixture
) -> None:
    """A card that torch has no code for leaves the CPU, and the worker's log says why."""
    card_answers(RuntimeError(error))
    with caplog.at_level(logging.WARNING, "narrated.worker"):
        assert TorchDevice.chosen("auto").is_host
    assert (
        f"models compute on the CPU: torch has no code for the card ({error.splitlines()[0]}"
        in (caplog.text)
    )


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("CUDA error: unknown error")],
)
def test_busy_card_is_kept(error: Exception, card_answers: CardAnswers) -> None:
    """A card that is full or lost is still the one of `auto`: else takes would change with it."""
    card_answers(error)
    assert automatic_device() == AutomaticDevice("cuda")


def test_probe_of_the_doctor() -> None:
    """As a program it tells the build of torch, and the device, in JSON."""
    done = subprocess.run(
        [sys.executable, "-m", device_choice.__name__],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert (told["device"], told["reason"]) == ("cpu", "")
    assert told["version"] == torch.__version__
