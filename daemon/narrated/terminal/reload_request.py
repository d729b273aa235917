"""Asks the daemon to read its configuration again, also if nobody can read that configuration."""

import os
from collections.abc import Mapping
from pathlib import Path

from narrated.config.file import find_file, load
from narrated.daemon_commands import START
from narrated.errors import NarratedError
from narrated.service.control_server import socket_in_runtime_directory
from narrated.service.state_access import lock_refusal, refusal
from narrated.service.state_lock import LockHolder, holder
from narrated.service.state_record import find_daemon
from narrated.terminal.daemon_client import ask


def request_reload(given: Path | None, environ: Mapping[str, str] = os.environ) -> None:
    """Wait until the daemon has read its configuration again; `given` names the file.

    Errors: ConfigurationError if the daemon refuses it, NarratedError if none runs.
    """
    ask(_socket(find_file(given, environ).absolute(), environ), {"do": "reload"})


def _socket(source: Path, environ: Mapping[str, str]) -> Path:
    """Find the socket: in systemd's ExecReload without a look at the file, which may be broken."""
    if own := socket_in_runtime_directory(environ):
        return own
    daemon = _daemon(source, environ)
    if daemon is None or not daemon.socket:
        raise NarratedError(
            "No daemon runs on this configuration.",
            f"It reads its configuration when it starts: {START}.",
        )
    return Path(daemon.socket)


def _daemon(source: Path, environ: Mapping[str, str]) -> LockHolder | None:
    """Find the daemon that runs on the file, whatever the file says by now.

    The daemon refuses it as well then, so that its status tells it.
    """
    if found := find_daemon(source, environ):
        return found.holder
    state = load(source).state
    if refused := refusal(state) or lock_refusal(state):
        raise refused
    return holder(state)
