"""Every family describes a batch of pictures as it describes each alone."""

import json

import pytest
import torch
from transformers import AutoModelForImageTextToText

from engines.checkpoints.captions import FAMILIES
from engines.paint import shaded
from narrated.engines.captions.families import ChatCaptioner, family_of, load_processor
from narrated.errors import EngineError, EngineUnavailable

PICTURES = [shaded(0, 160, 90), shaded(1, 90, 200), shaded(2, 320, 240), shaded(3, 120, 120)]
TOKENS = 10

ASKED = [
    *((family, None) for family in FAMILIES),
    *((family, "a photo of") for family in ("blip", "blip2", "git")),
    *((family, "What is this?") for family in ("smolvlm", "qwen3_vl")),
    ("florence2", "<CAPTION>"),
]


def read(folder, **options):
    module = AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True, **options)
    return module.eval().requires_grad_(False)


def described(family, module, pictures, prompt, tokens):
    return family.describe(module, family.inputs(pictures, prompt), prompt, tokens)


@pytest.mark.parametrize(("name", "prompt"), ASKED)
def test_batch_matches_single(checkpoint, name, prompt):
    """Pictures get the same texts in a batch as alone."""
    folder = checkpoint(name)
    family, module = family_of(folder, name), read(folder)
    prompt = family.prompt if prompt is None else prompt
    together = described(family, module, PICTURES, prompt, TOKENS)
    alone = [described(family, module, [each], prompt, TOKENS)[0] for each in PICTURES]
    assert together == alone
    assert len({written.text for written in together}) > 1, "the pictures make no difference"


@pytest.mark.parametrize("name", ["smolvlm", "qwen3_vl"])
def test_a_wrong_mask_would_show(checkpoint, name):
    """That a batch equals its rows alone says something only where it might not."""
    folder = checkpoint(name)
    processor = load_processor(folder)
    family, module = ChatCaptioner(processor), read(folder)
    right = described(family, module, PICTURES, family.prompt, TOKENS)
    processor.tokenizer.padding_side = "right"
    assert described(family, module, PICTURES, family.prompt, TOKENS) != right


@pytest.mark.parametrize("name", FAMILIES)
def test_no_family_needs_torchvision(checkpoint, name):
    family_of(checkpoint(name), name)
    with pytest.raises(ImportError):
        __import__("torchvision")


def test_caption_keeps_its_beginning(checkpoint):
    """A caption includes its given beginning, but not a question."""
    folder = checkpoint("blip")
    family, module = family_of(folder, "blip"), read(folder)
    begun, asked = (
        described(family, module, PICTURES[:1], prompt, TOKENS)[0].text
        for prompt in ("a photo of", "what is it?")
    )
    assert begun.startswith("a photo of ")
    assert "what is it" not in asked


@pytest.mark.parametrize("name", ["smolvlm", "qwen3_vl"])
def test_answer_omits_the_prompt(checkpoint, name):
    """The answer does not include the prompt."""
    folder = checkpoint(name)
    family = family_of(folder, name)
    for written in described(family, read(folder), PICTURES, family.prompt, TOKENS):
        assert "Describe" not in written.text
        assert len(written.text) <= TOKENS * 6


@pytest.mark.parametrize("name", FAMILIES)
def test_cut_text_is_marked(checkpoint, name):
    """A text is marked as cut if it reached the limit.

    Random weights hardly ever end a text; where they are made to, it is whole.
    """
    folder = checkpoint(name)
    family, module = family_of(folder, name), read(folder)
    assert any(each.is_cut for each in described(family, module, PICTURES, family.prompt, 3))
    head = module.get_output_embeddings() or module.text_decoder.get_output_embeddings()
    end = module.generation_config.eos_token_id
    if name == "blip":
        end = module.config.text_config.sep_token_id
    head.bias = torch.nn.Parameter(torch.zeros(head.out_features), requires_grad=False)
    head.bias[end] = 1e6
    whole = described(family, module, PICTURES, family.prompt, 3)
    assert [each.is_cut for each in whole] == [False] * 4


def test_task_without_text_is_refused(checkpoint):
    """A task that gives no text is refused."""
    family = family_of(checkpoint("florence2"), "florence2")
    family.check("<MORE_DETAILED_CAPTION>")
    family.check("What does the image describe?")
    for prompt in ("<OD>", "<NONSENSE>", ""):
        with pytest.raises(EngineError, match="no task"):
            family.check(prompt)


def test_what_cannot_be_asked_says_so(checkpoint):
    with pytest.raises(EngineError, match="takes no prompt"):
        family_of(checkpoint("vit_gpt2"), "vit_gpt2").check("a photo of")


def test_other_model_kind_is_refused(tmp_path):
    """A model of another kind is refused."""
    (tmp_path / "config.json").write_text('{"model_type": "bark"}')
    with pytest.raises(EngineUnavailable, match="describes no pictures"):
        family_of(tmp_path, "suno/bark")


def test_model_with_code_is_refused(tmp_path):
    """A model with its own code is refused, and the remedy names another."""
    config = {"model_type": "florence2", "auto_map": {"AutoConfig": "configuration_florence2.X"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(EngineUnavailable, match="code of its own") as caught:
        family_of(tmp_path, "microsoft/Florence-2-large")
    assert "florence-community" in caught.value.remedy


@pytest.mark.gpu
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_on_gpu(checkpoint, name, dtype):
    """A model describes pictures in half precision on a GPU."""
    folder = checkpoint(name)
    family, module = family_of(folder, name), read(folder, dtype=dtype).to("cuda")
    written = described(family, module, PICTURES, family.prompt, TOKENS)
    assert len(written) == len(PICTURES)
