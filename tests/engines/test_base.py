"""The earlier names of the engine interface, which users' own engines import."""

from pathlib import Path

from narrated.engines import base, interface
from narrated.engines.registry import EngineSpec, load
from support.engine_context import PlainContext

EARLIER = (
    *("Described", "Device", "Engine", "EngineInfo", "Failed", "Home", "Kind", "Model"),
    *("ModelNow", "ModelT", "Options", "Outcome", "Progressed", "Request", "Shelf", "Sight"),
    *("Spoken", "Utterance", "Warmth", "WithoutModels"),
)

ENGINE = """
from narrated.engines.base import (
    Described, EngineInfo, Failed, Home, ModelNow, Progressed, Shelf, Sight, Spoken, Utterance,
    Warmth, WithoutModels,
)

class Mine(WithoutModels):
    kind, identity, rows, sample_rate, worn = "speech", "mine-1", 1, 8000, False

    def __init__(self, shelf: Shelf):
        self.asked = None

    def voices(self):
        return {"me": "1"}

    def voice_digest(self, name):
        return self.voices().get(name, "")

    def admit(self, request):
        assert isinstance(request, Utterance)
        self.asked = request

    def step(self):
        return [Progressed(self.asked.id, 0.5), Spoken(self.asked.id, bytes(16), 8000)]

    def cancel(self, id):
        self.asked = None

def load(options, shelf):
    return Mine(shelf)
"""


def test_users_engine_by_earlier_names(tmp_path: Path) -> None:
    """An engine that imports the earlier names loads, and its outcomes are today's."""
    (tmp_path / "earlier_engine.py").write_text(ENGINE)
    engine = load(
        EngineSpec("mine", "speech", "earlier_engine", 400, path=str(tmp_path)), PlainContext()
    )
    engine.admit(interface.SpeechRequest("1", "Hello.", "me"))
    progress, result = engine.step()
    assert isinstance(progress, interface.ProgressReport)
    assert isinstance(result, interface.SpeechResult)


def test_every_earlier_name_stays() -> None:
    """Every public name that users' engines could import is there still."""
    assert base.Sight is interface.CaptionRequest
    assert base.Failed is interface.RequestFailure
    assert base.Warmth is interface.WeightsLocation
    assert all(hasattr(base, name) for name in EARLIER)
