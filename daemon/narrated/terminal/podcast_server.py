"""Starts the HTTP server of `narrated serve`, and says where it answers and to whom."""

import logging
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from narrated import logs
from narrated.config.values import Config
from narrated.errors import NarratedError
from narrated.podcast_token import LOST_LINKS, LOST_LINKS_REMEDY, has_lost_links, read_token
from narrated.printable import printable
from narrated.serving.listening import (
    address_of,
    bound_socket,
    is_open_to_others,
    passed_sockets,
)
from narrated.systemd_notify import ServiceNotifier
from narrated.terminal.podcast_token import refuse_strangers

log = logging.getLogger("narrated")


def serve_outbox(config: Config, host: str, port: int) -> None:
    """Serve the outbox of a configuration until a signal. Errors: NarratedError."""
    try:
        from narrated.serving.application import Application
        from narrated.serving.server import run_server
    except ImportError as error:
        raise _lacking(error) from error
    refuse_strangers(config.state)
    logs.configure(config.log.upper())
    sockets = passed_sockets() or [bound_socket(host, port)]
    application = Application(config, (host,))
    token = read_token(config.state)
    for warning in _warnings(config, sockets, token):
        log.warning("%s", warning)
    if token:
        log.info("only who knows the address hears it: `narrated podcast token` shows it")
    with ServiceNotifier() as notifier:
        run_server(application, sockets, notifier, _status(config.outbox, sockets, token))


def _status(outbox: Path, sockets: list[socket.socket], token: str) -> str:
    """Say what is served where; of a token no more than tells it from another."""
    hidden = f"{token[:4]}…/" if token else ""
    places = " and ".join(f"{address_of(each)}{hidden}" for each in sockets)
    return f"Serving {printable(str(outbox))} at {places}"


def _warnings(config: Config, sockets: list[socket.socket], token: str) -> Iterator[str]:
    """Say what keeps players from hearing it, or lets too many hear it."""
    base_url = config.podcast.base_url if config.podcast else ""
    if config.podcast is None:
        yield "there is no `podcast:` in the configuration, so that players find no new feed"
    if not config.outbox.is_dir():
        yield f"{printable(str(config.outbox))} is missing: until it is there, nothing is served"
    if has_lost_links(config.state, base_url):
        yield f"{LOST_LINKS}: {LOST_LINKS_REMEDY.rstrip('.')}"
    if not token and any(map(is_open_to_others, sockets)):
        yield (
            "everybody who reaches this machine can hear it: `narrated podcast token` makes an "
            "address that nobody guesses"
        )


def _lacking(error: ImportError) -> NarratedError:
    package = (error.name or "a package").partition(".")[0]
    python = shlex.quote(sys.executable)
    return NarratedError(
        f"`narrated serve` needs {package}, which is not installed.",
        f"Install it: {python} -m pip install 'narrated[serve]'",
    )
