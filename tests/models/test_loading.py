"""A pulled model is complete: a real checkpoint, through the hub, into transformers."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from models.puller import NAME, WEIGHTS, Puller
from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from narrated.errors import EngineUnavailable
from narrated.models.store import ModelStore
from support.engine_context import PlainContext

CAPTIONER = "Salesforce/blip-image-captioning-base"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny captioner as its makers would publish it, in two forms of weights and with code."""
    folder = tmp_path_factory.mktemp("checkpoint")
    (folder / "words.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\ndog\n")
    tiny: dict[str, Any] = {"num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 16}
    text = {**tiny, "vocab_size": 9, "intermediate_size": 16, "encoder_hidden_size": 16}
    vision = {**tiny, "intermediate_size": 16, "image_size": 32, "patch_size": 16}
    config = transformers.BlipConfig(text_config=text, vision_config=vision)
    model = transformers.BlipForConditionalGeneration(config)
    model.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    tokenizer = transformers.BertTokenizer(str(folder / "words.txt"))
    images = transformers.BlipImageProcessor(size={"height": 32, "width": 32})
    transformers.BlipProcessor(images, tokenizer).save_pretrained(folder)
    (folder / "words.txt").unlink()
    (folder / "modeling_blip.py").write_text("raise SystemExit")
    return folder


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_pulled_model_loads(
    weights: str, checkpoint: Path, puller: Puller, store: ModelStore
) -> None:
    """transformers loads a real checkpoint that was pulled."""
    published = {path.name: path.read_bytes() for path in checkpoint.iterdir()}
    if weights == "pytorch_model.bin":
        del published["model.safetensors"]
    puller.hub.commit(CAPTIONER, published)
    puller("blip")
    folder = find_checkpoint(PlainContext(models=store.path), CAPTIONER).folder
    assert [path.name for path in folder.iterdir() if "model." in path.name] == [weights]
    assert not list(folder.glob("*.py"))
    model = transformers.AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True)
    original = transformers.AutoModelForImageTextToText.from_pretrained(checkpoint)
    for name, tensor in original.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name])
    processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
    assert processor.tokenizer("a dog")["input_ids"] == [2, 5, 6, 3]


def test_missing_model_remedy(
    store: ModelStore,
) -> None:
    """For a missing model, the error names the command that fetches it."""
    with pytest.raises(EngineUnavailable) as missing:
        find_checkpoint(PlainContext(models=store.path), NAME)
    assert missing.value.remedy == f"narrated models pull {NAME}"


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: os.truncate(path, 5)])
def test_harmed_model_remedy(harm: Any, puller: Puller, store: ModelStore) -> None:
    """For a damaged model, the error names the command that repairs it."""
    puller()
    plain = PlainContext(models=store.path)
    whole = find_checkpoint(plain, NAME)
    harm(store.folder_of(NAME) / WEIGHTS)
    with pytest.raises(EngineUnavailable, match=f"{WEIGHTS} is missing or cut short") as harmed:
        find_checkpoint(plain, NAME)
    assert harmed.value.remedy == f"narrated models pull {NAME}"
    puller()
    assert find_checkpoint(plain, NAME) == whole


def test_update_changes_digest(puller: Puller, store: ModelStore) -> None:
    """An update changes the model's digest."""
    puller()
    plain = PlainContext(models=store.path)
    before = find_checkpoint(plain, NAME).digest
    files = dict(puller.hub.repositories[NAME].commits[store.locks()[NAME].commit])
    puller.hub.commit(NAME, files | {WEIGHTS: b"y" * 400_000})
    puller(update=True)
    assert find_checkpoint(plain, NAME).digest != before
