"""Answers the requests that the command line sends over the control socket."""

from collections.abc import Callable
from typing import Any

from narrated.errors import NarratedError
from narrated.service.commands import UserCommands
from narrated.service.preview import Preview
from narrated.service.status_report import StatusReport


class ControlRequests:
    """Dispatches each request by its verb."""

    def __init__(
        self, report: Callable[[], StatusReport], preview: Preview, commands: UserCommands
    ) -> None:
        self._report = report
        self._preview = preview
        self._commands = commands

    async def answer(self, request: dict[str, Any], payload: bytes) -> tuple[Any, bytes]:
        """Return a JSON value and a payload. Errors: NarratedError, for the user to read."""
        match request.pop("do", None):
            case "status":
                return self._report(), b""
            case "say":
                return await self._preview.say(
                    str(request["text"]), request.get("voice"), request.get("engine")
                )
            case "roll":
                return self._preview.engines(), b""
            case "describe":
                return await self._preview.describe(payload), b""
            case "retry" | "refresh" | "respeak" | "cancel" | "history" as verb:
                return getattr(self._commands, verb)(**request), b""
        raise NarratedError(
            "The daemon does not know this request: it may be an older version.",
            "Restart it: `systemctl restart narrated`.",
        )
