"""Notifications to systemd: readiness, status, watchdog."""

import logging
import os
import time
from collections.abc import Mapping
from typing import Self

from sdnotify import SystemdNotifier

from narrated.printable import printable

log = logging.getLogger(__name__)

# systemd reads a notification into one page and drops a longer one, with READY=1 in it. The status
# is the only part without a bound, so it is cut well below a page.
_STATUS_BYTES = 2048
_SEND_S = 1.0


class ServiceNotifier:
    """Notifies the service manager that started us. Without one, it does nothing.

    A context manager that closes its socket; later calls do nothing. No method raises: a failed
    notification is no reason to stop narrating.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.watchdog_s = _watchdog_s(environment)
        """Longest time between calls of `alive`; None without a watchdog."""
        self._socket = _connected() if environment.get("NOTIFY_SOCKET") else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.socket.close()
            self._socket = None

    def ready(self, status: str) -> None:
        """Report that the service is up, or finished a reload."""
        self._send("READY=1", _status(status))

    def status(self, status: str) -> None:
        """Set the status line. It is escaped, so that a file name cannot forge an assignment."""
        self._send(_status(status))

    def reloading(self) -> None:
        """Report the start of a reload; `ready` ends it."""
        # One datagram: systemd 253 and later refuses RELOADING=1 without its time.
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """Report that the service is stopping."""
        self._send("STOPPING=1", _status(status))

    def extend(self, seconds: float) -> None:
        """Ask for more time, from now, to start, reload or stop."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def alive(self) -> None:
        """Reset the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, *assignments: str) -> None:
        if self._socket is None:
            return
        # sdnotify encodes as Latin-1. Decoded as Latin-1, the bytes of UTF-8 pass unchanged.
        message = "\n".join(assignments).encode().decode("latin-1")
        try:
            self._socket.notify(message)
        except OSError as error:
            # The manager restarts or is overloaded: the next message may pass.
            log.debug("Could not notify systemd: %s", error)


def _connected() -> SystemdNotifier | None:
    try:
        notifier = SystemdNotifier(debug=True)  # without it, it swallows every error
    except OSError as error:
        log.warning("Cannot connect to NOTIFY_SOCKET; systemd gets no status: %s", error)
        return None
    notifier.socket.settimeout(_SEND_S)  # a manager that does not read must not block our loop
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
