"""Runs the HTTP server within bounds: clients, headers, slow readers, memory; and tells systemd."""

import asyncio
import logging
import resource
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from narrated.serving import application as answers
from narrated.serving.application import Application
from narrated.serving.listening import BACKLOG
from narrated.systemd_notify import ServiceNotifier

MOST_CLIENTS = 512
"""Connections at once; one more is told to come back, and beyond twice as many closed unread."""
_DESCRIPTORS = 4096
_OWN_DESCRIPTORS, _DESCRIPTORS_A_CLIENT = 64 + 4 * BACKLOG, 4
"""A client has a socket and its file twice; as many more may be told to come back. asyncio takes
some rounds of connections before it closes the first of them."""
_FEWEST_CLIENTS = 8
_MOST_HEADER_BYTES = 16 << 10
_HEADER_S = 20.0
"""A request's headers must be there so long after the connection, or after the last answer. The
rest of an answer has as long as each piece of it: `STALL_S`."""
_KEEP_ALIVE_S = 10
_LOOK_S = 5.0
_STOP_S = 5

log = logging.getLogger("narrated")


class BoundedConnection(H11Protocol):
    """A connection that ends if its client sends no request, or does not take the last answer.

    uvicorn has a time for neither: it waits for the rest of a header, and for the end of what it
    has written, as long as the client stays.
    """

    _idle_since: float | None = None
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if self.limit_concurrency and len(self.connections) > 2 * self.limit_concurrency:
            transport.abort()
            return
        self._idle_since = self.loop.time()
        self._look = self.loop.call_later(_LOOK_S, self._end_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if self._look is not None:
            self._look.cancel()

    def send_400_response(self, msg: str) -> None:
        """Refuse rubbish, and close; in the middle of an answer there is nothing left to say."""
        with suppress(h11.LocalProtocolError):
            super().send_400_response(msg)
        self.transport.close()

    def _end_if_idle(self) -> None:
        now = self.loop.time()
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and not self.transport.is_closing():
            self._idle_since = None  # the application has a deadline of its own
        elif self._idle_since is None:
            self._idle_since = now
        limit_s = answers.STALL_S if self.transport.get_write_buffer_size() else _HEADER_S
        if self._idle_since is not None and now - self._idle_since > limit_s:
            self.transport.abort()
        else:
            self._look = self.loop.call_later(_LOOK_S, self._end_if_idle)


class NotifyingServer(uvicorn.Server):
    """A server that tells systemd when it listens and when it stops."""

    def __init__(self, config: uvicorn.Config, notifier: ServiceNotifier, status: str) -> None:
        super().__init__(config)
        self._notifier = notifier
        self._status = status

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._notifier.ready(self._status)
        log.info("%s", self._status)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it stops; answers that are under way have some seconds to end."""
        self._notifier.stopping("Stopping")
        await super().shutdown(sockets)
        log.info("Stopped")


def run_server(
    application: Application, sockets: list[socket.socket], notifier: ServiceNotifier, status: str
) -> None:
    """Answer on these sockets until a signal; then exit with code 0."""
    # uvicorn raises the signal again that ended it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    make_server(application, notifier, status).run(sockets)


def make_server(
    application: Application, notifier: ServiceNotifier, status: str
) -> NotifyingServer:
    """Make a server within our bounds; `status` tells the journal and systemd what it serves."""
    # It logs at each request that is no HTTP: a stranger must not fill the journal.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)

    async def alive() -> None:
        notifier.alive()

    config = uvicorn.Config(
        application,
        http=BoundedConnection,
        ws="none",
        lifespan="off",
        loop="asyncio",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        limit_concurrency=_most_clients() + 1,  # it counts the one that asks
        h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_S,
        timeout_notify=max(1, int((notifier.watchdog_s or 60) / 3)),
        callback_notify=alive,
    )
    return NotifyingServer(config, notifier, status)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _most_clients() -> int:
    """Return for how many clients there are descriptors; allow as many as we may and need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    allowed = soft
    if soft < wanted:
        with suppress(OSError, ValueError):  # the filter of the unit, which allows enough by itself
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            allowed = wanted
    fit = (allowed - _OWN_DESCRIPTORS) // _DESCRIPTORS_A_CLIENT
    return min(MOST_CLIENTS, max(_FEWEST_CLIENTS, fit))
