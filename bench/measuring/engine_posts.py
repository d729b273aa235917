"""Narrates a post with an engine by the real daemon, in processes of its own."""

import json
import resource
from pathlib import Path

from measuring.engine_trials import EngineTrial
from measuring.measured_daemon import MeasuredDaemon

POST = """# A morning at the mill

The old mill stood at the edge of the river.

Nobody had opened its door for years, until the baker came back in the spring.
"""


def narrated_post(made: EngineTrial, home: Path) -> float:
    """Have `narrated once` narrate a post; processor seconds a second of its sound.

    All processes count, from their start: the daemon, its parsers, encoders and workers.
    """
    (home / "inbox").mkdir(parents=True)
    daemon = MeasuredDaemon(
        home,
        speech={"engine": made.name, **({"voice": made.voice} if made.voice else {})},
        engines={made.name: {"options": dict(made.options)}} if made.options else {},
        models={"folder": made.models, "voices": made.voices, "device": "cpu"},
        takes={"check": "off"},  # chance weights speak noise
    )
    (home / "inbox/mill.md").write_text(POST)
    began_s = _children_s()
    daemon.once()
    spent_s = _children_s() - began_s
    manifest = json.loads((home / "outbox/mill.json").read_text())
    return spent_s / float(manifest["duration_s"])


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
