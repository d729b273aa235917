"""The last run of a daemon: its time, and the device that its outbox was on."""

from pathlib import Path

from narrated.ledger.database import Repository, query_file

_DEVICE = "SELECT device FROM places WHERE name = 'outbox'"


class LastRun(Repository):
    """Facts that the next daemon compares with its own."""

    def record_time(self, at: float) -> None:
        """Record the time at which a daemon runs, in seconds since the epoch."""
        self._write("INSERT OR REPLACE INTO moments VALUES ('running', ?)", at)

    def time(self) -> float | None:
        found: float | None = self._value("SELECT at FROM moments WHERE name = 'running'")
        return found

    def record_reading(self, version: int) -> None:
        """Record the version of reading that failed posts were tried with."""
        self._write("INSERT OR REPLACE INTO moments VALUES ('reading', ?)", version)

    def reading(self) -> int:
        found = self._value("SELECT at FROM moments WHERE name = 'reading'")
        return int(found or 0)

    def record_outbox_device(self, device: int) -> None:
        """Record the device (st_dev) of the outbox."""
        self._write("INSERT OR REPLACE INTO places VALUES ('outbox', ?)", device)

    def outbox_device(self) -> int | None:
        found: int | None = self._value(_DEVICE)
        return found


def outbox_device_in(path: Path) -> int | None:
    """Read the outbox's device from a damaged ledger; None if it cannot be read."""
    rows = query_file(path, _DEVICE)
    return int(rows[0][0]) if rows else None
