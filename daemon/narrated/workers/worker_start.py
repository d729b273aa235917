"""The two ways in which a worker starts: as a child process, or on another box."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from narrated.workers.box_connection import BoxConnection
from narrated.workers.child import HUGE_PAGES, ChildProcess
from narrated.workers.voice_files import VoiceFolder

_HOST = "narrated.workers.host"


class WorkerProcess(Protocol):
    """A running worker, wherever it is: frames to and from it, and its end."""

    name: str
    pid: int
    place: str
    """Name of its machine; empty for this one."""

    @property
    def last_lines(self) -> Sequence[str]:
        """Its last lines of output, safe to print."""

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Queue a frame. If it is gone, `receive` tells."""

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """Wait for the next frame; None if it is gone. Raises BadFrame."""

    @property
    def is_lost(self) -> bool:
        """True if the way to it broke: nobody knows how it is, and no request is to blame."""

    def hang_up(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it at once."""

    async def ended(self, patience_s: float = 0.0) -> str:
        """Hang up, and end it if it does not end in time; returns its end in words."""


@dataclass(frozen=True, slots=True)
class ChildStart:
    """Starts a worker as a child process."""

    python: str
    """Path of its interpreter; empty for the daemon's own."""

    longest_delay_s = 60.0

    async def start(self, name: str, *, holds_models: bool) -> WorkerProcess:
        """Start it. Errors: OSError."""
        pages = HUGE_PAGES if holds_models else {}
        return await ChildProcess.start(name, _HOST, python=self.python, defaults=pages)

    def refusal(self, error: OSError) -> str:
        """Say why it cannot be started."""
        return f"its interpreter {self.python or sys.executable} cannot be run ({error})."


@dataclass(frozen=True, slots=True)
class BoxStart:
    """Connects to a worker on another box, by a UNIX socket."""

    socket: str
    voices: str
    """The folder of the user's voices, which travel to it."""

    longest_delay_s = 8.0
    """Within 10 s it is looked for again: its box may be back at any time."""

    async def start(self, name: str, *, holds_models: bool) -> WorkerProcess:
        """Connect to it. Errors: OSError."""
        return await BoxConnection.connect(name, self.socket, _voice_folder(self.voices))

    def refusal(self, error: OSError) -> str:
        """Say why it cannot be used."""
        return f"the box cannot be used: {error}."


@cache
def _voice_folder(path: str) -> VoiceFolder:
    """The folder of voices, whose files all boxes and all connections read once."""
    return VoiceFolder(Path(path))
