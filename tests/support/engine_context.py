"""An engine's context without a worker: it keeps every model."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class PlainContext:
    """Keeps each model that it is given, without a budget; `held` lists them by key."""

    models: Path = Path("/nonexistent")
    voices: Path = Path("/nonexistent")
    cache: Path = Path("/dev/null/nowhere")  # where not even root can make a folder
    device: str = "cpu"
    held: dict[str, Any] = field(default_factory=dict)

    def hold(self, model: Any) -> Any:
        return self.held.setdefault(model.key, model)
