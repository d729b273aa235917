"""Base of the speech engines that use a pipeline of stages. Imports no torch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from narrated.engines.interface import Kind, Outcome
from narrated.engines.model_interface import Model

if TYPE_CHECKING:
    from narrated.engines.neural.stage_pipeline import StagePipeline


class VoiceCatalogue(Protocol):
    """An engine's voices that are on the disk now."""

    def listed(self) -> Mapping[str, str]:
        """Digest of each voice's content, by name."""

    def digest(self, name: str) -> str:
        """Digest of one voice, looked up alone; empty if it is not listed."""


VoicesT = TypeVar("VoicesT", bound=VoiceCatalogue)


class StagedSpeechEngine(Generic[VoicesT]):
    """An engine whose requests are in a pipeline; subclasses add `admit`."""

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
        """Digests of its presets and of the user's own voices, by name."""
        return self._voices.listed()

    def voice_digest(self, name: str) -> str:
        """Present digest of one voice."""
        return self._voices.digest(name)

    def step(self) -> Sequence[Outcome]:
        """Advance the requests of one stage; see `StagePipeline.step`."""
        return self._pipeline.step()

    def cancel(self, id: str) -> None:
        """Forget a request."""
        self._pipeline.cancel(id)

    def shrink(self) -> bool:
        """Halve the width of the pipeline; False if it is 1 already."""
        return self._pipeline.shrink()

    def release(self) -> None:
        """Free keys and values; requests restart their stage and sound the same."""
        self._pipeline.release()


def identity(engine: str, *parts: str) -> str:
    """Identity of an engine: name and revision, and a digest of all that shapes its sound."""
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{engine}-{digest[:16]}"
