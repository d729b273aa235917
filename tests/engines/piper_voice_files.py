"""Files of Piper voices, without weights that speak: enough to be listed and chosen."""

import json
from pathlib import Path
from typing import Any


def voice_files(folder: Path, name: str, **config: Any) -> Path:
    """Write a voice's two files; gives that of its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{name}.onnx"
    weights.write_bytes(f"weights of {name}".encode())
    (folder / f"{name}.onnx.json").write_text(json.dumps(config))
    return weights
