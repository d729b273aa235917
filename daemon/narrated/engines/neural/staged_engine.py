"""What engines have in common that speak by a line of stages; imports no torch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from narrated.engines.interface import Kind, Outcome
from narrated.engines.model_interface import Model

if TYPE_CHECKING:
    from narrated.engines.neural.stage_pipeline import StagePipeline


class VoiceCatalogue(Protocol):
    """An engine's voices as they stand on the disk now."""

    def listed(self) -> Mapping[str, str]:
        """By name, each with a digest of its content."""

    def digest(self, name: str) -> str:
        """One voice's, looked up alone; empty where it is not listed."""


VoicesT = TypeVar("VoicesT", bound=VoiceCatalogue)


class StagedSpeechEngine(Generic[VoicesT]):
    """All of an engine but how it takes a request in: a pipeline has the rows, and steps them."""

    kind: Kind = "speech"
    worn = False

    def __init__(
        self,
        model: Model,
        pipeline: "StagePipeline[Any, Any]",
        voices: VoicesT,
        identity: str,
        rows: int,
    ) -> None:
        self.models: Sequence[Model] = (model,)
        self.identity = identity
        self.rows = rows
        self.sample_rate = pipeline.sample_rate
        self._pipeline = pipeline
        self._voices = voices

    def voices(self) -> Mapping[str, str]:
        """Those that come with it, and the user's own as they are now."""
        return self._voices.listed()

    def voice_digest(self, name: str) -> str:
        """One voice's digest as it is now."""
        return self._voices.digest(name)

    def step(self) -> Sequence[Outcome]:
        """Bring rows of one stage a little further; see `Pipeline.step`."""
        return self._pipeline.step()

    def cancel(self, id: str) -> None:
        """Forget a row."""
        self._pipeline.cancel(id)

    def shrink(self) -> bool:
        """Halve how many are worked at once; False where it is one already."""
        return self._pipeline.shrink()

    def release(self) -> None:
        """Let go of keys and values; rows begin their stage again, and come out the same."""
        self._pipeline.release()


def identity(engine: str, *told: str) -> str:
    """An engine's, of its name with its revision and of all that its sound hangs on."""
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return f"{engine}-{digest[:16]}"
