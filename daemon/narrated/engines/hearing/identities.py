"""Keys and identities of hearing engines."""

import hashlib
import json
from pathlib import Path


def identity(kind: str, revision: int, model: str, *told: str) -> str:
    """Digest all that a text depends on, after the model's name, which people read.

    A folder of the user's own has no name that lasts: `kind` stands for it.
    """
    name = kind if Path(model).expanduser().is_absolute() else model.rpartition("/")[2]
    return f"{name}-{revision}-{digest(kind, *told)}"


def digest(*told: str) -> str:
    """Digest of texts."""
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
