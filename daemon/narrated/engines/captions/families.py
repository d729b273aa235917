"""The families of captioning models: their processors, inputs, prompts and outputs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import torch
import transformers
from PIL import Image
from transformers import PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
from transformers.processing_utils import ProcessorMixin

from narrated.engines.neural.transfers import to_device
from narrated.errors import EngineError, EngineUnavailable

_LOCAL = {"local_files_only": True, "trust_remote_code": False}
_NAMING = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
_KNOWN_PARTS = {"image_processor", "tokenizer", "video_processor"}

# transformers types these only in part.
_AutoImageProcessor: Any = transformers.AutoImageProcessor
_AutoProcessor: Any = transformers.AutoProcessor
_AutoTokenizer: Any = transformers.AutoTokenizer


@dataclass(frozen=True, slots=True)
class RawCaption:
    """A model's unedited text of a picture."""

    text: str
    is_cut: bool
    """True if the token limit cut it off."""


class CaptionerFamily:
    """Describes a batch of pictures in RGB with one prompt.

    A thread may make the inputs of a batch while another batch is described.
    """

    prompt = ""
    """The default prompt."""
    max_tokens = 50
    """The default token limit."""
    continues_prompt = False
    """True if a caption includes its prompt."""

    def __init__(self, processor: Any, tokenizer: Any = None) -> None:
        self._processor = processor
        self._tokenizer = tokenizer or processor.tokenizer
        # Fast tokenizers refuse a second thread while one changes their padding.
        self._tokenizing = Lock()

    def check(self, prompt: str) -> None:
        """Raise EngineError if its models do not take this prompt."""

    def inputs(self, pictures: Sequence[Image.Image], prompt: str) -> Any:
        """The processor's tensors for the model, by name."""
        with self._tokenizing:
            return self._inputs(list(pictures), prompt)

    def describe(
        self, module: PreTrainedModel, inputs: Any, prompt: str, max_tokens: int
    ) -> list[RawCaption]:
        """Caption each picture of some inputs by greedy decoding."""
        written = self._decoded(*_generated(module, inputs, max_tokens, self._tokenizer))
        begin = prompt.strip()
        if not self.continues_prompt or begin[-1:] in ":?.":
            return written  # a question is answered, not continued; nor is an empty prompt
        return [
            replace(each, text=f"{begin} {each.text.strip()}") if each.text.strip() else each
            for each in written
        ]

    def _decoded(self, tokens: torch.Tensor, is_cut: torch.Tensor) -> list[RawCaption]:
        with self._tokenizing:
            texts = self._tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [RawCaption(text, cut) for text, cut in zip(texts, is_cut.tolist(), strict=True)]

    def _inputs(self, pictures: list[Image.Image], prompt: str) -> Any:
        """Make the inputs."""
        raise NotImplementedError


def family_of(folder: Path, name: str) -> CaptionerFamily:
    """The family of a checkpoint. Raises EngineUnavailable if it describes no pictures."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = str(config.get("model_type", ""))
    is_known = kind in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    if "auto_map" in config and (kind == "florence2" or not is_known):
        raise EngineUnavailable(
            f"The model {name} brings code of its own, and narrated runs none.",
            "Take the same model in another form: florence-community/Florence-2-large."
            if kind == "florence2"
            else "Name another, such as Salesforce/blip-image-captioning-base.",
        )
    if not is_known:
        raise EngineUnavailable(
            f"The model {name} describes no pictures (its kind is '{kind}').",
            "Name another, such as Salesforce/blip-image-captioning-base.",
        )
    if kind == "vision-encoder-decoder":
        return PromptlessCaptioner(folder)
    processor = load_processor(folder)
    if kind in _FAMILIES:
        return _FAMILIES[kind](processor)
    return ChatCaptioner(processor) if _template(processor) else PrefixPrompted(processor, kind)


class PrefixPrompted(CaptionerFamily):
    """BLIP, BLIP-2 and others that continue the start of a caption, or answer a question."""

    continues_prompt = True
    _prompts: Mapping[str, str] = {
        "paligemma": "caption en",
        "instructblip": "Write a short description of the image.",
    }

    def __init__(self, processor: Any, kind: str) -> None:
        super().__init__(processor)
        self.prompt = self._prompts.get(kind, "")

    def _inputs(self, pictures: list[Image.Image], prompt: str) -> Any:
        texts = [prompt] * len(pictures)
        return self._processor(images=pictures, text=texts, return_tensors="pt")


class GitCaptioner(CaptionerFamily):
    """GIT: like BLIP, but a prompt starts with the CLS token and has no end token."""

    continues_prompt = True

    def _inputs(self, pictures: list[Image.Image], prompt: str) -> Any:
        begun = self._tokenizer(prompt, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([[self._tokenizer.cls_token_id, *begun]] * len(pictures))
        seen = self._processor(images=pictures, return_tensors="pt")
        return {**seen, "input_ids": ids, "attention_mask": torch.ones_like(ids)}


class FlorenceCaptioner(CaptionerFamily):
    """Florence-2: a task by its token, or a question."""

    prompt = "<DETAILED_CAPTION>"
    max_tokens = 160

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

    def _inputs(self, pictures: list[Image.Image], prompt: str) -> Any:
        texts = [prompt] * len(pictures)
        return self._processor(images=pictures, text=texts, return_tensors="pt", padding=True)


class PromptlessCaptioner(CaptionerFamily):
    """An image encoder with a text decoder (ViT-GPT2), which takes no prompt."""

    def __init__(self, folder: Path) -> None:
        super().__init__(_image_processor(folder), _tokenizer(folder))

    def check(self, prompt: str) -> None:
        """Refuse any prompt."""
        if prompt:
            raise EngineError("This model takes no prompt.", "Leave prompt out.")

    def _inputs(self, pictures: list[Image.Image], prompt: str) -> Any:
        return self._processor(images=pictures, return_tensors="pt")


class ChatCaptioner(CaptionerFamily):
    """Chat models (SmolVLM, Qwen-VL, LLaVA, …): a message with a picture and a request."""

    prompt = (
        "Describe this picture in one or two sentences for someone who cannot see it."
        " Begin with what is seen."
    )
    max_tokens = 120

    def __init__(self, processor: Any) -> None:
        super().__init__(processor)
        # A decoder continues the last token, so padding must come first.
        self._tokenizer.padding_side = "left"

    def _inputs(self, pictures: list[Image.Image], prompt: str) -> Any:
        text = self._asked(prompt)
        bos = self._tokenizer.bos_token
        return self._processor(
            images=[[picture] for picture in pictures],
            text=[text] * len(pictures),
            return_tensors="pt",
            padding=True,
            **({"add_special_tokens": False} if bos and text.startswith(bos) else {}),
        )

    def _asked(self, prompt: str) -> str:
        request = [{"type": "image"}, *([{"type": "text", "text": prompt}] if prompt else [])]
        return str(
            self._tokenizer.apply_chat_template(
                [{"role": "user", "content": request}],
                chat_template=_template(self._processor),
                add_generation_prompt=True,
                tokenize=False,
            )
        )


_FAMILIES: Mapping[str, type[CaptionerFamily]] = {
    "florence2": FlorenceCaptioner,
    "git": GitCaptioner,
}


def load_processor(folder: Path) -> Any:
    """Load the processor of pictures and texts, without torchvision.

    Many processors also have a part for videos, which needs torchvision. They are built without
    it, since the part for pictures does not need it.
    """
    named = getattr(transformers, _named(folder), None)
    if not (isinstance(named, type) and issubclass(named, ProcessorMixin)):
        return _AutoProcessor.from_pretrained(folder, **_LOCAL)
    accept_missing = {"check_argument_for_proper_class": lambda self, name, part: None}
    image_only: Any = type(f"ImageOnly{named.__name__}", (named,), accept_missing)
    parts = image_only.get_attributes()
    if not set(parts) <= _KNOWN_PARTS:
        return _AutoProcessor.from_pretrained(folder, **_LOCAL)
    made = {"image_processor": _image_processor(folder), "tokenizer": _tokenizer(folder)}
    settings, _ = image_only.get_processor_dict(folder, local_files_only=True)
    return image_only.from_args_and_dict([made.get(part) for part in parts], settings)


def _image_processor(folder: Path) -> Any:
    """Always by Pillow: the same results with torchvision installed."""
    return _AutoImageProcessor.from_pretrained(folder, backend="pil", **_LOCAL)


def _tokenizer(folder: Path) -> Any:
    return _AutoTokenizer.from_pretrained(folder, **_LOCAL)


def _named(folder: Path) -> str:
    """The processor class that one of the checkpoint's files names; empty if none does."""
    files = [folder / name for name in _NAMING if (folder / name).is_file()]
    told = (json.loads(file.read_text(encoding="utf-8")).get("processor_class") for file in files)
    return next((str(named) for named in told if named), "")


def _template(processor: Any) -> str | None:
    """The chat template; None if it is no chat model."""
    own = getattr(processor, "chat_template", None)
    return own or getattr(getattr(processor, "tokenizer", None), "chat_template", None)


def _generated(
    module: PreTrainedModel, inputs: Mapping[str, Any], max_tokens: int, tokenizer: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """The new tokens (pictures, tokens), and whether the limit cut each (pictures,)."""
    fed = {name: _fed(value, module) for name, value in inputs.items()}
    output = module.generate(  # type: ignore[operator]  # a mixin's, as transformers types it
        **fed, max_new_tokens=max_tokens, do_sample=False, num_beams=1
    )
    is_parted = bool(getattr(module.config, "is_encoder_decoder", False))
    new = output[:, 1 if is_parted else _echoed(output, fed.get("input_ids")) :]
    ends = to_device(torch.tensor(sorted(_ends(module, tokenizer))), new.device)
    # Without the last token: BART-like decoders put an end token at the limit.
    return new, (new.shape[1] >= max_tokens) & ~torch.isin(new[:, :-1], ends).any(dim=1)


def _fed(value: Any, module: PreTrainedModel) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    moved = to_device(value, module.device)
    return moved.to(module.dtype) if value.is_floating_point() else moved


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
