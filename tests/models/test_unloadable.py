"""Repositories as they are: weights in odd places, code of their own, Barks of strangers."""

import json
from pathlib import Path

import pytest

from models.puller import MODEL, WEIGHTS, Puller
from narrated.errors import NarratedError
from narrated.models.catalogue import find_model, select_files, usage_lines
from narrated.models.store import ModelStore

STRANGER = "somebody/model"
TORTOISE = ("autoregressive.pth", "clvp2.pth", "diffusion_decoder.pth", "vocoder.pth")


def refusal(names: tuple[str, ...]) -> str:
    """The refusal of a repository with these files."""
    with pytest.raises(NarratedError) as refused:
        select_files(find_model(STRANGER), names)
    return str(refused.value)


def test_weights_in_a_hidden_folder() -> None:
    """Tortoise's first repository has its weights in a hidden folder: another one has them."""
    said = refusal(("README.md", *(f".models/{name}" for name in (*TORTOISE, "cvvp.pth"))))
    assert f"{STRANGER} keeps a Tortoise in its folder .models/" in said
    assert "narrated models pull tortoise" in said
    assert "config.json" not in said


def test_model_in_a_subfolder() -> None:
    """A model for transformers in a subfolder is told with that folder."""
    said = refusal(("README.md", "base/config.json", "base/model.safetensors"))
    assert "in its folder base/" in said
    assert "name its path" in said


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("model.Q4.gguf", "model.Q8.gguf"), "in llama.cpp's form (model.Q4.gguf and 1 more)"),
        (("config.json", "onnx/model.onnx"), "in onnxruntime's form (onnx/model.onnx)"),
        (("text_2.pt",), "of its original code (text_2.pt)"),
        (("config.json", "model.fp16.safetensors"), "under another name (model.fp16.safetensors)"),
        (("adapter_config.json", "adapter_model.safetensors"), "it is an adapter"),
        (("config.json", "a\x1b[31m.gguf"), "(a\\x1b[31m.gguf)"),
    ],
)
def test_odd_weights_are_told(names: tuple[str, ...], told: str) -> None:
    """Weights that no engine loads are told with their form and an example."""
    assert told in refusal(names)


def test_code_refused_before_weights(puller: Puller, store: ModelStore) -> None:
    """A model that needs code of its repository is refused before its weights are fetched."""
    config = {"model_type": "internvl_chat", "auto_map": {"AutoModel": "modeling.InternVL"}}
    files = {**MODEL, "config.json": json.dumps(config).encode()}
    puller.hub.commit(STRANGER, files)
    with pytest.raises(NarratedError, match="brings code of its own") as refused:
        puller(STRANGER)
    assert "narrated models list" in refused.value.remedy
    assert puller.hub.sent.keys() == {"config.json"}
    assert not store.has_parts(STRANGER)
    assert store.locks() == {}


def test_same_model_in_our_form(puller: Puller) -> None:
    """For Microsoft's Florence-2, the message has the command for the form that narrated loads."""
    config = {"model_type": "florence2", "auto_map": {"AutoConfig": "configuration_florence2.X"}}
    puller.hub.commit(STRANGER, {**MODEL, "config.json": json.dumps(config).encode()})
    with pytest.raises(NarratedError, match="code of its own") as refused:
        puller(STRANGER)
    assert "narrated models pull florence-2 or" in refused.value.remedy


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "bark", "auto_map": {"AutoModel": "modeling.Bark"}},
        {"model_type": "internvl_chat", "auto_map": {}},
        ["no settings"],
    ],
)
def test_code_that_is_not_needed(config: object, puller: Puller, store: ModelStore) -> None:
    """A model is pulled if transformers has code for it, whatever the repository brings."""
    puller.hub.commit(STRANGER, {**MODEL, "config.json": json.dumps(config).encode()})
    puller(STRANGER)
    assert puller.hub.sent["config.json"] == len(json.dumps(config).encode())
    assert (store.folder_of(STRANGER) / "config.json").is_file()


def test_deep_config_is_pulled(puller: Puller) -> None:
    """A config.json that no parser can take ends nothing here: its engine tells of it."""
    puller.hub.commit(STRANGER, {**MODEL, "config.json": b"[" * 100_000})
    assert puller(STRANGER).locked.files["config.json"].size == 100_000


def test_voices_of_any_bark(puller: Puller, store: ModelStore) -> None:
    """A Bark outside of the catalogue comes with its voices, and is used like Bark."""
    puller.hub.commit(STRANGER, MODEL)
    names = set(puller(STRANGER).locked.files)
    voice = "speaker_embeddings/v2/en_speaker_6_fine_prompt.npy"
    assert {voice, "speaker_embeddings_path.json", WEIGHTS} <= names
    assert (store.folder_of(STRANGER) / voice).is_file()
    lines = usage_lines(find_model(STRANGER), names)
    assert lines[0] == f"engines: {{mine: {{like: bark, options: {{model: {STRANGER}}}}}}}"


def test_old_torch_and_a_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle beside a torch that transformers does not trust is told with the update."""
    import torch
    from transformers import BarkModel

    from narrated.engines.neural.checkpoint_lookup import HashedCheckpoint
    from narrated.engines.neural.torch_model import load_weights

    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(NarratedError, match=r"torch 2\.5\.1.* cannot load suno/bark") as refused:
        load_weights(HashedCheckpoint("suno/bark", tmp_path, ""), BarkModel, torch.float32)
    assert refused.value.remedy.endswith("-m pip install --upgrade torch")
