"""The GPU of an Apple machine, with figures in the place of Metal's: nobody here has one."""

import logging
from collections.abc import Iterator

import pytest
import torch

from narrated.engines.neural.device_choice import AutomaticDevice, automatic_device, described
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.transfers import drawing_precision, draws_to_device
from narrated.errors import DeviceLost, EngineUnavailable, OutOfMemory

MB = 1 << 20
METAL = torch.device("mps")


@pytest.fixture
def metal(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, float]]:
    """A machine with such a GPU: its figures, and what narrated asked of it."""
    told = {"current": 100 * MB, "driver": 300 * MB, "share": 0.0, "emptied": 0}

    def bound(share: float) -> None:
        told["share"] = share

    def empty() -> None:
        told["emptied"] += 1

    for name, answer in {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "recommended_max_memory": lambda: 1000 * MB,
        "current_allocated_memory": lambda: told["current"],
        "driver_allocated_memory": lambda: told["driver"],
        "set_per_process_memory_fraction": bound,
        "synchronize": lambda: None,
        "empty_cache": empty,
    }.items():
        monkeypatch.setattr(torch.mps, name, answer)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    automatic_device.cache_clear()
    yield told
    automatic_device.cache_clear()


def _computes(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
    ones = torch.ones

    def answered(*shape: int, device: str) -> torch.Tensor:
        if error:
            raise error
        return ones(*shape)

    monkeypatch.setattr(torch, "ones", answered)


def test_auto_takes_an_apple_gpu(metal: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a card of CUDA's, `auto` is the Apple GPU, if it computes."""
    _computes(monkeypatch)
    assert automatic_device() == AutomaticDevice("mps")
    device = TorchDevice.chosen("auto")
    assert (device.torch, device.name) == (torch.device("mps", 0), "the Apple GPU")
    assert device.precision("auto") is torch.float16
    assert described()["device"] == "mps"


def test_apple_gpu_that_computes_nothing(
    metal: dict[str, float], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An Apple GPU that does not compute leaves the CPU, and the log says why."""
    _computes(monkeypatch, RuntimeError("MPS backend is supported on MacOS 14.0+.\nmore"))
    with caplog.at_level(logging.WARNING, "narrated.worker"):
        assert TorchDevice.chosen("auto").is_host
    assert "MPS backend is supported on MacOS 14.0+" in caplog.text


def test_torch_without_usable_metal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch built for Apple's GPU that finds none has a reason; any other says nothing."""
    for is_built, reason in ((True, "it needs macOS 14 or later"), (False, "")):
        monkeypatch.setattr(torch.backends.mps, "is_built", lambda told=is_built: told)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        automatic_device.cache_clear()
        assert automatic_device().name == "cpu"
        assert automatic_device().reason.endswith(reason)
        assert bool(automatic_device().reason) is is_built
    automatic_device.cache_clear()


@pytest.mark.parametrize("wished", ["mps", "mps:0", "mps:1"])
def test_missing_apple_gpu_is_named(wished: str) -> None:
    """A machine without it refuses `mps`, and names the doctor."""
    with pytest.raises(EngineUnavailable, match=f"The device {wished} is missing"):
        TorchDevice.chosen(wished)


def test_memory_is_that_of_metal(metal: dict[str, float]) -> None:
    """Total, use, room and peak are Metal's; a limit is a share of what it recommends."""
    device = TorchDevice.chosen("mps")
    assert device.total_bytes == 1000 * MB
    assert (device.in_use_bytes, device.free_bytes) == (100 * MB, 900 * MB)
    device.begin_peak()  # gives back what others left, else it would count as a peak
    assert (device.peak_bytes, metal["emptied"]) == (300 * MB, 1)
    device.bound(250 * MB)
    assert (metal["share"], device.limit_bytes) == (0.25, 250 * MB)
    device.bound(0)
    assert metal["share"] == 1.0
    device.tidy()
    assert metal["emptied"] == 2


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB, …)."), OutOfMemory),
        (RuntimeError("Invalid buffer size: 12.0 GB"), OutOfMemory),
        (RuntimeError("MPS backend error: device was removed"), DeviceLost),
        (NotImplementedError("The operator 'aten::x' is not implemented"), EngineUnavailable),
    ],
)
def test_errors_of_metal(metal: dict[str, float], raised: Exception, told: type) -> None:
    """Out of memory, a lost device, and an operation that Metal lacks are told apart."""
    with pytest.raises(told), TorchDevice.chosen("mps").at_work(["1"]):
        raise raised


def test_draws_without_double_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metal draws in single precision, below 1; every other device in double precision."""
    assert drawing_precision(METAL) is torch.float32
    assert drawing_precision(torch.device("cuda")) is torch.float64
    sent: list[torch.Tensor] = []
    monkeypatch.setattr(torch.Tensor, "to", _recorded(torch.Tensor.to, sent))
    draws_to_device(torch.tensor([0.25, 1 - 1e-12], dtype=torch.float64), METAL)
    assert (sent[0].dtype, sent[0][0].item()) == (torch.float32, 0.25)
    assert sent[0][1].item() < 1


def _recorded(real, sent):  # type: ignore[no-untyped-def]
    """Tensor.to, but what is sent to Metal is kept here."""

    def to(self, *places, **named):  # type: ignore[no-untyped-def]
        if places and places[0] == METAL:
            sent.append(self)
            return self
        return real(self, *places, **named)

    return to
