"""The earlier names of the engine interface, for engines that users wrote.

An engine of a user's own (`engines: {mine: {module: …}}`) may import these names, so they stay.
narrated itself imports `narrated.engines.interface`.
"""

from narrated.engines import engine_info, interface, model_resources
from narrated.engines.interface import ModelT as ModelT  # a type variable takes no alias

Kind = interface.Kind
Options = interface.Options
Utterance = interface.SpeechRequest
Sight = interface.CaptionRequest
Spoken = interface.SpeechResult
Described = interface.CaptionResult
Progressed = interface.ProgressReport
Failed = interface.RequestFailure
Request = interface.Request
Outcome = interface.Outcome
EngineInfo = engine_info.EngineInfo
Engine = interface.Engine
WithoutModels = interface.ModelFreeEngine
Warmth = interface.WeightsLocation
Device = interface.Device
Model = interface.Model
Shelf = interface.EngineContext
Home = model_resources.ModelResources
ModelNow = model_resources.ModelStatus
