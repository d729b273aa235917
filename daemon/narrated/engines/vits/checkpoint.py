"""A checkpoint of VITS: its tokenizer and settings. The weights load later."""

import sys
import unicodedata
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from transformers import VitsConfig, VitsModel, VitsTokenizer

from narrated.engines.interface import EngineContext
from narrated.engines.neural.checkpoint_lookup import HashedCheckpoint, verify_remedy
from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel, load_weights, weights_key
from narrated.engines.vits.options import VitsSampling
from narrated.errors import EngineError, EngineUnavailable

_MOST_TOKENS = 4000


@dataclass(frozen=True, slots=True)
class VitsCheckpoint:
    """A model with its tokenizer and settings, wherever its weights are."""

    model: TorchModel[VitsModel]
    tokenizer: Any
    config: VitsConfig
    sampling: VitsSampling
    digest: str

    @classmethod
    def opened(cls, files: HashedCheckpoint, context: EngineContext) -> "VitsCheckpoint":
        """Read all but the weights, which are always in single precision.

        Raises EngineUnavailable if a file is missing or broken, or a package that its texts need.
        """
        device = TorchDevice.chosen(context.device)
        with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
            config = VitsConfig.from_pretrained(files.folder, local_files_only=True)
            tokenizer = VitsTokenizer.from_pretrained(files.folder, local_files_only=True)
        _refuse_lacking(files.name, tokenizer)
        key = weights_key(files.digest, torch.float32, device)
        read = partial(load_weights, files, VitsModel, torch.float32)
        model = context.hold(TorchModel(files.name, key, device, read))
        return cls(model, tokenizer, config, VitsSampling.of(files.folder), files.digest)

    def words(self, text: str) -> list[int]:
        """Tokenize a text; none if the model knows none of its letters.

        Raises EngineError if it has more tokens than the model reads.
        """
        whole = text.encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self.tokenizer(self._known(whole))["input_ids"] if whole.strip() else []
        if len(ids) > _MOST_TOKENS:
            raise EngineError(
                f"The text is too long for VITS: {len(ids)} tokens, where it reads {_MOST_TOKENS}.",
                "Cut it into shorter chunks.",
            )
        blanks = {self.tokenizer.pad_token_id, self.tokenizer.unk_token_id}
        return ids if set(ids) - blanks else []

    def _known(self, text: str) -> str:
        """A text without the accents that this model has no letters for."""
        letters, blank = self.tokenizer.encoder, not self.tokenizer.normalize
        if blank or self.tokenizer.phonemize or self.tokenizer.is_uroman:
            return text
        return "".join(each if each.lower() in letters else _plain(each, letters) for each in text)


def _plain(letter: str, letters: dict[str, int]) -> str:
    base = unicodedata.normalize("NFKD", letter)[:1]
    return base if base.lower() in letters else letter


def _refuse_lacking(name: str, tokenizer: Any) -> None:
    wanted = {"phonemizer": tokenizer.phonemize, "uroman": tokenizer.is_uroman}
    for package, is_wanted in wanted.items():
        if is_wanted and find_spec(package) is None:
            install = {"phonemizer": "phonemizer-fork espeakng-loader"}.get(package, package)
            raise EngineUnavailable(
                f"The model {name} reads texts by the package {package}, which is missing.",
                f"{sys.executable} -m pip install {install}",
            )
    if tokenizer.phonemize:
        _give_espeak()


def _give_espeak() -> None:
    """Show phonemizer the espeak that comes along, for machines without one of their own."""
    try:
        import espeakng_loader
        from phonemizer.backend.espeak.wrapper import EspeakWrapper
    except ImportError:
        return
    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    if hasattr(EspeakWrapper, "set_data_path"):
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
