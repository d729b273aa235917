"""The neural captioners: pictures wait, are opened one by one, and described as a batch."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageFile

from narrated.engines import embedded
from narrated.engines.base import (
    Described,
    Failed,
    Kind,
    Model,
    Options,
    Outcome,
    Progressed,
    Request,
    Shelf,
    Sight,
)
from narrated.engines.captions.tidy import tidy
from narrated.engines.captions.wishes import Telling, Wishes
from narrated.engines.neural import files
from narrated.engines.picture import DAMAGE, LONGEST_SIDE, decode, opened, shown
from narrated.engines.picture_notes import noted
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from narrated.engines.captions.families import Family, Written
    from narrated.engines.neural.device import Device
    from narrated.engines.neural.model import Model as NeuralModel

REVISION = 1
"""Raised whenever the same picture would be described in other words."""

_OPENED = 0.1
"""How far a picture has come that is opened."""

_QUICK_S, _SLOW_S = 4.0, 15.0
"""A batch twice or half as large would still be, or would be again, well below the time (60 s
unless configured otherwise) for which a worker may be silent."""


@dataclass(slots=True)
class _Row:
    sight: Sight
    telling: Telling
    image: Image.Image | None = None


class Captions:
    """The engine."""

    kind: Kind = "caption"
    sample_rate = 0
    worn = False

    def __init__(
        self,
        model: "NeuralModel[PreTrainedModel]",
        identity: str,
        family: "Family",
        telling: Telling,
        rows: int,
    ) -> None:
        self.identity = identity
        self.rows = rows
        self.models: Sequence[Model] = (model,)
        self._model = model
        self._family = family
        self._telling = telling
        self._waiting: dict[str, _Row] = {}
        self._width = rows
        """As many as there is room for."""
        self._pace = 1 if model.device.is_host else rows
        """As many as are described in good time."""

    def voices(self) -> Mapping[str, str]:
        """None: it does not speak."""
        return {}

    def voice_digest(self, name: str) -> str:
        """None has any."""
        return ""

    def admit(self, request: Request) -> None:
        """Queue a picture."""
        if not isinstance(request, Sight):
            raise EngineError(f"{self._model.name} describes pictures; it does not speak.")
        telling = self._telling.wished(request.options)
        self._family.check(telling.prompt or "")
        self._waiting[request.id] = _Row(request, telling)

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

    def _look(self, row: _Row) -> Outcome:
        """Open a picture, which is all that one needs that its maker has described."""
        id = row.sight.id
        try:
            with opened(row.sight.picture) as image:
                decode(image, LONGEST_SIDE)
                said = _note(image) if row.telling.written else ""
                row.image = None if said else shown(image)
        except EngineError as error:
            del self._waiting[id]
            return Failed(id, error.problem, error.remedy)
        if said:
            del self._waiting[id]
            return Described(id, said)
        return Progressed(id, _OPENED)

    def _alike(self, most: int) -> list[_Row]:
        """Open pictures that are asked the same, so that one batch has one prompt."""
        ready = [row for row in self._waiting.values() if row.image is not None]
        first = ready[0].telling
        asked = (first.prompt, first.max_tokens)
        alike = [row for row in ready if (row.telling.prompt, row.telling.max_tokens) == asked]
        return alike[:most]

    def _describe(self, rows: list[_Row]) -> list[Outcome]:
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
        return noted(image).description
    except DAMAGE:
        return ""  # the notes are broken; the picture is well


def _outcome(sight: Sight, written: "Written") -> Outcome:
    """What the model says; where that is nothing, what can be known without it."""
    try:
        return Described(
            sight.id, tidy(written.text, written.is_cut) or embedded.description(sight.picture)
        )
    except EngineError as error:
        return Failed(sight.id, error.problem, error.remedy)


def load(options: Options, shelf: Shelf) -> Captions:
    """A captioner by its model's name; its weights are read when it is first warmed.

    Raises EngineError for options that it does not understand, and EngineUnavailable where the
    model or what it needs is not there.
    """
    wishes = Wishes.of(options)
    found = files.found(shelf, wishes.model)
    _require_packages()
    from narrated.engines.neural.device import Device

    device = Device.chosen(shelf.device)
    dtype = device.precision(wishes.dtype)
    family = _family(found)
    telling = wishes.telling
    if telling.prompt is None:
        telling = telling.wished({"prompt": family.prompt})
    family.check(telling.prompt or "")
    model = shelf.hold(_model(found, device, dtype))
    told = (found.digest, str(dtype), telling.prompt, telling.max_tokens, telling.written)
    identity = f"captions-{REVISION}.{embedded.REVISION}-{_digest(told)}"
    return Captions(model, identity, family, telling, wishes.rows)


def _require_packages() -> None:
    try:
        import torch  # noqa: F401  # whether they are there is the question
        import transformers  # noqa: F401
    except ImportError as error:
        raise EngineUnavailable(
            f"Captions by a model need torch and transformers ({error}).",
            "pip install 'narrated[models]'",
        ) from error


def _family(found: files.ModelFiles) -> "Family":
    from narrated.engines.captions.families import family_of

    with files.readable(f"The model {found.name}", files.verify(found.name)):
        return family_of(found.folder, found.name)


def _model(
    found: files.ModelFiles, device: "Device", dtype: "torch.dtype"
) -> "NeuralModel[PreTrainedModel]":
    from transformers import AutoModelForImageTextToText

    from narrated.engines.neural.model import Model as NeuralModel
    from narrated.engines.neural.model import whole

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
