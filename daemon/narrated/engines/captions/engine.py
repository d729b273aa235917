"""The neural captioner: it describes a batch of pictures while threads open the next ones."""

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from narrated.engines import model_free_captioner
from narrated.engines.captions.options import ROWS, CaptionStyle, engine_options
from narrated.engines.captions.postprocessing import tidy
from narrated.engines.captions.preparation import PendingCaption, PicturePreparation, next_batch
from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    EngineContext,
    Kind,
    Model,
    Options,
    Outcome,
    ProgressReport,
    Request,
    RequestFailure,
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

    from narrated.engines.captions.families import CaptionerFamily, RawCaption
    from narrated.engines.neural.torch_model import TorchModel

REVISION = 1
"""Raise it whenever the same picture would get another text."""

_OPENED = 0.1
"""Progress of an opened picture."""


_BATCHES = 2
"""In flight at once: one is described while the next is opened."""


class NeuralCaptioner:
    """Describes pictures by a model of any family."""

    kind: Kind = "caption"
    worn = False

    def __init__(
        self,
        model: "TorchModel[PreTrainedModel]",
        identity: str,
        family: "CaptionerFamily",
        style: CaptionStyle,
        rows: int,
    ) -> None:
        self.identity = identity
        self.rows = _BATCHES * rows
        self.models: Sequence[Model] = (model,)
        self._model = model
        self._family = family
        self._style = style
        self._waiting: dict[str, PendingCaption] = {}
        self._preparation = PicturePreparation(family)
        self._most = rows
        self.batch_size = BatchSize(rows, is_slow=model.device.is_host)

    @property
    def has_room(self) -> bool:
        """True if a thread would open another picture now."""
        return len(self._waiting) < self._most_begun

    def admit(self, request: Request) -> None:
        """Queue a picture."""
        if not isinstance(request, CaptionRequest):
            raise EngineError(f"{self._model.name} describes pictures; it does not speak.")
        style = self._style.with_options(request.options)
        self._family.check(style.prompt or "")
        self._waiting[request.id] = PendingCaption(request, style)

    def step(self) -> Sequence[Outcome]:
        """Tell the next open picture, or describe the open ones; each shows that it is alive."""
        try:
            return self._advanced()
        finally:
            self._preparation.rest(self._waiting.values())

    def _advanced(self) -> Sequence[Outcome]:
        batch = int(self.batch_size)
        self._open_ahead()
        is_open = [pending.image is not None for pending in self._waiting.values()]
        if sum(is_open) < batch and not all(is_open):
            closed = next(pending for pending in self._waiting.values() if pending.image is None)
            with self._model.device.at_work([closed.request.id]):
                return [self._opened(closed)]
        ready = [pending for pending in self._waiting.values() if pending.image is not None]
        return self._describe(next_batch(ready[:batch]), batch)

    def cancel(self, id: str) -> None:
        """Remove a picture from the queue."""
        if (pending := self._waiting.pop(id, None)) is not None:
            pending.close()

    def shrink(self) -> bool:
        """Halve the batch size; it doubles again once the queue is empty."""
        return self.batch_size.shrink()

    def release(self) -> None:
        """Close all pictures; later steps open them again."""
        self._preparation.drop()
        for pending in self._waiting.values():
            pending.close()

    def _open_ahead(self) -> None:
        """Have threads open this batch and the next; the next picture alone if memory is short."""
        opened = sum(pending.image is not None for pending in self._waiting.values())
        ahead = min(opened + 1, self._most_begun) if self._is_short else self._most_begun
        for pending in islice(self._waiting.values(), ahead):
            self._preparation.open(pending)

    @property
    def _most_begun(self) -> int:
        """Pictures of this batch and the next; of this one alone if memory is short."""
        return int(self.batch_size) * (1 if self._is_short else _BATCHES)

    @property
    def _is_short(self) -> bool:
        """True if a batch did not fit into memory lately."""
        return self.batch_size.fitting < self._most

    def _opened(self, pending: PendingCaption) -> Outcome:
        """Wait until a picture is open, and finish it if its file contains a description."""
        id = pending.request.id
        try:
            opened = self._preparation.opened(pending)
        except EngineError as error:
            del self._waiting[id]
            return RequestFailure(id, error.problem, error.remedy)
        pending.image = opened.image
        if opened.written:
            del self._waiting[id]
            return CaptionResult(id, opened.written)
        return ProgressReport(id, _OPENED)

    def _describe(self, batch: list[PendingCaption], size: int) -> list[Outcome]:
        begin = time.monotonic()
        style = batch[0].style
        with self._model.device.at_work([pending.request.id for pending in batch]):
            inputs = self._preparation.inputs(batch)
            self._prepare_next(batch, size)
            written = self._family.describe(
                self._model.module,
                inputs,
                style.prompt or "",
                style.max_tokens or self._family.max_tokens,
            )
        for pending in batch:
            del self._waiting[pending.request.id]
        self.batch_size.adjust(time.monotonic() - begin, is_last=not self._waiting)
        return [
            _outcome(pending.request, each) for pending, each in zip(batch, written, strict=True)
        ]

    def _prepare_next(self, batch: list[PendingCaption], size: int) -> None:
        following = [pending for pending in self._waiting.values() if pending not in batch]
        begun = [each for each in following if each.opening is not None or each.image is not None]
        self._preparation.prepare(begun, size)


def _outcome(request: CaptionRequest, written: "RawCaption") -> Outcome:
    """The model's caption; if that is empty, a description of the picture's appearance."""
    try:
        return CaptionResult(
            request.id,
            tidy(written.text, written.is_cut) or model_free_captioner.describe(request.picture),
        )
    except EngineError as error:
        return RequestFailure(request.id, error.problem, error.remedy)


def load(options: Options, context: EngineContext) -> NeuralCaptioner:
    """Load a captioner by its model's name; the weights stay on the disk until it is warmed.

    Raises EngineError for unknown or wrong options, and EngineUnavailable if the model or a
    package is missing.
    """
    model_options, style = engine_options(options)
    files = find_checkpoint(context, model_options["model"])
    try:
        from transformers import AutoModelForImageTextToText

        from narrated.engines.neural.torch_device import TorchDevice
        from narrated.engines.neural.torch_model import TorchModel, load_weights
    except ImportError as error:
        raise EngineUnavailable(
            f"Captions by a model need torch and transformers ({error}).",
            "pip install 'narrated[models]'",
        ) from error
    device = TorchDevice.chosen(context.device)
    dtype = device.precision(model_options.get("dtype", "auto"))
    family = _family(files)
    if style.prompt is None:
        style = style.with_options({"prompt": family.prompt})
    family.check(style.prompt or "")
    read = partial(load_weights, files, AutoModelForImageTextToText, dtype, trust_remote_code=False)
    key = _digest(("image-text-to-text", files.digest, str(dtype), str(device.torch)))
    model = context.hold(TorchModel(files.name, key, device, read))
    told = (files.digest, str(dtype), style.prompt, style.max_tokens, style.written)
    identity = f"captions-{REVISION}.{model_free_captioner.REVISION}-{_digest(told)}"
    return NeuralCaptioner(model, identity, family, style, model_options.get("rows", ROWS))


def _family(files: HashedCheckpoint) -> "CaptionerFamily":
    from narrated.engines.captions.families import family_of

    with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
        return family_of(files.folder, files.name)


def _digest(told: Iterable[object]) -> str:
    return hashlib.sha256(json.dumps(list(told)).encode()).hexdigest()[:32]
