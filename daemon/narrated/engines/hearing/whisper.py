"""Whisper by transformers: it hears the windows of takes in batches."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from narrated.engines.hearing.identities import digest, identity
from narrated.engines.hearing.languages import chosen
from narrated.engines.hearing.options import (
    ROWS,
    whisper_options,
)
from narrated.engines.hearing.pending_takes import HeardText, TakeWindow
from narrated.engines.hearing.whisper_base import WhisperBase
from narrated.engines.interface import (
    EngineContext,
    Options,
    Outcome,
    ProgressReport,
)
from narrated.engines.neural.batch_size import BatchSize
from narrated.engines.neural.checkpoint_lookup import (
    HashedCheckpoint,
    find_checkpoint,
    verify_remedy,
)
from narrated.engines.neural.damaged_files import guard_reading
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from narrated.engines.hearing.whisper_decoding import WhisperDecoding
    from narrated.engines.neural.torch_model import TorchModel

REVISION = 1
"""Raise it whenever the same take would get another text."""

_STEP_S = 2.0
"""A step ends after about this long: a worker may be silent for much longer."""
_MULTILINGUAL_VOCABULARY = 51_865
"""The vocabularies of models for English alone are smaller."""

_Portions = Iterator[float | list[HeardText]]


class WhisperEngine(WhisperBase):
    """Hears takes by a checkpoint of Whisper."""

    def __init__(
        self,
        model: "TorchModel[PreTrainedModel]",
        identity: str,
        decoding: "WhisperDecoding",
        languages: Sequence[str],
        rows: int,
        *,
        is_multilingual: bool,
    ) -> None:
        super().__init__(model, identity, languages, rows, is_multilingual=is_multilingual)
        self._model = model
        self._decoding = decoding
        self._batch: list[TakeWindow] = []
        """The windows under way."""
        self._portions: _Portions | None = None
        self._begun_s = 0.0
        self.batch_size = BatchSize(rows, is_slow=model.device.is_host)

    def step(self) -> Sequence[Outcome]:
        """Hear for some seconds, and tell the takes that are heard to their ends."""
        finished: list[Outcome] = [*self._takes.take_finished()]
        if finished:
            return finished
        heard = self._work(self._portions or self._begin())
        if isinstance(heard, float):
            return self._progress(heard)
        for window, text in zip(self._batch, heard, strict=True):
            self._takes.keep(window, text)
        took_s = time.monotonic() - self._begun_s
        self.batch_size.adjust(took_s, is_last=not self._takes.unheard(1))
        going_on = self._progress(1.0)
        self._end_batch()
        return [*self._takes.take_finished()] or going_on

    def cancel(self, id: str) -> None:
        """Forget a take; a batch of nothing else ends."""
        self._takes.remove(id)
        if not any(window.id in self._takes for window in self._batch):
            self._end_batch()

    def shrink(self) -> bool:
        """Halve the batch size; it doubles again once the queue is empty."""
        return self.batch_size.shrink()

    def release(self) -> None:
        """Drop the batch under way; a later step hears it again."""
        self._end_batch()

    def _begin(self) -> _Portions:
        self._batch = self._takes.unheard(int(self.batch_size))
        self._portions = self._decoding.hear(self._model.module, self._batch)
        self._begun_s = time.monotonic()
        return self._portions

    def _work(self, portions: _Portions) -> float | list[HeardText]:
        """Hear until the time of a step is over, or the batch is heard."""
        import torch

        until_s = time.monotonic() + _STEP_S
        ids = list(dict.fromkeys(window.id for window in self._batch if window.id in self._takes))
        try:
            with torch.inference_mode(), self._model.device.at_work(ids):
                for portion in portions:
                    if isinstance(portion, list) or time.monotonic() >= until_s:
                        return portion
        except BaseException:
            self._end_batch()
            raise
        raise EngineError(f"{self._model.name} ended without a text.")

    def _end_batch(self) -> None:
        self._batch, self._portions = [], None

    def _progress(self, fraction: float) -> list[Outcome]:
        under_way = {(window.id, window.number) for window in self._batch}

        def share(window: TakeWindow) -> float:
            return fraction if (window.id, window.number) in under_way else 0.0

        ids = dict.fromkeys(window.id for window in self._batch if window.id in self._takes)
        return [ProgressReport(id, self._takes.progress(id, share)) for id in ids]


def load(options: Options, context: EngineContext) -> WhisperEngine:
    """Load Whisper by its model's name; the weights stay on the disk until it is warmed.

    Raises EngineError for unknown or wrong options, and EngineUnavailable if the model or a
    package is missing.
    """
    told = whisper_options(options)
    files = find_checkpoint(context, told["model"])
    config = _read(files, "config.json")
    if config.get("model_type") != "whisper":
        raise EngineUnavailable(
            f"The model {files.name} is no Whisper (its kind is '{config.get('model_type')}').",
            "Name another, such as openai/whisper-base.",
        )
    try:
        from transformers import AutoModelForSpeechSeq2Seq

        from narrated.engines.hearing.whisper_decoding import WhisperDecoding
        from narrated.engines.neural.torch_device import TorchDevice
        from narrated.engines.neural.torch_model import TorchModel, load_weights
    except ImportError as error:
        raise EngineUnavailable(
            f"Whisper needs torch and transformers ({error}).", "pip install 'narrated[models]'"
        ) from error
    settings = _read(files, "generation_config.json")
    with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
        decoding = WhisperDecoding(files.folder, settings, int(config["max_target_positions"]))
        is_multilingual = _is_multilingual(settings, config)
        languages = _languages(settings) if is_multilingual else ("en",)
    device = TorchDevice.chosen(context.device)
    # What it hears decides if a take is spoken again, so all CPUs hear alike.
    dtype = device.precision(told.get("dtype", "auto"), halves_on_host=False)
    read = partial(load_weights, files, AutoModelForSpeechSeq2Seq, dtype, trust_remote_code=False)
    key = digest("whisper", files.digest, str(dtype), str(device.torch))
    model = context.hold(TorchModel(files.name, key, device, read))
    named = identity("whisper", REVISION, files.name, files.digest, str(dtype))
    heard = chosen(languages, told.get("languages", ""), files.name)
    rows = told.get("rows", ROWS)
    return WhisperEngine(model, named, decoding, heard, rows, is_multilingual=is_multilingual)


def _read(files: HashedCheckpoint, name: str) -> dict[str, Any]:
    """A file of settings. Raises EngineUnavailable if it is missing or damaged."""
    with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
        return dict(json.loads((files.folder / name).read_text(encoding="utf-8")))


def _is_multilingual(settings: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    told = settings.get("is_multilingual")
    return bool(int(config["vocab_size"]) >= _MULTILINGUAL_VOCABULARY if told is None else told)


def _languages(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(token.strip("<|>") for token in settings["lang_to_id"])
