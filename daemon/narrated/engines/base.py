"""The earlier names of the engine interface, for engines that users wrote.

An engine of a user's own (`engines: {mine: {module: …}}`) may import these names, so they stay.
narrated itself imports `narrated.engines.interface` and `narrated.engines.model_interface`.
"""

from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    Engine,
    EngineInfo,
    Kind,
    ModelFreeEngine,
    Options,
    Outcome,
    ProgressReport,
    Request,
    RequestFailure,
    SpeechRequest,
    SpeechResult,
)
from narrated.engines.model_interface import (
    Device,
    EngineContext,
    Model,
    ModelResources,
    ModelStatus,
    ModelT,
    WeightsLocation,
)

__all__ = [
    "Described",
    "Device",
    "Engine",
    "EngineInfo",
    "Failed",
    "Home",
    "Kind",
    "Model",
    "ModelNow",
    "ModelT",
    "Options",
    "Outcome",
    "Progressed",
    "Request",
    "Shelf",
    "Sight",
    "Spoken",
    "Utterance",
    "Warmth",
    "WithoutModels",
]

Utterance = SpeechRequest
Sight = CaptionRequest
Spoken = SpeechResult
Described = CaptionResult
Progressed = ProgressReport
Failed = RequestFailure
WithoutModels = ModelFreeEngine
Warmth = WeightsLocation
Shelf = EngineContext
Home = ModelResources
ModelNow = ModelStatus
