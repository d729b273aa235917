"""A shelf that keeps every model, for engines that are tried without a worker around them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class PlainShelf:
    """Holds what it is given, without a budget; `held` lists the models by key."""

    models: Path = Path("/nonexistent")
    voices: Path = Path("/nonexistent")
    cache: Path = Path("/nonexistent")
    device: str = "cpu"
    held: dict[str, Any] = field(default_factory=dict)

    def hold(self, model: Any) -> Any:
        return self.held.setdefault(model.key, model)
