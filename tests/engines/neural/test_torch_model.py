"""A model and its device: always with a number, and never with weights drawn at random."""

import multiprocessing
import os
import re
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from engines.checkpoints.bark import bark
from engines.checkpoints.captions import blip
from engines.memory_limit import MB, little_left
from narrated.engines.bark.engine import load as load_bark
from narrated.engines.bark.voice_prompt import of_archive
from narrated.engines.captions.engine import load as load_captions
from narrated.engines.model_resources import ModelResources
from narrated.engines.neural.torch_device import TorchDevice, is_device_lost, is_out_of_memory
from narrated.engines.neural.torch_model import TorchModel
from narrated.errors import DeviceLost, EngineUnavailable, OutOfMemory
from narrated.workers.model_memory_budget import ModelMemoryBudget
from support.engine_context import PlainContext


@pytest.mark.parametrize(("wish", "index"), [("cuda", 0), ("cuda:1", 1)])
def test_gpu_has_an_index(monkeypatch, wish, index):
    """A GPU has an index, because its memory limit needs one."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert TorchDevice.chosen(wish).torch.index == index


@pytest.mark.parametrize("wish", ["cuda", "gpu", "meta"])
def test_missing_device_is_named(wish):
    """A missing device is named."""
    with pytest.raises(EngineUnavailable, match=wish):
        TorchDevice.chosen(wish)


@pytest.mark.parametrize("has_amx", [True, False])
def test_cpu_halves_precision_by_amx(monkeypatch, has_amx):
    """By itself a CPU takes bfloat16 where AMX multiplies it; a listening model never does."""
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: has_amx)
    device = TorchDevice.chosen("cpu")
    assert device.precision("auto") == (torch.bfloat16 if has_amx else torch.float32)
    assert device.precision("auto", halves_on_host=False) == torch.float32
    assert device.precision("float32") == torch.float32
    assert device.precision("bfloat16", halves_on_host=False) == torch.bfloat16


@pytest.mark.parametrize(
    ("said", "no_room", "lost"),
    [
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True, False),
        ("CUDA error: out of memory", True, False),
        ("CUDA error: device-side assert triggered", False, True),
        ("shapes do not match", False, False),
    ],
)
def test_torch_errors_are_told_apart(said, no_room, lost):
    """Errors of torch are told apart: out of memory, device lost, and others."""
    assert (is_out_of_memory(said), is_device_lost(said)) == (no_room, lost)


def test_out_of_memory_gives_figures():
    """An error of memory gives the amount needed and the amount free."""
    device = TorchDevice.chosen("cpu")
    with pytest.raises(OutOfMemory) as caught, little_left(64), device.at_work(["7"]):
        torch.empty(512 * MB, dtype=torch.uint8)
    assert re.search(r"512 MB more were needed, and \d+ MB of .* were free", str(caught.value))
    assert caught.value.rows == ("7",)


@pytest.mark.parametrize("raised", [RuntimeError("shapes do not match"), ValueError("no")])
def test_other_errors_pass_unchanged(raised):
    """Errors that the device did not cause pass unchanged."""
    with pytest.raises(type(raised), match=str(raised)), TorchDevice.chosen("cpu").at_work():
        raise raised


def test_a_broken_device_is_told():
    with pytest.raises(DeviceLost), TorchDevice.chosen("cpu").at_work():
        raise RuntimeError("CUDA error: device-side assert triggered")


@pytest.mark.parametrize(
    ("make", "load", "part"),
    [(bark, load_bark, "fine_acoustics."), (blip, load_captions, "text_decoder.")],
)
def test_missing_weights_are_refused(tmp_path, make, load, part):
    """A checkpoint that lacks weights is refused, and not filled with noise."""
    folder = make(tmp_path / "model")
    file = folder / "model.safetensors"
    kept = {name: each for name, each in load_file(file).items() if not name.startswith(part)}
    save_file(kept, file, metadata={"format": "pt"})
    engine = load({"model": str(folder)}, PlainContext())
    with pytest.raises(EngineUnavailable, match=f"lacks .* of its weights, {part}"):
        engine.models[0].warm()


def test_pipe_and_link_are_no_voices(tmp_path):
    """A pipe and a link to another folder are no voices."""
    folder, voices = bark(tmp_path / "model"), tmp_path / "voices"
    voices.mkdir()
    os.mkfifo(voices / "pipe.npz")
    (tmp_path / "secret.npz").write_bytes(b"x")
    (voices / "link.npz").symlink_to(tmp_path / "secret.npz")
    (voices / "endless.npz").symlink_to("/dev/zero")
    engine = load_bark({"model": str(folder)}, PlainContext(voices=voices))
    assert set(engine.voices()) == {"v2/en_speaker_6", "v2/en_speaker_9"}


@pytest.mark.parametrize("shape", ["(1000000000, 1000000000)", "(-1,)", "(((((("])
def test_lying_array_header_is_refused(tmp_path, shape):
    """A voice is refused if an array in it has a false header."""

    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    file = tmp_path / "voice.npz"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("semantic_prompt", "coarse_prompt", "fine_prompt"):
            archive.writestr(f"{name}.npy", array)
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        of_archive(file)


@pytest.mark.parametrize("is_packed", [False, True])
def test_host_memory_is_as_told(is_packed):
    """A CPU's model takes the memory that it tells, and gives it back when it is parked."""
    # In a process of its own: memory that other tests take or free would count as the model's.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        told, taken, kept = alone.submit(_measured_memory, is_packed).result()
    assert 0.9 * told < taken < 1.1 * told
    assert kept < 0.1 * told


@dataclass(eq=False)
class _Engine:
    models: list[TorchModel[nn.Module]]
    rows = 1


@pytest.mark.parametrize(("other_mb", "has_second"), [(0, True), (380, False)])
def test_second_layout_leaves_room(other_mb, has_second):
    """Plain weights are kept beside packed ones if all other models fit too, as far as known."""
    budget = ModelMemoryBudget(ModelResources(memory_bytes=400 * MB))
    budget.change(budget.resources, {"other": other_mb * MB})
    model, other = (
        TorchModel(key, key, TorchDevice.chosen("cpu"), lambda: _some_layers(8), lambda all: [all])
        for key in ("some", "other")
    )
    engine = _Engine([budget.hold(model)])
    budget.hold(other)
    budget.add_engine(engine)
    budget.warm_up(engine)
    once = sum(each.weight.nbytes for each in _some_layers(8))
    assert (model.weights_bytes > 1.9 * once) is has_second


def _measured_memory(is_packed: bool) -> tuple[int, int, int]:
    """Bytes that a model tells, takes as it becomes warm, and keeps once it is parked."""
    device = TorchDevice.chosen("cpu")

    def some(count: int) -> TorchModel[nn.Module]:
        decoding = (lambda module: [module]) if is_packed else (lambda module: [])
        return TorchModel("some", "key", device, lambda: _some_layers(count), decoding)

    some(1).warm()  # the first tensors and packings take memory for good
    model = some(96)
    device.tidy()
    before = device.in_use_bytes
    model.warm()
    taken = device.in_use_bytes - before
    model.park()
    return model.weights_bytes, taken, device.in_use_bytes - before


def _some_layers(count: int) -> nn.Module:
    return nn.ModuleList(nn.Linear(512, 768, bias=False) for _ in range(count))
