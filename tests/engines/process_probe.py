"""An engine that never loads; its problem describes its process."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from narrated.errors import EngineUnavailable

_PROCESS = Path("/proc/self")
_OPEN = _PROCESS / "fd"
_ASKED_FOR = ("msgspec", "yaml", "narrated")


def load(options: dict[str, Any], context: Any) -> Any:
    raise EngineUnavailable(
        json.dumps(
            {
                "prefix": sys.prefix,
                "packages": [name for name in _ASKED_FOR if importlib.util.find_spec(name)],
                "path": sys.path,
                "environment": dict(os.environ),
                "stdin": str((_OPEN / "0").readlink()),
                "open": [str(fd.readlink()) for fd in _OPEN.iterdir() if fd.is_symlink()],
                "oom_score_adj": int(_PROCESS.joinpath("oom_score_adj").read_text()),
            }
        )
    )
