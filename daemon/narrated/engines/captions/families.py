"""The families of captioning models: their inputs, prompts and outputs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image
from transformers import PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from narrated.engines.captions import processors
from narrated.errors import EngineError, EngineUnavailable

Pictures = Sequence[Image.Image]
"""Pictures in RGB."""

_REQUEST = (
    "Describe this picture in one or two sentences for someone who cannot see it."
    " Begin with what is seen."
)


@dataclass(frozen=True, slots=True)
class RawCaption:
    """A model's unedited text of a picture."""

    text: str
    is_cut: bool
    """True if the token limit cut it off."""


class CaptionerFamily(Protocol):
    """Describes a batch of pictures with one prompt."""

    prompt: str
    """The default prompt."""
    max_tokens: int
    """The default token limit."""

    def check(self, prompt: str) -> None:
        """Raise EngineError if its models do not take this prompt."""

    def describe(
        self, module: PreTrainedModel, pictures: Pictures, prompt: str, max_tokens: int
    ) -> list[RawCaption]:
        """Caption each picture by greedy decoding."""


def family_of(folder: Path, name: str) -> CaptionerFamily:
    """The family of a checkpoint. Raises EngineUnavailable if it describes no pictures."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = str(config.get("model_type", ""))
    if kind == "florence2" and "auto_map" in config:
        raise EngineUnavailable(
            f"The model {name} brings code of its own, and narrated runs none.",
            "Take the same model in another form: florence-community/Florence-2-large.",
        )
    if kind not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        raise EngineUnavailable(
            f"The model {name} describes no pictures (its kind is '{kind}').",
            "Name another, such as Salesforce/blip-image-captioning-base.",
        )
    if kind == "vision-encoder-decoder":
        return PromptlessCaptioner(folder)
    if kind == "florence2":
        return FlorenceCaptioner(folder)
    if kind == "git":
        return GitCaptioner(folder)
    processor = processors.processor(folder)
    return ChatCaptioner(processor) if _template(processor) else PrefixPrompted(processor, kind)


class PrefixPrompted:
    """BLIP, BLIP-2 and others that continue the start of a caption, or answer a question."""

    max_tokens = 50
    _prompts: Mapping[str, str] = {
        "paligemma": "caption en",
        "instructblip": "Write a short description of the image.",
    }

    def __init__(self, processor: Any, kind: str) -> None:
        self.prompt = self._prompts.get(kind, "")
        self._processor = processor

    def check(self, prompt: str) -> None:
        """Accept any prompt."""

    def describe(
        self, module: PreTrainedModel, pictures: Pictures, prompt: str, max_tokens: int
    ) -> list[RawCaption]:
        """Continue the prompt; the caption includes it."""
        texts = [prompt] * len(pictures)
        inputs = self._processor(images=list(pictures), text=texts, return_tensors="pt")
        written = _written(module, inputs, max_tokens, self._processor.tokenizer)
        return [_begun(prompt, each) for each in written]


class GitCaptioner:
    """GIT: like BLIP, but a prompt starts with the CLS token and has no end token."""

    prompt = ""
    max_tokens = 50

    def __init__(self, folder: Path) -> None:
        self._processor = processors.processor(folder)

    def check(self, prompt: str) -> None:
        """Accept any prompt."""

    def describe(
        self, module: PreTrainedModel, pictures: Pictures, prompt: str, max_tokens: int
    ) -> list[RawCaption]:
        """Continue the prompt; the caption includes it."""
        tokenizer = self._processor.tokenizer
        inputs = dict(self._processor(images=list(pictures), return_tensors="pt"))
        begun = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        inputs["input_ids"] = torch.tensor([[tokenizer.cls_token_id, *begun]] * len(pictures))
        inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
        written = _written(module, inputs, max_tokens, tokenizer)
        return [_begun(prompt, each) for each in written]


class FlorenceCaptioner:
    """Florence-2: a task by its token, or a question."""

    prompt = "<DETAILED_CAPTION>"
    max_tokens = 160

    def __init__(self, folder: Path) -> None:
        self._processor = processors.processor(folder)

    def check(self, prompt: str) -> None:
        """Refuse an empty prompt, and tasks that give places instead of text."""
        tasks = self._processor.tasks_answer_post_processing_type
        task = prompt[: prompt.find(">") + 1]
        if not prompt or (task.startswith("<") and tasks.get(task) != "pure_text"):
            told = [task for task, kind in tasks.items() if kind == "pure_text"]
            raise EngineError(
                f"Florence-2 has no task '{prompt}' that gives a text.",
                f"Set prompt to one of {', '.join(told)}.",
            )

    def describe(
        self, module: PreTrainedModel, pictures: Pictures, prompt: str, max_tokens: int
    ) -> list[RawCaption]:
        """Answer the task for each picture."""
        texts = [prompt] * len(pictures)
        inputs = self._processor(
            images=list(pictures), text=texts, return_tensors="pt", padding=True
        )
        return _written(module, inputs, max_tokens, self._processor.tokenizer)


class PromptlessCaptioner:
    """An image encoder with a text decoder (ViT-GPT2), which takes no prompt."""

    prompt = ""
    max_tokens = 50

    def __init__(self, folder: Path) -> None:
        self._image_processor = processors.image_processor(folder)
        self._tokenizer = processors.tokenizer(folder)

    def check(self, prompt: str) -> None:
        """Refuse any prompt."""
        if prompt:
            raise EngineError("This model takes no prompt.", "Leave prompt out.")

    def describe(
        self, module: PreTrainedModel, pictures: Pictures, prompt: str, max_tokens: int
    ) -> list[RawCaption]:
        """Caption each picture without a prompt."""
        inputs = self._image_processor(images=list(pictures), return_tensors="pt")
        return _written(module, inputs, max_tokens, self._tokenizer)


class ChatCaptioner:
    """Chat models (SmolVLM, Qwen-VL, LLaVA, …): a message with a picture and a request."""

    prompt = _REQUEST
    max_tokens = 120

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        # A decoder continues the last token, so padding must come first.
        self._processor.tokenizer.padding_side = "left"

    def check(self, prompt: str) -> None:
        """Accept any prompt."""

    def describe(
        self, module: PreTrainedModel, pictures: Pictures, prompt: str, max_tokens: int
    ) -> list[RawCaption]:
        """Answer the request for each picture."""
        text = self._asked(prompt)
        tokenizer = self._processor.tokenizer
        is_opened = bool(tokenizer.bos_token) and text.startswith(tokenizer.bos_token)
        inputs = self._processor(
            images=[[picture] for picture in pictures],
            text=[text] * len(pictures),
            return_tensors="pt",
            padding=True,
            **({"add_special_tokens": False} if is_opened else {}),
        )
        return _written(module, inputs, max_tokens, tokenizer)

    def _asked(self, prompt: str) -> str:
        request = [{"type": "image"}, *([{"type": "text", "text": prompt}] if prompt else [])]
        return str(
            self._processor.tokenizer.apply_chat_template(
                [{"role": "user", "content": request}],
                chat_template=_template(self._processor),
                add_generation_prompt=True,
                tokenize=False,
            )
        )


def _template(processor: Any) -> str | None:
    """The chat template; None if it is no chat model."""
    own = getattr(processor, "chat_template", None)
    return own or getattr(getattr(processor, "tokenizer", None), "chat_template", None)


def _written(
    module: PreTrainedModel, inputs: Mapping[str, Any], max_tokens: int, tokenizer: Any
) -> list[RawCaption]:
    fed = {name: _fed(value, module) for name, value in inputs.items()}
    output = module.generate(  # type: ignore[operator]  # a mixin's, as transformers types it
        **fed, max_new_tokens=max_tokens, do_sample=False, num_beams=1
    )
    is_parted = bool(getattr(module.config, "is_encoder_decoder", False))
    new = output[:, 1 if is_parted else _echoed(output, fed.get("input_ids")) :]
    ends = torch.tensor(sorted(_ends(module, tokenizer)), device=new.device)
    # Without the last token: BART-like decoders put an end token at the limit.
    is_cut = (new.shape[1] >= max_tokens) & ~torch.isin(new[:, :-1], ends).any(dim=1)
    texts = tokenizer.batch_decode(new, skip_special_tokens=True)
    return [RawCaption(text, cut) for text, cut in zip(texts, is_cut.tolist(), strict=True)]


def _fed(value: Any, module: PreTrainedModel) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    dtype = module.dtype if value.is_floating_point() else None
    return value.to(device=module.device, dtype=dtype)


def _echoed(output: torch.Tensor, given: torch.Tensor | None) -> int:
    """Number of prompt tokens that the output repeats.

    BLIP replaces the first and leaves out the last, which ends the text.
    """
    if given is None:
        return 0
    for length in (given.shape[1], given.shape[1] - 1):
        head = output[:, 1:length]
        if output.shape[1] >= length > 0 and torch.equal(head, given[:, 1:length]):
            return length
    return 0


def _ends(module: PreTrainedModel, tokenizer: Any) -> set[int]:
    """The end tokens; checkpoints name them in different places."""
    text_config = getattr(module.config, "text_config", None)
    told = [
        getattr(module.generation_config, "eos_token_id", None),
        getattr(text_config, "eos_token_id", None),
        getattr(text_config, "sep_token_id", None),
        tokenizer.eos_token_id,
        tokenizer.sep_token_id,
    ]
    lists = [each if isinstance(each, list) else [each] for each in told]
    return {token for tokens in lists for token in tokens if token is not None}


def _begun(prompt: str, written: RawCaption) -> RawCaption:
    """Put the prompt before the caption, unless it is a question."""
    if not prompt or prompt.rstrip()[-1:] in ":?." or not written.text.strip():
        return written
    return RawCaption(f"{prompt.strip()} {written.text.strip()}", written.is_cut)
