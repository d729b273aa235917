"""The sockets that the server listens on: its own, or those that systemd hands over."""

import errno
import ipaddress
import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

from narrated.errors import NarratedError
from narrated.printable import printable

BACKLOG = 128
"""Connections that wait to be taken. The loop takes as many at once, before it looks at any."""

_FIRST_PASSED = 3
"""The number of the first descriptor that a service manager hands over: sd_listen_fds(3)."""


def passed_sockets(environment: MutableMapping[str, str] = os.environ) -> list[socket.socket]:
    """Return the sockets that systemd listens on for us; none without any. Errors: NarratedError.

    Its variables are removed, so that no child takes them for its own.
    """
    count, process = environment.pop("LISTEN_FDS", ""), environment.pop("LISTEN_PID", "")
    environment.pop("LISTEN_FDNAMES", None)
    if not count.isdecimal() or process != str(os.getpid()):
        return []
    passed = [socket.socket(fileno=_FIRST_PASSED + number) for number in range(int(count))]
    for each in passed:
        each.set_inheritable(False)
        if each.type != socket.SOCK_STREAM or not _listens(each):
            raise NarratedError(
                "The socket unit hands over a socket that takes no connections.",
                "Use ListenStream= in it, and leave out Accept=yes.",
            )
    return passed


def bound_socket(host: str, port: int) -> socket.socket:
    """Listen on an address of this machine. Errors: NarratedError, which says what to do."""
    shown = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except (socket.gaierror, UnicodeError) as error:
        raise NarratedError(
            f"{printable(host)} is no address of this machine.",
            "Name one: --host 127.0.0.1 for this machine alone, --host 0.0.0.0 for all networks.",
        ) from error
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            with suppress(OSError):  # `::` is all networks, those of IPv4 too
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _refusal(error, shown, port) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """Return the web address of a listening socket."""
    name = listening.getsockname()
    if not isinstance(name, tuple):
        return printable(str(name) or "a socket")
    host, port = str(name[0]), name[1]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_open_to_others(listening: socket.socket) -> bool:
    """True if other machines can reach a listening socket."""
    name = listening.getsockname()
    return isinstance(name, tuple) and not ipaddress.ip_address(name[0]).is_loopback


def _listens(given: socket.socket) -> bool:
    return bool(given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _refusal(error: OSError, shown: str, port: int) -> NarratedError:
    if error.errno == errno.EADDRINUSE:
        return NarratedError(
            f"Another program listens on {shown} already.",
            f"See which: ss -ltnp 'sport = :{port}'. Or choose another port: "
            f"narrated serve --port {port + 1 if port < 65535 else port - 1}",
        )
    if error.errno == errno.EACCES:
        return NarratedError(
            f"You may not listen on {shown}: ports below 1024 are root's.",
            "Choose another: narrated serve --port 8321",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return NarratedError(
            f"This machine does not have the address {shown}.",
            "See those that it has: ip address. Or name --host 0.0.0.0 for all of them.",
        )
    return NarratedError(f"Cannot listen on {shown}: {error.strerror}.", "Choose another address.")
