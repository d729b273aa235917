"""`narrated pause` and `resume`: asks the daemon, waits until it is quiet, and says so."""

import time
from collections.abc import Iterator
from typing import Any

from narrated.errors import NarratedError
from narrated.terminal.daemon_client import DaemonClient

_LOOK_S = 0.2
_AT_START = "No daemon runs; it applies when one starts."


def pause_lines(
    client: DaemonClient, duration_s: float | None, *, unload: bool, waits: bool
) -> Iterator[str]:
    """Pause, and say how; then wait until the engines rest."""
    change = client.command("pause", duration_s=duration_s, unload=unload)
    yield f"narrated is {change['lasting']}"
    if not client.is_served:
        yield _AT_START
    elif not change["is_kept"]:
        yield "`narrated once` runs now, and goes on to its end; the daemon will keep to it."
    elif waits:
        yield from _until_quiet(client)


def resume_line(client: DaemonClient) -> str:
    """Resume, and say what follows."""
    change = client.command("resume")
    if change["lasting"]:
        return f"{_what_was(change)}; narrated is {change['lasting']}"
    if not client.is_served:
        return f"{_what_was(change)}. No daemon runs; start it to go on."
    return "narrated goes on" if change["was_paused"] else "narrated was not paused"


def _what_was(change: dict[str, Any]) -> str:
    return "the pause has ended" if change["was_paused"] else "narrated was not paused"


def _until_quiet(client: DaemonClient) -> Iterator[str]:
    """Wait for the requests in flight, and for the workers if they are to be unloaded."""
    told = False
    while (status := _status(client)) and status["state"] == "paused":
        busy = sum(worker["in_flight"] for worker in status["workers"])
        if not busy and status["unloaded"] >= status["unloads"]:
            yield "the models are unloaded" if status["unloaded"] else "no request is in flight"
            return
        if not told:
            told = True
            yield "waiting until the requests in flight are finished; Ctrl-C ends this wait alone"
        time.sleep(_LOOK_S)


def _status(client: DaemonClient) -> dict[str, Any]:
    try:
        return client.status()
    except NarratedError:  # the daemon was stopped meanwhile
        return {}
