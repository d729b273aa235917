"""Answers the requests that the command line sends over the control socket."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from narrated.daemon_commands import RESTART
from narrated.errors import NarratedError
from narrated.inbox.ignore_verdict import IgnoreVerdict, ignore_verdict
from narrated.service.app import App
from narrated.service.commands import USER_COMMANDS, UserCommands
from narrated.service.status_lists import StatusLists
from narrated.service.status_report import StatusReport
from narrated.workers.pool import EngineProbe

WITH_PAYLOAD = ("describe",)
"""The verbs that take a payload."""


@dataclasses.dataclass(eq=False)
class ControlRequests:
    """Dispatches each request by its verb."""

    _app: App
    _report: Callable[[], StatusReport]
    _lists: StatusLists
    _commands: UserCommands
    _reload: Callable[[], Awaitable[None]]

    async def answer(self, request: dict[str, Any], payload: bytes) -> tuple[Any, bytes]:
        """Return a JSON value and a payload. Errors: NarratedError, for the user to read."""
        match request.pop("do", None):
            case "status":
                return self._report(), b""
            case "list":
                page = self._lists.page_apart(str(request["name"]), request.get("after"))
                return await page, b""
            case "roll":
                return self._engines(), b""
            case "reload":
                await self._reload()
                return {}, b""
            case "describe":
                self.refuse_in_break()
                return await self._app.planner.captions.describe(
                    payload, 0, self._app.defaults
                ), b""
            case "ignored":
                return await self._ignored(str(request["path"])), b""
            case "pause":
                return self._app.breaks.pause(**_pause_request(request)), b""
            case "rates":
                return self._app.ledger.rates.all(), b""
            case "resume":
                return self._app.breaks.resume(), b""
            case verb if verb in USER_COMMANDS:
                return await self._commands.perform(verb, request), b""
        raise NarratedError(
            "The daemon does not know this request: it may be an older version.",
            f"Restart it: {RESTART}.",
        )

    async def _ignored(self, path: str) -> IgnoreVerdict:
        config, disk = self._app.config, self._app.inbox.disk
        name = str(config.source or "the configuration")
        return await disk.run(ignore_verdict, config.inbox, path, config.ignore, name)

    def _engines(self) -> EngineProbe:
        pool = self._app.pool
        engines = {name: info for each in pool.workers for name, info in each.engines.items()}
        if self._app.breaks.is_unloaded:
            engines = pool.last_announced()
        return EngineProbe(engines, pool.states(), self._app.breaks.lasting)

    def refuse_in_break(self) -> None:
        """Raise the error of whoever asks an engine in a break."""
        if (lasting := self._app.breaks.current) is not None:
            raise lasting.refusal


def _pause_request(request: dict[str, Any]) -> dict[str, Any]:
    duration_s = request.get("duration_s")
    return {
        "duration_s": None if duration_s is None else float(duration_s),
        "unload": bool(request.get("unload")),
    }
