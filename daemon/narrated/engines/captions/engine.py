"""The neural captioners: pictures wait, are opened one by one, and described as a batch."""

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageFile

from narrated.engines import metadata_captioner
from narrated.engines.captions.options import CaptionerOptions, CaptionStyle
from narrated.engines.captions.postprocessing import tidy
from narrated.engines.image_loading import DAMAGE, LONGEST_SIDE, decode, open_image, to_upright_rgb
from narrated.engines.image_metadata import read_metadata
from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    Kind,
    Options,
    Outcome,
    ProgressReport,
    Request,
    RequestFailure,
)
from narrated.engines.model_interface import EngineContext, Model
from narrated.engines.neural import checkpoint_files
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from narrated.engines.captions.families import CaptionerFamily, RawCaption
    from narrated.engines.neural.torch_device import TorchDevice
    from narrated.engines.neural.torch_model import TorchModel as NeuralModel

REVISION = 1
"""Raised whenever the same picture would be described in other words."""

_OPENED = 0.1
"""How far a picture has come that is opened."""

_QUICK_S, _SLOW_S = 4.0, 15.0
"""A batch twice or half as large would still be, or would be again, well below the time (60 s
unless configured otherwise) for which a worker may be silent."""


@dataclass(slots=True)
class _PendingCaption:
    sight: CaptionRequest
    telling: CaptionStyle
    image: Image.Image | None = None


class NeuralCaptioner:
    """The engine."""

    kind: Kind = "caption"
    worn = False

    def __init__(
        self,
        model: "NeuralModel[PreTrainedModel]",
        identity: str,
        family: "CaptionerFamily",
        telling: CaptionStyle,
        rows: int,
    ) -> None:
        self.identity = identity
        self.rows = rows
        self.models: Sequence[Model] = (model,)
        self._model = model
        self._family = family
        self._telling = telling
        self._waiting: dict[str, _PendingCaption] = {}
        self._width = rows
        """As many as there is room for."""
        self._pace = 1 if model.device.is_host else rows
        """As many as are described in good time."""

    def admit(self, request: Request) -> None:
        """Queue a picture."""
        if not isinstance(request, CaptionRequest):
            raise EngineError(f"{self._model.name} describes pictures; it does not speak.")
        telling = self._telling.wished(request.options)
        self._family.check(telling.prompt or "")
        self._waiting[request.id] = _PendingCaption(request, telling)

    def step(self) -> Sequence[Outcome]:
        """Open the next picture, or describe all that are open; each is a sign of life."""
        batch = min(self._width, self._pace)
        is_open = [row.image is not None for row in self._waiting.values()]
        if sum(is_open) < batch and not all(is_open):
            closed = next(row for row in self._waiting.values() if row.image is None)
            with self._model.device.at_work([closed.sight.id]):
                return [self._look(closed)]
        return self._describe(self._alike(batch))

    def cancel(self, id: str) -> None:
        """Take a picture out of the queue."""
        self._waiting.pop(id, None)

    def shrink(self) -> bool:
        """Halve how many are described at once; it grows again when nothing waits."""
        if self._width == 1:
            return False
        self._width //= 2
        return True

    def release(self) -> None:
        """Close all pictures; they are opened again in their turn."""
        for row in self._waiting.values():
            row.image = None

    def _look(self, row: _PendingCaption) -> Outcome:
        """Open a picture, which is all that one needs that its maker has described."""
        id = row.sight.id
        try:
            with open_image(row.sight.picture) as image:
                decode(image, LONGEST_SIDE)
                said = _note(image) if row.telling.written else ""
                row.image = None if said else to_upright_rgb(image)
        except EngineError as error:
            del self._waiting[id]
            return RequestFailure(id, error.problem, error.remedy)
        if said:
            del self._waiting[id]
            return CaptionResult(id, said)
        return ProgressReport(id, _OPENED)

    def _alike(self, most: int) -> list[_PendingCaption]:
        """Open pictures that are asked the same, so that one batch has one prompt."""
        ready = [row for row in self._waiting.values() if row.image is not None]
        first = ready[0].telling
        asked = (first.prompt, first.max_tokens)
        alike = [row for row in ready if (row.telling.prompt, row.telling.max_tokens) == asked]
        return alike[:most]

    def _describe(self, rows: list[_PendingCaption]) -> list[Outcome]:
        begin = time.monotonic()
        with self._model.device.at_work([row.sight.id for row in rows]):
            written = self._family.describe(
                self._model.module,
                [row.image for row in rows if row.image is not None],
                rows[0].telling.prompt or "",
                rows[0].telling.max_tokens or self._family.max_tokens,
            )
        for row in rows:
            del self._waiting[row.sight.id]
        self._keep_pace(time.monotonic() - begin)
        return [_outcome(row.sight, each) for row, each in zip(rows, written, strict=True)]

    def _keep_pace(self, took_s: float) -> None:
        if took_s < _QUICK_S:
            self._pace = min(self.rows, 2 * self._pace)
        elif took_s > _SLOW_S:
            self._pace = max(1, self._pace // 2)
        if not self._waiting:
            self._width = min(self.rows, 2 * self._width)


def _note(image: ImageFile.ImageFile) -> str:
    try:
        return read_metadata(image).description
    except DAMAGE:
        return ""  # the notes are broken; the picture is well


def _outcome(sight: CaptionRequest, written: "RawCaption") -> Outcome:
    """What the model says; where that is nothing, what can be known without it."""
    try:
        return CaptionResult(
            sight.id,
            tidy(written.text, written.is_cut) or metadata_captioner.describe(sight.picture),
        )
    except EngineError as error:
        return RequestFailure(sight.id, error.problem, error.remedy)


def load(options: Options, shelf: EngineContext) -> NeuralCaptioner:
    """A captioner by its model's name; its weights are read when it is first warmed.

    Raises EngineError for options that it does not understand, and EngineUnavailable where the
    model or what it needs is not there.
    """
    wishes = CaptionerOptions.of(options)
    found = checkpoint_files.found(shelf, wishes.model)
    _require_packages()
    from narrated.engines.neural.torch_device import TorchDevice

    device = TorchDevice.chosen(shelf.device)
    dtype = device.precision(wishes.dtype)
    family = _family(found)
    telling = wishes.telling
    if telling.prompt is None:
        telling = telling.wished({"prompt": family.prompt})
    family.check(telling.prompt or "")
    model = shelf.hold(_model(found, device, dtype))
    told = (found.digest, str(dtype), telling.prompt, telling.max_tokens, telling.written)
    identity = f"captions-{REVISION}.{metadata_captioner.REVISION}-{_digest(told)}"
    return NeuralCaptioner(model, identity, family, telling, wishes.rows)


def _require_packages() -> None:
    try:
        import torch  # noqa: F401  # whether they are there is the question
        import transformers  # noqa: F401
    except ImportError as error:
        raise EngineUnavailable(
            f"Captions by a model need torch and transformers ({error}).",
            "pip install 'narrated[models]'",
        ) from error


def _family(found: checkpoint_files.CheckpointFiles) -> "CaptionerFamily":
    from narrated.engines.captions.families import family_of

    with checkpoint_files.readable(f"The model {found.name}", checkpoint_files.verify(found.name)):
        return family_of(found.folder, found.name)


def _model(
    found: checkpoint_files.CheckpointFiles, device: "TorchDevice", dtype: "torch.dtype"
) -> "NeuralModel[PreTrainedModel]":
    from transformers import AutoModelForImageTextToText

    from narrated.engines.neural.torch_model import TorchModel as NeuralModel
    from narrated.engines.neural.torch_model import whole

    def read() -> "PreTrainedModel":
        loaded: Any = AutoModelForImageTextToText.from_pretrained(
            found.folder,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
        module: PreTrainedModel = whole(found.name, *loaded)
        return module

    key = _digest(("image-text-to-text", found.digest, str(dtype), str(device.torch)))
    return NeuralModel(found.name, key, device, read)


def _digest(told: Iterable[object]) -> str:
    return hashlib.sha256(json.dumps(list(told)).encode()).hexdigest()[:32]
