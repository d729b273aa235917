"""A model and its device: always with a number, and never with weights drawn at random."""

import os
import re
import zipfile

import pytest
import torch
from safetensors.torch import load_file, save_file

from engines.checkpoints.bark import bark
from engines.checkpoints.captions import blip
from engines.scarcity import MB, little_left
from measuring.shelf import PlainShelf
from narrated.engines.bark.engine import load as load_bark
from narrated.engines.bark.voice_prompt import of_archive
from narrated.engines.captions.engine import load as load_captions
from narrated.engines.neural.torch_device import (
    TorchDevice,
    is_device_lost,
    is_out_of_memory,
)
from narrated.errors import DeviceLost, EngineUnavailable, OutOfMemory


@pytest.mark.parametrize(("wish", "index"), [("cuda", 0), ("cuda:1", 1)])
def test_a_card_has_a_number_since_its_bound_needs_one(monkeypatch, wish, index):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert TorchDevice.chosen(wish).torch.index == index


@pytest.mark.parametrize("wish", ["cuda", "gpu", "meta"])
def test_a_device_that_is_not_there_is_told(wish):
    with pytest.raises(EngineUnavailable, match=wish):
        TorchDevice.chosen(wish)


@pytest.mark.parametrize(
    ("said", "no_room", "lost"),
    [
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True, False),
        ("CUDA error: out of memory", True, False),
        ("CUDA error: device-side assert triggered", False, True),
        ("shapes do not match", False, False),
    ],
)
def test_what_torch_says_of_a_device_is_told_apart(said, no_room, lost):
    assert (is_out_of_memory(said), is_device_lost(said)) == (no_room, lost)


def test_memory_that_runs_out_is_told_with_what_was_needed_and_what_there_was():
    device = TorchDevice.chosen("cpu")
    with pytest.raises(OutOfMemory) as caught, little_left(64), device.at_work(["7"]):
        torch.empty(512 * MB, dtype=torch.uint8)
    assert re.search(r"512 MB more were needed, and \d+ MB of .* were free", str(caught.value))
    assert caught.value.rows == ("7",)


@pytest.mark.parametrize("raised", [RuntimeError("shapes do not match"), ValueError("no")])
def test_what_is_not_the_devices_fault_stays_what_it_is(raised):
    with pytest.raises(type(raised), match=str(raised)), TorchDevice.chosen("cpu").at_work():
        raise raised


def test_a_broken_device_is_told():
    with pytest.raises(DeviceLost), TorchDevice.chosen("cpu").at_work():
        raise RuntimeError("CUDA error: device-side assert triggered")


@pytest.mark.parametrize(
    ("make", "load", "part"),
    [(bark, load_bark, "fine_acoustics."), (blip, load_captions, "text_decoder.")],
)
def test_a_checkpoint_that_lacks_weights_is_refused_and_not_filled_with_noise(
    tmp_path, make, load, part
):
    folder = make(tmp_path / "model")
    file = folder / "model.safetensors"
    kept = {name: each for name, each in load_file(file).items() if not name.startswith(part)}
    save_file(kept, file, metadata={"format": "pt"})
    engine = load({"model": str(folder)}, PlainShelf())
    with pytest.raises(EngineUnavailable, match=f"lacks .* of its weights, {part}"):
        engine.models[0].warm()


def test_a_pipe_and_a_link_to_elsewhere_among_the_voices_are_no_voices(tmp_path):
    folder, voices = bark(tmp_path / "model"), tmp_path / "voices"
    voices.mkdir()
    os.mkfifo(voices / "pipe.npz")
    (tmp_path / "secret.npz").write_bytes(b"x")
    (voices / "link.npz").symlink_to(tmp_path / "secret.npz")
    (voices / "endless.npz").symlink_to("/dev/zero")
    engine = load_bark({"model": str(folder)}, PlainShelf(voices=voices))
    assert set(engine.voices()) == {"v2/en_speaker_6", "v2/en_speaker_9"}


@pytest.mark.parametrize("shape", ["(1000000000, 1000000000)", "(-1,)", "(((((("])
def test_an_array_whose_header_lies_is_a_broken_voice(tmp_path, shape):

    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    file = tmp_path / "voice.npz"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("semantic_prompt", "coarse_prompt", "fine_prompt"):
            archive.writestr(f"{name}.npy", array)
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        of_archive(file)
