"""Base of the speech engines that use a pipeline of stages. Imports no torch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from narrated.engines.interface import Kind, Model, Options

if TYPE_CHECKING:
    from narrated.engines.neural.stage_pipeline import StagePipeline


class VoiceCatalogue(Protocol):
    """An engine's voices that are on the disk now."""

    def listed(self) -> Mapping[str, str]:
        """Digest of each voice's content, by name."""

    def digest(self, name: str) -> str:
        """Digest of one voice, looked up alone; empty if it is not listed."""


class StagedSpeechEngine:
    """An engine whose requests are in a pipeline; subclasses add `admit`."""

    kind: Kind = "speech"
    worn = False
    varies = True
    front = ""
    steady_options: Options = MappingProxyType({})

    def __init__(
        self,
        model: Model,
        pipeline: "StagePipeline[Any, Any]",
        voices: VoiceCatalogue,
        identity: str,
        rows: int,
    ) -> None:
        self.models: Sequence[Model] = (model,)
        self.identity = identity
        self.rows = rows
        self.sample_rate = pipeline.sample_rate
        self.voices, self.voice_digest = voices.listed, voices.digest
        self.step, self.cancel = pipeline.step, pipeline.cancel
        self.shrink, self.release = pipeline.shrink, pipeline.release
        self._pipeline = pipeline

    @property
    def has_room(self) -> bool:
        """True if it would begin another request at once."""
        return self._pipeline.has_room


def identity(engine: str, *parts: str) -> str:
    """Identity of an engine: name and revision, and a digest of all that shapes its sound."""
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{engine}-{digest[:16]}"
