"""Opens pictures on threads, and makes the model's inputs of the next batch, ahead of the model.

Pillow and the processors spend most of their time outside of Python's lock. A device would wait for
them otherwise; they take longer than a GPU's work on a picture. The threads work within the steps
of their engine alone, so their memory counts as its own.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageFile

from narrated.engines.captions.options import CaptionStyle
from narrated.engines.image_loading import (
    DAMAGE,
    LONGEST_SIDE,
    decode,
    is_vast,
    open_image,
    to_upright_rgb,
)
from narrated.engines.image_metadata import read_metadata
from narrated.engines.interface import CaptionRequest
from narrated.engines.neural.host_threads import shared_threads
from narrated.errors import EngineError

if TYPE_CHECKING:
    from narrated.engines.captions.families import CaptionerFamily

_MOST_THREADS = 4


@dataclass(slots=True, eq=False)
class PendingCaption:
    """A picture that waits for its caption."""

    request: CaptionRequest
    style: CaptionStyle
    opening: "Future[OpenedPicture] | None" = None
    """A thread opens it, or has opened it."""
    image: Image.Image | None = None
    """The picture, once the engine has told that it is open."""

    def close(self) -> None:
        """Free the picture; it can be opened again."""
        if self.opening is not None:
            self.opening.cancel()
        self.opening = self.image = None


@dataclass(frozen=True, slots=True)
class OpenedPicture:
    """A picture, or the description that stands in its file."""

    image: Image.Image | None
    written: str = ""


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """A batch, and the model's inputs for it."""

    batch: Sequence[PendingCaption]
    inputs: Any


class PicturePreparation:
    """Threads that open pictures, and one that makes inputs."""

    def __init__(self, family: "CaptionerFamily") -> None:
        self._family = family
        self._threads = _opening_threads()
        self._openers = ThreadPoolExecutor(self._threads, "open-picture")
        self._preparer = ThreadPoolExecutor(1, "prepare-pictures")
        self._vast = Lock()
        self._next: Future[PreparedBatch] | None = None

    def open(self, pending: PendingCaption) -> None:
        """Have a thread open a picture, unless one has begun."""
        if pending.image is None and pending.opening is None:
            self._keep_to_share()
            pending.opening = self._openers.submit(self._read, pending)

    def opened(self, pending: PendingCaption) -> OpenedPicture:
        """Wait until a picture is open. Raises what opening it raised, and forgets it."""
        self.open(pending)
        assert pending.opening is not None
        try:
            return pending.opening.result()
        except BaseException:
            pending.close()
            raise

    def prepare(self, following: Sequence[PendingCaption], size: int) -> None:
        """Have a thread make the inputs of the next batch, once its pictures are open."""
        self._next = None
        if following:
            self._next = self._preparer.submit(self._prepared, following, size)

    def inputs(self, batch: Sequence[PendingCaption]) -> Any:
        """The model's inputs for a batch of open pictures, made ahead or now."""
        ahead, self._next = self._next, None
        if ahead is not None and not ahead.exception() and ahead.result().batch == batch:
            return ahead.result().inputs
        return self._inputs(batch, [each.image for each in batch if each.image is not None])

    def rest(self, waiting: Collection[PendingCaption]) -> None:
        """Let the threads finish what they have begun, and begin nothing more until the next call.

        Between the steps of an engine they would take memory that counts as another engine's.
        """
        for pending in waiting:
            if pending.opening is not None and pending.opening.cancel():
                pending.opening = None
        begun: list[Future[Any] | None] = [self._next, *(each.opening for each in waiting)]
        wait([each for each in begun if each is not None])

    def drop(self) -> None:
        """Free what was made ahead."""
        if self._next is not None:
            self._next.cancel()
        self._next = None

    def _keep_to_share(self) -> None:
        """Take other threads if the process's share of the cores has changed."""
        if (threads := _opening_threads()) != self._threads:
            self._openers.shutdown(wait=False)  # they finish what they have
            self._threads = threads
            self._openers = ThreadPoolExecutor(threads, "open-picture")

    def _read(self, pending: PendingCaption) -> OpenedPicture:
        with open_image(pending.request.picture) as image, self._alone_if_vast(image):
            decode(image, LONGEST_SIDE)
            written = _note(image) if pending.style.written else ""
            return OpenedPicture(None if written else to_upright_rgb(image), written)

    def _alone_if_vast(self, image: ImageFile.ImageFile) -> AbstractContextManager[object]:
        """Decode one vast picture at a time: it takes up to 1.6 GB."""
        return self._vast if is_vast(image) else nullcontext()

    def _prepared(self, following: Sequence[PendingCaption], size: int) -> PreparedBatch:
        ready = ((each, _image(each)) for each in following)
        opened = dict(islice(((each, image) for each, image in ready if image is not None), size))
        batch = next_batch(list(opened))
        return PreparedBatch(batch, self._inputs(batch, [opened[each] for each in batch]))

    def _inputs(self, batch: Sequence[PendingCaption], images: list[Image.Image]) -> Any:
        return self._family.inputs(images, batch[0].style.prompt or "") if batch else None


def _opening_threads() -> int:
    """Threads within the process's share; one of it is left to the thread that feeds the model."""
    return max(1, min(_MOST_THREADS, shared_threads() - 1))


def next_batch(ready: Sequence[PendingCaption]) -> list[PendingCaption]:
    """The open pictures with the same prompt and limit as the first one."""
    asked = [(each.style.prompt, each.style.max_tokens) for each in ready]
    return [each for each, wanted in zip(ready, asked, strict=True) if wanted == asked[0]]


def _image(pending: PendingCaption) -> Image.Image | None:
    """The picture, once it is open; None if it needs no caption, or gets none."""
    opening = pending.opening
    try:
        return None if opening is None else opening.result().image
    except (EngineError, MemoryError, CancelledError):
        return None  # the engine tells it


def _note(image: ImageFile.ImageFile) -> str:
    try:
        return read_metadata(image).description
    except DAMAGE:
        return ""  # the metadata is broken; the picture is not
