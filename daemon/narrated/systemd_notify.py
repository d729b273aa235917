"""What systemd is told: readiness, status, watchdog."""

import logging
import os
import time
from collections.abc import Mapping
from typing import Self

from sdnotify import SystemdNotifier

from narrated.printable import printable

log = logging.getLogger(__name__)

# systemd reads a notification into a buffer of one page and drops what is longer, READY=1
# included, so the one part without a bound of its own is cut well below that.
_STATUS_BYTES = 2048
_SEND_S = 1.0


class ServiceNotifier:
    """Speaks to the service manager that started us; outside of one it says nothing.

    A context manager that closes its socket. Nothing here raises: a manager that cannot be
    told is no reason to stop narrating.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.watchdog_s = _watchdog_s(environment)
        """Seconds within which `alive` must be called again; None where nobody watches."""
        self._socket = _connected() if environment.get("NOTIFY_SOCKET") else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the socket go; nothing is said from here on."""
        if self._socket is not None:
            self._socket.socket.close()
            self._socket = None

    def ready(self, status: str) -> None:
        """The service is up, or has finished a reload."""
        self._send("READY=1", _status(status))

    def status(self, status: str) -> None:
        """Say in one line what is being done; escaped, so that no file name can forge more."""
        self._send(_status(status))

    def reloading(self) -> None:
        """A reload begins; `ready` ends it."""
        # One datagram: systemd 253 and later refuses RELOADING=1 that comes without its time.
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """The service is on its way out."""
        self._send("STOPPING=1", _status(status))

    def extend(self, seconds: float) -> None:
        """Ask for this much more time, from now, to start, reload or stop."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, *assignments: str) -> None:
        if self._socket is None:
            return
        # sdnotify encodes as Latin-1; read as Latin-1, the bytes of UTF-8 go out unharmed.
        message = "\n".join(assignments).encode().decode("latin-1")
        try:
            self._socket.notify(message)
        except OSError as error:
            # The manager is being replaced or overloaded: the next message may well pass.
            log.debug("systemd could not be told: %s", error)


def _connected() -> SystemdNotifier | None:
    try:
        notifier = SystemdNotifier(debug=True)  # else it swallows every error unseen
    except OSError as error:
        log.warning("NOTIFY_SOCKET is set, but nobody answers there: %s", error)
        return None
    notifier.socket.settimeout(_SEND_S)  # a manager that does not read must not hold our loop
    return notifier


def _status(text: str) -> str:
    line = printable(text).encode()[:_STATUS_BYTES]
    return "STATUS=" + line.decode(errors="ignore")


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    microseconds = environment.get("WATCHDOG_USEC", "")
    watched = environment.get("WATCHDOG_PID") or str(os.getpid())
    if not microseconds.isdecimal() or watched != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000 or None
