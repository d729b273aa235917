"""Configuration of a daemon whose voice mumbles, and of an ear that hears what it really said."""

import json
from pathlib import Path
from typing import Any

ENGINES = str(Path(__file__).parents[1] / "engines")


def mumbling(home: Path, **options: Any) -> dict[str, Any]:
    """Settings for `Daemon` that speak with the engine of `tests/engines/mumbling.py`."""
    told = {"log": str(home / "mumbled.txt"), **options}
    module = {"module": "mumbling", "path": ENGINES, "options": _plain(told)}
    return {"speech": {"engine": "mumbling", "voice": "mumble"}, "engines": {"mumbling": module}}


def ear(home: Path, **options: Any) -> dict[str, Any]:
    """The entry of `engines:` of the ear; `takes: {hearing: <its name>}` makes it the daemon's."""
    told = {"log": str(home / "heard.txt"), **options}
    return {"module": "ear", "path": ENGINES, "kind": "hearing", "options": _plain(told)}


def mumbled(home: Path) -> list[dict[str, Any]]:
    """Each take that the engine made, in order: its text, take number and kind of trouble."""
    log = home / "mumbled.txt"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def heard(home: Path) -> list[str]:
    """Each text that the ear heard, in order."""
    log = home / "heard.txt"
    return log.read_text().splitlines() if log.exists() else []


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """Options as a configuration takes them: maps and lists as JSON."""
    return {
        name: json.dumps(each) if isinstance(each, dict | list | tuple) else each
        for name, each in options.items()
    }
